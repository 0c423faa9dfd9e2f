"""How often a process looks for garbage in circles: what counts alone is freed at once, without looking."""

from __future__ import annotations

import gc

#: A batch of a hundred sales makes some thousands of dictionaries and lists, none of them in a circle; by default
#: Python 3.11 looks through all that is young after each 700 more. Figures: docs/performance.md.
_YOUNG, _TURNS = 10_000, 20


def settle() -> None:
    """Call it once all is imported and made: that stays, and need not be looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _TURNS, _TURNS)
