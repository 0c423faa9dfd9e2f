"""One seed of faults under load. Longer: `lapak chaos --seed N --minutes M`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.local.running import Running
from tests.chaos.rig import run


@pytest.mark.timeout(240)
def test_faults_under_load_lose_nothing_and_double_nothing(start_system: Callable[..., Running]) -> None:
    report = run(start_system(web_workers=2), seed=1, seconds=45)
    assert report.account is not None
    assert report.account.attempted > 100, "hardly any load: this would show nothing"
    assert len(report.done) > 10, "hardly any fault: this would show nothing"
    assert report.account.clean, report.as_dict()
