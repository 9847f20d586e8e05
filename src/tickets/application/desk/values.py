"""What a value of the desk may be, beyond its type and its references: one function a rule."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec.structs import replace

import routing
import sla
from tickets.application.answers.places import PLACES, places_in
from tickets.application.desk.addresses import check_webhooks
from tickets.application.desk.duty_watch import lead_of
from tickets.application.desk.fault import Faults
from tickets.application.desk.kinds import every_object
from tickets.application.desk.model import Desk
from tickets.application.desk.references import ESCALATION_FACTS, FACTS
from tickets.application.desk.targets import always_somebody, check_pagers, has_no_email, understood
from tickets.intake.addresses import normal_address
from tickets.intake.phones import e164
from tickets.intake.unreadable import pointer

ME = "me"
"""What stands for the agent a caller acts as, where an agent's key is asked for."""

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


def _schedules(desk: Desk, faults: Faults) -> None:
    for key, schedule in desk.on_call_schedules.items():
        for fault in routing.check_schedule(schedule):
            faults.add(pointer("on_call_schedules", key) + fault.pointer, fault.message)
        if (warning := schedule.gap_warning) is not None:
            at = pointer("on_call_schedules", key, "gap_warning")
            if lead_of(warning) is None:
                faults.add(f"{at}/before", f"{warning.before!r} is no time such as PT24H, 28 days at most")
            always_somebody(desk, warning.notify, f"{at}/notify", faults)
        if schedule.hand_off_notice:
            _hand_offs_reach(desk, key, faults)


def _hand_offs_reach(desk: Desk, schedule: str, faults: Faults) -> None:
    """Note who is to be told of hand-offs and cannot be."""
    found = desk.on_call_schedules[schedule]
    answering = [
        (f"/layers/{n}/agents/{m}", agent)
        for n, layer in enumerate(found.layers)
        for m, agent in enumerate(layer.agents)
    ]
    answering += [(f"/overrides/{n}/agent", each.agent) for n, each in enumerate(found.overrides)]
    for at, agent in answering:
        if has_no_email(desk, agent):
            faults.add(
                pointer("on_call_schedules", schedule) + at,
                f"agent {agent!r} has no e-mail address to be told of hand-offs at",
            )


def _in_lists(kind: str, keys: list[str], found: Iterable[routing.Fault], faults: Faults) -> None:
    """Note faults whose pointers start at a list: here its members stand under their keys."""
    for fault in found:
        _, index, *rest = fault.pointer.split("/", 2)
        faults.add("/".join([pointer(kind, keys[int(index)]), *rest]), fault.message)


def _orders(desk: Desk, faults: Faults) -> None:
    """Order is total: no two policies, no two rules, have the same."""
    for kind, ordered in (("sla_policies", desk.sla_policies), ("routing_rules", desk.routing_rules)):
        orders = {key: str(found.order) for key, found in ordered.items()}
        _unique(kind, "order", orders, faults)


def _unique(kind: str, field: str, values: Mapping[str, str | None], faults: Faults) -> None:
    holders: dict[str, str] = {}
    for key, value in values.items():
        if value is not None and holders.setdefault(value, key) != key:
            faults.add(pointer(kind, key, field), f"{field} {value} is already that of {holders[value]!r}")


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


def _escalations(desk: Desk, faults: Faults) -> None:
    for key, policy in desk.escalation_policies.items():
        at = pointer("escalation_policies", key)
        names: set[str] = set()
        for n, level in enumerate(policy.levels):
            if level.name in names:
                faults.add(f"{at}/levels/{n}/name", f"a second level called {level.name!r}")
            names.add(level.name)
            if level.name == sla.FALLBACK:
                faults.add(f"{at}/levels/{n}/name", f"{sla.FALLBACK!r} is the level behind the last")
            understood(level.notify, f"{at}/levels/{n}/notify", faults)
        always_somebody(desk, policy.fallback, f"{at}/fallback", faults)
        for field in ("acknowledge_within", "patience"):
            text: str | None = getattr(policy, field)
            if text is not None and not _is_time(text):
                faults.add(f"{at}/{field}", f"{text!r} is no time such as PT15M")
    for key, promising in desk.sla_policies.items():
        named = {pointer("escalation"): promising.escalation} | {
            pointer("targets", n, "escalation"): target.escalation
            for n, target in enumerate(promising.targets)
        }
        for field, name in named.items():
            found = desk.escalation_policies.get(name or "")
            if found is not None and not found.around_due:
                faults.add(
                    pointer("sla_policies", key) + field,
                    f"no level of {name!r} is relative to due, so nothing begins it: give it one",
                )


def _is_time(text: str) -> bool:
    try:
        budget = sla.parse_budget(text)
    except sla.BudgetError:
        return False
    return not budget.days and not budget.is_empty


def _agents(desk: Desk, faults: Faults) -> None:
    emails: dict[str, str | None] = {}
    if ME in desk.agents:
        faults.add(pointer("agents", ME), "in URLs `me` is whoever asks; give this agent another key")
    for key, agent in desk.agents.items():
        if agent.email is not None:
            emails[key] = normal_address(agent.email)
            if emails[key] is None:
                faults.add(pointer("agents", key, "email"), f"{agent.email!r} is no e-mail address")
        if agent.phone is not None and e164(agent.phone, desk.country) is None:
            faults.add(pointer("agents", key, "phone"), f"{agent.phone!r} is no telephone number")
    _unique("agents", "email", emails, faults)


def _mailboxes(desk: Desk, faults: Faults) -> None:
    addresses = {key: normal_address(mailbox.address) for key, mailbox in desk.mailboxes.items()}
    for key, address in addresses.items():
        if address is None:
            text = desk.mailboxes[key].address
            faults.add(pointer("mailboxes", key, "address"), f"{text!r} is no e-mail address")
    _unique("mailboxes", "address", addresses, faults)
    for key, mailbox in desk.mailboxes.items():
        if mailbox.agents_reply and not mailbox.trusts:
            faults.add(pointer("mailboxes", key, "agents_reply"), "needs `trusts`: who vouches for agents?")
        at = pointer("mailboxes", key, "receipt_text")
        try:
            unknown = sorted(places_in(mailbox.receipt_text) - PLACES)
        except ValueError:
            faults.add(at, "has a brace that never closes; write {{ and }} for braces")
        else:
            for place in unknown:
                faults.unknown(at, "place", place, PLACES)


def _hotlines(desk: Desk, faults: Faults) -> None:
    """Short numbers are dialled too, so anything with a digit is one."""
    numbers: dict[str, str | None] = {}
    for key, line in desk.hotlines.items():
        numbers[key] = e164(line.number, line.country) or re.sub(r"\D", "", line.number) or None
        if numbers[key] is None:
            faults.add(pointer("hotlines", key, "number"), f"{line.number!r} is no telephone number")
        if line.exchange == "mapped" and line.mapping is None:
            faults.add(pointer("hotlines", key, "exchange"), "a mapped exchange needs a `mapping`")
        if line.exchange == "twilio" and line.secret_env is None:
            faults.add(pointer("hotlines", key, "exchange"), "Twilio needs `secret_env` for its auth token")
    _unique("hotlines", "number", numbers, faults)


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
    _schedules,
    _teams,
    _rules,
    _orders,
    _conditions,
    _escalations,
    _agents,
    _mailboxes,
    _hotlines,
    check_webhooks,
    check_pagers,
    _languages,
)
