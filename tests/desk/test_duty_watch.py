"""What an on-call schedule owes people: decided purely, whenever and however often it is looked at."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from routing import Layer, Override
from tickets.application.desk.duty_watch import Gap, HandOff, Seen, watch
from tickets.application.desk.model import GapWarning, OnCallSchedule

MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""08:00 in Hà Nội, a hand-off."""
DAY = Layer(
    name="day", starts_on=datetime.fromisoformat("2026-01-05T08:00"), rotation="daily", agents=("an", "binh")
)
OFFICE = Layer(
    name="office",
    starts_on=datetime.fromisoformat("2026-01-05T08:00"),
    rotation="daily",
    agents=("chi",),
    hours={"mon": [("08:00", "17:00")], "wed": [("08:00", "17:00")]},
)
WARNED = GapWarning(before="PT6H", notify=("email:boss@shop.example.vn",))


def schedule(
    *layers: Layer, gap: GapWarning | None = WARNED, overrides: tuple[Override, ...] = ()
) -> OnCallSchedule:
    return OnCallSchedule(
        key="duty",
        timezone="Asia/Ho_Chi_Minh",
        layers=layers,
        overrides=overrides,
        hand_off_notice=True,
        gap_warning=gap,
    )


def told(duty: OnCallSchedule, looks: list[datetime], seen: Seen | None = None) -> list[HandOff | Gap]:
    """Everything that is told when it is looked at at these instants."""
    seen = seen or Seen(told_until=looks[0])
    found: list[HandOff | Gap] = []
    for now in looks:
        watched = watch(duty, seen, now)
        found += watched.owed
        seen = watched.seen
    return found


def until(duty: OnCallSchedule, start: datetime, end: datetime) -> list[tuple[datetime, HandOff | Gap]]:
    """What is told, and when, by somebody who looks only when asked to look again."""
    seen, now = Seen(told_until=start), start
    found: list[tuple[datetime, HandOff | Gap]] = []
    while now <= end:
        watched = watch(duty, seen, now)
        found += [(now, owed) for owed in watched.owed]
        assert watched.look_again_at > now
        seen, now = watched.seen, watched.look_again_at
    return found


def test_each_hand_off_is_told_at_its_instant_to_whoever_begins() -> None:
    found = until(schedule(DAY), MONDAY + timedelta(hours=1), MONDAY + timedelta(days=3))
    assert [(at, owed.agent, owed.before) for at, owed in found if isinstance(owed, HandOff)] == [
        (MONDAY + timedelta(days=1), "binh", "an"),
        (MONDAY + timedelta(days=2), "an", "binh"),
        (MONDAY + timedelta(days=3), "binh", "an"),
    ]


def test_a_hand_off_to_the_same_agent_is_no_news() -> None:
    alone = Layer(name="one", starts_on=DAY.starts_on, rotation="daily", agents=("an",))
    assert until(schedule(alone), MONDAY, MONDAY + timedelta(days=3)) == []


def test_after_an_outage_only_the_shift_that_runs_is_told() -> None:
    found = told(schedule(DAY), [MONDAY, MONDAY + timedelta(days=5, hours=2)])
    assert [owed.since for owed in found] == [MONDAY + timedelta(days=5)]


def test_a_gap_is_told_in_time_and_once() -> None:
    found = until(schedule(OFFICE), MONDAY, MONDAY + timedelta(days=4))
    gaps = [(at, owed.since, owed.until) for at, owed in found if isinstance(owed, Gap)]
    monday, wednesday = MONDAY + timedelta(hours=9), MONDAY + timedelta(days=2, hours=9)
    assert gaps == [
        (monday - timedelta(hours=6), monday, MONDAY + timedelta(days=2)),
        (wednesday - timedelta(hours=6), wednesday, MONDAY + timedelta(days=7)),
    ]


def test_a_gap_that_an_edit_makes_is_told_at_once_also_when_it_has_begun() -> None:
    now = MONDAY + timedelta(hours=20)
    (gap,) = told(schedule(OFFICE), [now], Seen(told_until=MONDAY))
    assert (gap.since, gap.until) == (MONDAY + timedelta(hours=9), MONDAY + timedelta(days=2))


def test_a_schedule_where_nobody_ever_answers_says_so_once() -> None:
    found = until(schedule(), MONDAY, MONDAY + timedelta(days=9))
    assert [(owed.since.year, owed.until) for _, owed in found] == [(1970, None)]


def test_a_gap_closed_by_an_override_is_not_told() -> None:
    cover = Override(starts_at=MONDAY, ends_at=MONDAY + timedelta(days=9), agent="dung")
    found = until(schedule(OFFICE, overrides=(cover,)), MONDAY + timedelta(1), MONDAY + timedelta(days=4))
    assert found == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 7 * 24 * 60), max_size=60))
def test_looking_more_often_tells_nothing_twice_and_nothing_more(minutes: list[int]) -> None:
    duty, start, end = schedule(DAY, OFFICE), MONDAY, MONDAY + timedelta(days=7)
    asked = until(duty, start, end)
    looks = sorted({start + timedelta(minutes=n) for n in minutes} | {at for at, _ in asked} | {start, end})
    assert told(duty, looks) == [owed for _, owed in asked]
