"""What a value of the desk may be, beyond its type and its references: one function a rule."""

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec.structs import replace

import routing
from tickets.application.desk.addresses import check_agents, check_hotlines, check_mailboxes, check_webhooks
from tickets.application.desk.alertmanagers import check_alertmanagers
from tickets.application.desk.fault import Faults
from tickets.application.desk.kinds import every_object
from tickets.application.desk.model import Desk
from tickets.application.desk.on_call import check_escalations, check_schedules
from tickets.application.desk.references import ESCALATION_FACTS, FACTS
from tickets.application.desk.targets import check_pagers
from tickets.intake.unreadable import pointer

_PREFIX = re.compile(r"\+[1-9][0-9]{0,14}")
_NOTICEABLE = timedelta(seconds=5)
_SOONEST_EXPIRY = timedelta(minutes=5)
_KEY = re.compile(r"[a-z0-9](?:[a-z0-9_.-]{0,62})")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def check_values(desk: Desk, faults: Faults) -> None:
    """Note every value that cannot be."""
    for rule in _RULES:
        rule(desk, faults)


def check_key(key: str, at: str, faults: Faults) -> None:
    """Note a key that cannot stand in URLs, metric labels and addresses."""
    if not _KEY.fullmatch(key):
        faults.add(at, f"{key!r} is no key: 1 to 63 of a-z, 0-9, '_', '.', '-', a letter or digit first")


def _settings(desk: Desk, faults: Faults) -> None:
    try:
        ZoneInfo(desk.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        faults.add("/settings/timezone", f"there is no time zone {desk.timezone!r}")
    try:
        routing.duration(desk.wind_down)
    except ValueError:
        faults.add("/settings/wind_down", _no_duration(desk.wind_down))
    try:
        if routing.duration(desk.presence_expiry) < _NOTICEABLE:
            faults.add("/settings/presence_expiry", "a beat may be five seconds late on any network")
    except ValueError:
        faults.add("/settings/presence_expiry", _no_duration(desk.presence_expiry))


def _no_duration(text: str | None) -> str:
    return f"not an ISO 8601 duration of 366 days at most: {text!r}"


def _pages(desk: Desk, faults: Faults) -> None:
    try:
        if routing.duration(desk.page_expiry) < _SOONEST_EXPIRY:
            faults.add(
                "/settings/page_expiry", "pages are tried again for some minutes; give them PT5M at least"
            )
    except ValueError:
        faults.add("/settings/page_expiry", f"not an ISO 8601 duration: {desk.page_expiry!r}")


def _regions(desk: Desk, faults: Faults) -> None:
    """No region lies in itself. Unknown parents are noted elsewhere."""
    tree = [
        region if region.parent in desk.regions else replace(region, parent=None)
        for region in desk.regions.values()
    ]
    _prefixes(tree, faults)
    _in_lists("regions", [region.key for region in tree], routing.check_regions(tree), faults)


def _prefixes(regions: Iterable[routing.Region], faults: Faults) -> None:
    """A number is of one place at most."""
    known: dict[str, str] = {}
    for region in regions:
        for n, prefix in enumerate(region.phone_prefixes):
            at = pointer("regions", region.key, "phone_prefixes", n)
            if not _PREFIX.fullmatch(prefix):
                faults.add(at, f"{prefix!r} is no beginning of a number such as +8424")
            elif known.setdefault(prefix, region.key) != region.key:
                faults.add(at, f"{prefix} is already that of {known[prefix]!r}")


def _rules(desk: Desk, faults: Faults) -> None:
    rules = list(desk.routing_rules.values())
    _in_lists("routing_rules", [rule.key for rule in rules], routing.check_rules(rules), faults)


def _teams(desk: Desk, faults: Faults) -> None:
    """Times are durations, and long enough for somebody to see the ticket."""
    for key, team in desk.teams.items():
        for field in ("offer_timeout", "react_within", "away_limit"):
            text: str | None = getattr(team, field)
            try:
                short = text is not None and routing.duration(text) < _NOTICEABLE
            except ValueError:
                faults.add(pointer("teams", key, field), _no_duration(text))
            else:
                if short:
                    faults.add(pointer("teams", key, field), "nobody reacts in less than five seconds")


def _in_lists(kind: str, keys: list[str], found: Iterable[routing.Fault], faults: Faults) -> None:
    """Note faults whose pointers start at a list: here its members stand under their keys."""
    for fault in found:
        _, index, *rest = fault.pointer.split("/", 2)
        faults.add("/".join([pointer(kind, keys[int(index)]), *rest]), fault.message)


def _orders(desk: Desk, faults: Faults) -> None:
    """Order is total: no two policies, no two rules, have the same."""
    for kind, ordered in (("sla_policies", desk.sla_policies), ("routing_rules", desk.routing_rules)):
        orders = {key: str(found.order) for key, found in ordered.items()}
        faults.shared(kind, "order", orders)


def _conditions(desk: Desk, faults: Faults) -> None:
    for kind in ("sla_policies", "routing_rules", "escalation_rules"):
        askable = ESCALATION_FACTS if kind == "escalation_rules" else FACTS
        for key, found in getattr(desk, kind).items():
            for fact, values in found.when.items():
                at = pointer(kind, key, "when", fact)
                if not values:
                    faults.add(at, "lists no value, so it never holds")
                if fact not in askable and not (fact.startswith("fields.") and fact != "fields."):
                    faults.unknown(at, "fact", fact, askable)
    for key, rule in desk.escalation_rules.items():
        if not rule.when:
            faults.add(pointer("escalation_rules", key, "when"), "needs a condition, or every ticket pages")


def _languages(desk: Desk, faults: Faults) -> None:
    for kind, key, found in every_object(desk):
        language = getattr(found, "language", None)
        spoken = {"/language": language} if language is not None else {}
        spoken |= {f"/languages/{n}": tag for n, tag in enumerate(getattr(found, "languages", ()))}
        for at, tag in spoken.items():
            if not _LANGUAGE.fullmatch(tag):
                step = "" if kind.single else pointer(key)
                faults.add(f"/{kind.name}{step}{at}", f"{tag!r} is no language tag such as vi or en-US")


_RULES: tuple[Callable[[Desk, Faults], None], ...] = (
    _settings,
    _pages,
    _regions,
    check_schedules,
    _teams,
    _rules,
    _orders,
    _conditions,
    check_escalations,
    check_agents,
    check_mailboxes,
    check_hotlines,
    check_webhooks,
    check_pagers,
    check_alertmanagers,
    _languages,
)
