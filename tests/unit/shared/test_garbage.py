"""What is kept of garbage in circles stays bounded, though it is looked for less often."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import gc, weakref
from shared import garbage

class Circle:
    def __init__(self):
        self.itself = self

garbage.settle()
assert gc.get_freeze_count() > 1_000
alive = weakref.WeakSet()
most = 0
for _ in range(200_000):
    alive.add(Circle())
    most = max(most, len(alive))
print(most)
"""


def test_circles_are_freed_while_a_process_works() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20_000
