"""The commands of docs/operations.md, for the tests that run them."""

from __future__ import annotations

import re

from shared.local.home import ROOT

PAGE = ROOT / "docs" / "operations.md"


def sections() -> dict[str, str]:
    """The page's text by heading, of whatever depth, without what stands below deeper headings."""
    parts = re.split(r"^#+ (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def blocks(heading: str) -> list[str]:
    """The lines of a section's shell blocks, without comments, in their order."""
    found = re.findall(r"^```sh\n(.*?)^```$", sections()[heading], re.MULTILINE | re.DOTALL)
    lines = [re.sub(r"\s+#.*$", "", line).strip() for block in found for line in block.splitlines()]
    return [line for line in lines if line]
