"""The event plane: the log is the truth, Celery is the fast path.

Outward: `publish` → outbox → relay → event_log → queue (one per consumer).
Inward: queue or feed → `apply` (exactly once by `cursor`) → handlers; what fails goes to dead letters, what waits is
parked.
The reconciler compares heads every second and pulls what the queue lost. See docs/architecture.md.
"""

from shared.messaging.consumer import CauseMissing, Consumer, Handlers
from shared.messaging.outbox import publish

__all__ = ["CauseMissing", "Consumer", "Handlers", "publish"]
