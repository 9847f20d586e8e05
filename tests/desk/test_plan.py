"""What an apply would change, said before it does."""

from msgspec.structs import replace

from tickets.application.desk import Desk, check, diff, render


def test_a_desk_differs_in_nothing_from_itself(sample: Desk, sample_text: str) -> None:
    assert diff(sample, check(sample_text).desk) == []
    assert render([]) == "Nothing to change."


def test_changes_come_by_kind_and_key_whatever_the_order_of_the_file() -> None:
    before = check("teams: {c: {}, b: {}}\nregions: {vn: {}}").desk
    after = check("regions: {vn: {name: Việt Nam}}\nteams: {b: {name: B}, a: {}}").desk
    changes = diff(before, after)
    assert [(change.action, change.kind, change.key, change.paths) for change in changes] == [
        ("update", "regions", "vn", ("/name",)),
        ("create", "teams", "a", ()),
        ("update", "teams", "b", ("/name",)),
        ("retire", "teams", "c", ()),
    ]


def test_changed_fields_are_named_by_pointer_down_to_the_item(sample: Desk, sample_text: str) -> None:
    edited = sample_text.replace("budget: PT20S", "budget: PT30S").replace(
        "skills: {delivery: 4}", "skills: {delivery: 2, heavy/long: 1}"
    )
    changes = diff(sample, check(edited).desk)
    assert [(change.key, change.paths) for change in changes] == [
        ("delivery-hcm-1", ("/skills/delivery", "/skills/heavy~1long")),
        ("drill", ("/targets/0/budget",)),
    ]
    assert render(changes) == (
        "~ agents/delivery-hcm-1\n"
        "    /skills/delivery: 4 → 2\n"
        "    /skills/heavy~1long: none → 1\n"
        "~ sla_policies/drill\n"
        "    /targets/0/budget: PT20S → PT30S\n"
        "0 to create, 2 to update, 0 to retire."
    )


def test_new_holidays_of_the_library_show_as_a_change_of_the_calendar(sample: Desk, sample_text: str) -> None:
    office = sample.calendars["office"]
    older = replace(office, public_holidays=office.public_holidays[:-1])
    before = replace(sample, calendars=sample.calendars | {"office": older})
    (change,) = diff(before, check(sample_text).desk)
    assert (change.key, change.paths) == ("office", ("/public_holidays",))
    assert render([change]).splitlines()[1] == "    /public_holidays: 383 entries → 384 entries"


def test_applying_what_a_plan_says_leaves_nothing_to_change(sample: Desk) -> None:
    wanted = check(
        "teams: {solo: {}}\nagents: {}\nrouting_rules: {}\n"
        "on_call_schedules: {}\nescalation_policies: {}\nescalation_rules: {}\nsla_policies: {}",
        sample,
    ).desk
    applied = sample
    for change in diff(sample, wanted):
        objects = dict(getattr(applied, change.kind))
        objects.pop(change.key, None)
        if change.after is not None:
            objects[change.key] = change.after
        applied = replace(applied, **{change.kind: objects})
    assert diff(applied, wanted) == []
