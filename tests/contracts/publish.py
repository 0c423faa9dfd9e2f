"""`python -m tests.contracts.publish`: write the schemas of events that are new or have grown; refuse what breaks."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from shared.events import json_schema
from shared.events.subscribers import BY_TYPE
from tests.contracts.compatibility import breaks

SCHEMAS = Path(__file__).parent / "schemas"


def published(name: str) -> dict[str, Any] | None:
    """The committed schema of an event type, or None when it was never published."""
    path = SCHEMAS / f"{name}.json"
    if not path.exists():
        return None
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def main() -> int:
    """0 when all is written; 1, with the reasons, when a contract was broken: that one keeps its published schema."""
    broken = []
    for name, event in sorted(BY_TYPE.items()):
        before, now = published(name), json_schema(event)
        if before is not None and (reasons := breaks(before, now)):
            broken += [f"{name}: {reason}" for reason in reasons]
        else:
            (SCHEMAS / f"{name}.json").write_text(json.dumps(now, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print("\n".join(broken) or "published")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
