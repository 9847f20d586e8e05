"""The bank's fortnight: every call to an agent who has the service, measured against the real queue."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from tests.routing import calls

pytestmark = pytest.mark.skipif(not calls.DATA.is_dir(), reason="no test data: set TICKETS_TEST_DATA")


@pytest.fixture(scope="module")
def real() -> list[calls.Call]:
    return calls.calls()


@pytest.fixture(scope="module")
def ours(real: list[calls.Call]) -> list[calls.Answer]:
    return calls.replay(real, calls.skill_matrix())


def test_every_call_goes_to_an_agent_who_has_the_service(ours: list[calls.Answer]) -> None:
    skills = calls.skill_matrix()
    answered = [answer for answer in ours if answer.agent]
    assert len(answered) > 15_000
    assert all(answer.call.service in skills[str(answer.agent)] for answer in answered)


def test_no_call_is_lost_and_no_agent_speaks_to_two_at_once(
    real: list[calls.Call], ours: list[calls.Answer]
) -> None:
    assert sorted(answer.call.id for answer in ours) == sorted(call.id for call in real)
    until: dict[str, datetime] = {}
    for answer in ours:
        if answer.agent:
            began = answer.call.at + answer.waited
            assert until.get(answer.agent, began) <= began
            until[answer.agent] = began + answer.call.lasts


def test_callers_wait_no_longer_than_they_really_did(
    real: list[calls.Call], ours: list[calls.Answer]
) -> None:
    """And fewer hang up. Printed with `-s`; docs/performance.md has the table and what it supposes."""
    before = [call.waited for call in real if not call.hung_up]
    after = [answer.waited for answer in ours if answer.agent]
    for name, waits, all_calls in (("really", before, len(real)), ("routed", after, len(ours))):
        print(f"{name}: answered {len(waits)} of {all_calls}; waited", *_figures(waits))  # noqa: T201
    assert len(after) > len(before)
    assert all(now <= then for now, then in zip(_figures(after)[:3], _figures(before)[:3], strict=True))


def _figures(waits: Sequence[timedelta]) -> tuple[float, float, float, float]:
    """Mean, 90th and 99th percentile and longest, in seconds."""
    seconds = sorted(wait.total_seconds() for wait in waits)
    count = len(seconds)
    mean = round(sum(seconds) / count, 1)
    return mean, seconds[count * 90 // 100], seconds[count * 99 // 100], seconds[-1]
