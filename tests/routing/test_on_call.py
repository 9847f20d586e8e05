"""On-call schedules, told case by case. The zone is Berlin's; local nine is eight UTC in winter."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from routing import InvalidError, Layer, OnCall, Override, Schedule, check_schedule, shifts, who


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+00:00")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


WEEK = Layer(name="week", starts_on=local("2026-01-05T09:00"), rotation="weekly", agents=("an", "binh"))
OFFICE = Layer(
    name="office",
    starts_on=local("2026-01-05T00:00"),
    rotation="daily",
    agents=("chi", "dung"),
    hours={"mon": [("09:00", "17:00")], "tue": [("09:00", "17:00")]},
)
LEAVE = Override(
    starts_at=at("2026-01-06T10:00"), ends_at=at("2026-01-14T10:00"), agent="giang", reason="leave"
)


def schedule(*layers: Layer, overrides: tuple[Override, ...] = ()) -> Schedule:
    return Schedule(key="support", timezone="Europe/Berlin", layers=layers, overrides=overrides)


def test_a_shift_begins_at_its_hand_off_and_ends_just_before_the_next() -> None:
    hand_off = at("2026-01-12T08:00")
    assert who(schedule(WEEK), hand_off - timedelta(microseconds=1)).agent == "an"
    shift = who(schedule(WEEK), hand_off)
    assert (shift.agent, shift.since, shift.until) == ("binh", hand_off, at("2026-01-19T08:00"))


def test_an_answer_says_why() -> None:
    shift = who(schedule(WEEK), at("2026-01-12T08:00"))
    assert shift.reason == "binh answers by layer 'week' (turn 2, weekly)."
    assert who(schedule(WEEK, overrides=(LEAVE,)), at("2026-01-07T00:00")).reason == (
        "giang answers by override: leave."
    )


def test_a_later_layer_answers_in_its_hours_and_the_one_below_in_between() -> None:
    found = shifts(schedule(WEEK, OFFICE), at("2026-01-05T08:00"), at("2026-01-07T00:00"))
    assert [(shift.agent, shift.since) for shift in found] == [
        ("chi", at("2026-01-05T08:00")),
        ("an", at("2026-01-05T16:00")),
        ("dung", at("2026-01-06T08:00")),
        ("an", at("2026-01-06T16:00")),
    ]
    assert found[-1].until == at("2026-01-12T08:00")


def test_a_gap_is_named_with_its_bounds() -> None:
    gap = who(schedule(OFFICE), at("2026-01-08T00:00"))
    assert (gap.agent, gap.since, gap.until) == (None, at("2026-01-06T16:00"), at("2026-01-12T08:00"))
    before = who(schedule(WEEK), at("2026-01-01T00:00"))
    assert (before.agent, before.since, before.until) == (None, None, at("2026-01-05T08:00"))
    assert who(schedule(), at("2026-01-01T00:00")) == OnCall(
        agent=None,
        layer=None,
        override=None,
        reason="Nobody is on call: no layer of 'support' answers and no override does.",
        since=None,
        until=None,
    )


def test_an_override_runs_through_the_hand_offs_beneath_it() -> None:
    shift = who(schedule(WEEK, OFFICE, overrides=(LEAVE,)), at("2026-01-12T12:00"))
    assert (shift.agent, shift.since, shift.until) == ("giang", LEAVE.starts_at, LEAVE.ends_at)
    assert shift.override == LEAVE


def test_chained_overrides_see_each_other_in_the_order_listed() -> None:
    swap = Override(
        starts_at=at("2026-01-05T08:00"), ends_at=at("2026-01-12T08:00"), agent="binh", replaces="an"
    )
    again = msgspec.structs.replace(swap, agent="chi", replaces="binh")
    monday = at("2026-01-06T00:00")
    assert who(schedule(WEEK, overrides=(swap, again)), monday).agent == "chi"
    assert who(schedule(WEEK, overrides=(again, swap)), monday).agent == "binh"


def test_a_swap_that_meets_nobody_changes_nothing() -> None:
    swap = msgspec.structs.replace(LEAVE, replaces="dung")
    times = at("2026-01-05T08:00"), at("2026-02-01T00:00")
    assert shifts(schedule(WEEK, overrides=(swap,)), *times) == shifts(schedule(WEEK), *times)


def test_a_month_without_the_day_hands_off_on_its_last() -> None:
    layer = Layer(name="m", starts_on=local("2026-01-31T09:00"), rotation="monthly", agents=("an", "binh"))
    found = shifts(schedule(layer), at("2026-01-31T08:00"), at("2026-04-01T00:00"))
    assert [shift.since for shift in found] == [
        at("2026-01-31T08:00"),
        at("2026-02-28T08:00"),
        at("2026-03-31T07:00"),
    ]


@pytest.mark.parametrize(
    ("hand_off", "expected"),
    [("2026-03-29T02:30", "2026-03-29T01:00"), ("2026-10-25T02:30", "2026-10-25T00:30")],
    ids=["lost in the gap: when the clock jumps", "read twice: the first time"],
)
def test_a_hand_off_in_a_clock_change_happens_once(hand_off: str, expected: str) -> None:
    layer = Layer(
        name="d", starts_on=local(hand_off) - timedelta(days=3), rotation="daily", agents=("an", "binh")
    )
    day = at(expected) - timedelta(hours=6)
    found = shifts(schedule(layer), day, day + timedelta(hours=12))
    assert [shift.since for shift in found[1:]] == [at(expected)]


def test_a_turn_swallowed_by_the_clock_is_skipped_and_one_read_twice_lasts_two_hours() -> None:
    layer = Layer(name="h", starts_on=local("2026-01-01T00:00"), rotation="hourly", agents=("an", "binh"))
    spring = shifts(schedule(layer), at("2026-03-29T00:00"), at("2026-03-29T02:00"))
    assert [shift.agent for shift in spring] == ["binh", "binh"]
    autumn = shifts(schedule(layer), at("2026-10-25T00:00"), at("2026-10-25T02:00"))
    assert [(shift.since, shift.until) for shift in autumn] == [
        (at("2026-10-25T00:00"), at("2026-10-25T02:00"))
    ]


def test_hours_that_are_read_twice_are_open_twice() -> None:
    layer = msgspec.structs.replace(OFFICE, hours={"sun": [("02:00", "02:30")]})
    found = shifts(schedule(layer), at("2026-10-25T00:00"), at("2026-10-25T02:00"))
    assert [shift.agent is not None for shift in found] == [True, False, True, False]


def test_night_hours_run_past_midnight_in_one_shift() -> None:
    layer = msgspec.structs.replace(WEEK, hours={"fri": [("22:00", "06:00")]})
    shift = who(schedule(layer), at("2026-01-10T00:00"))
    assert (shift.since, shift.until) == (at("2026-01-09T21:00"), at("2026-01-10T05:00"))


def test_an_instant_without_offset_or_out_of_this_world_is_refused() -> None:
    for odd in (
        local("2026-01-01T00:00"),
        datetime.max.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
    ):
        with pytest.raises(ValueError, match=r"offset|outside"):
            who(schedule(WEEK), odd)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(InvalidError, match="no time zone"):
        who(Schedule(key="x", timezone="Mars/Olympus"), at("2026-01-01T00:00"))


def test_every_fault_of_a_schedule_is_found_at_once_with_its_place() -> None:
    broken = Schedule(
        key="x",
        timezone="../etc/passwd",
        layers=(
            Layer(name="a", starts_on=at("2026-01-01T00:00"), rotation="daily", agents=()),
            Layer(
                name="a",
                starts_on=local("1800-01-01T00:00"),
                rotation="daily",
                agents=("an",),
                hours={"mon": [("9", "10:00"), ("00:30", "02:00")], "sun": [("22:00", "01:00")]},
            ),
            Layer(name="c", starts_on=local("2026-01-01T00:00"), rotation="daily", agents=("an",), hours={}),
        ),
        overrides=(
            Override(starts_at=at("2026-01-02T00:00"), ends_at=at("2026-01-02T00:00"), agent="an"),
            Override(starts_at=local("2026-01-02T00:00"), ends_at=at("2026-01-02T00:00"), agent="an"),
            Override(starts_at=at("0001-01-02T00:00"), ends_at=at("2026-01-02T00:00"), agent="an"),
            Override(starts_at=at("2026-01-02T00:00"), ends_at=at("9999-12-01T00:00"), agent="an"),
            Override(starts_at=at("2026-01-02T00:00"), ends_at=at("2027-01-04T00:00"), agent="an"),
        ),
    )
    assert [fault.pointer for fault in check_schedule(broken)] == [
        "/timezone",
        "/layers/0/agents",
        "/layers/0/starts_on",
        "/layers/1/name",
        "/layers/1/starts_on",
        "/layers/1/hours/mon/0",
        "/layers/1/hours/sun/0",
        "/layers/2/hours",
        "/overrides/0/ends_at",
        "/overrides/1/starts_at",
        "/overrides/2/starts_at",
        "/overrides/2/ends_at",
        "/overrides/3/ends_at",
        "/overrides/3/ends_at",
        "/overrides/4/ends_at",
    ]
    assert check_schedule(schedule(WEEK, OFFICE, overrides=(LEAVE,))) == ()


def test_a_schedule_reads_from_json() -> None:
    text = b"""{
        "key": "support", "timezone": "Europe/Berlin", "layers": [{
        "name": "week", "rotation": "weekly", "starts_on": "2026-01-05T09:00:00", "agents": ["an", "binh"],
        "hours": {"mon": [["09:00", "17:00"]]}}]}"""
    read = msgspec.json.decode(text, type=Schedule)
    assert who(read, at("2026-01-12T08:00")).agent == "binh"
