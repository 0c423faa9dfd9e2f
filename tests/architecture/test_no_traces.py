"""Nothing committed names a registry, a machine's path or a secret."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = {
    "a registry or mirror": re.compile(
        r"(?i)\b(pypi\.org|pythonhosted|registry\.npmjs|deb\.debian\.org|ghcr\.io)\b|index-url +https?:"
    ),
    "a path of some machine": re.compile(r"/(?:home|root|work|Users)/[a-z]"),
    "a private key": re.compile(r"BEGIN (?:[A-Z]+ )?PRIVATE KEY"),
}


def test_no_registry_no_machine_path_no_secret_is_committed() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout.decode()
    names = [name for name in listed.split("\0") if name and name != str(Path(__file__).relative_to(ROOT))]
    assert len(names) > 50, "run the tests in a git checkout"
    found = [
        f"{name}: {what}"
        for name in names
        if (ROOT / name).is_file()
        for what, pattern in FORBIDDEN.items()
        if pattern.search((ROOT / name).read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []
