"""The lines a ticket's history may have: what each is called outside, and what in them is nobody's words."""

KEPT_IN_HISTORY = (
    "before", "after", "kind", "message", "automatic", "channel", "source", "team", "rule", "agent", "metric",
    "level", "repeat", "cycle", "alert", "recipients", "offer", "job", "at", "seconds", "direction", "round",
    "refused", "fact", "changed", "withdrawn", "since", "way", "other", "why", "run", "cause", "policy",
    "version", "until", "action",
)  # fmt: skip
"""What lines tell beside all that the promise engine and routing said: facts of ours, nobody's words."""

_OF_TICKETS = (
    "opened", "message_added", "status_changed", "priority_changed", "team_changed", "assigned", "unassigned",
    "offered", "offer_accepted", "offer_declined", "offer_expired", "offer_withdrawn", "handed_back",
    "tags_changed", "fields_changed", "customer_changed", "customer_tier_changed",
    "customer_segment_changed", "customer_confirmed",
    "mail_returned", "call_started", "call_answered", "call_missed", "call_ended", "alert_raised",
    "alert_acknowledged", "delivery_dead", "page_expired", "page_put_off", "receipt_sent",
    "receipt_withheld", "recomputed",
    "told_late", "marked_as_spam", "restored_from_spam", "merged", "merged_into",
)  # fmt: skip
_WITH_A_FAMILY = (
    "sla.told", "sla.applied", "sla.activated", "sla.paused", "sla.resumed", "sla.fulfilled", "sla.breached",
    "sla.at_risk", "sla.escalation_due", "sla.updated", "sla.cancelled",
    "escalation.begun", "escalation.heard", "escalation.acknowledged", "escalation.taken_over",
    "escalation.reopened", "escalation.snoozed", "escalation.exhausted", "escalation.resolved",
    "escalation.action_failed",
    "routing.not_reacted", "routing.refused", "routing.round_over", "routing.unroutable", "routing.waiting",
)  # fmt: skip


def event_name(line: str) -> str:
    """What a type of line is called outside: with its family, which is `ticket` where it names none."""
    return line if "." in line else f"ticket.{line}"


EVENTS = (*map(event_name, _OF_TICKETS), *_WITH_A_FAMILY)
"""Every event of a ticket, by the name it has outside."""

FAMILIES = tuple(dict.fromkeys(f"{event.partition('.')[0]}.*" for event in EVENTS))
"""Names that stand for all events of a family."""


def told_outside(line: str, data: dict[str, object]) -> dict[str, object]:
    """What of a line's data may leave the house: no words and no addresses of anybody's."""
    if "." in line and not line.startswith("escalation."):
        return data
    return {name: value for name, value in data.items() if name in KEPT_IN_HISTORY}
