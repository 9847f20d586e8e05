"""What happens to a ticket that a promise can care about.

Every signal carries `at`, the instant at which it became true (aware UTC), not the one at which it was
noticed. Automatic replies and internal notes are not signals at all. Of several signals with one `at` the
given order counts: `Reopened` before the `CustomerReplied` that caused it, `AgentReplied` before the `Solved`
it was sent with.
"""

from datetime import datetime

from msgspec import Struct

from sla.metrics import Metric
from sla.terms import Terms


class _Signal(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    at: datetime


class Opened(_Signal, frozen=True, tag="opened"):
    """The ticket began; also when it is restored after `Cancelled`."""

    status: str = "new"


class AgentReplied(_Signal, frozen=True, tag="agent_replied"):
    """A human's public reply in writing; of a call see `CallAnswered`."""


class CustomerReplied(_Signal, frozen=True, tag="customer_replied"):
    """The customer wrote again. On a solved ticket that is no debt unless `Reopened` came first."""


class StatusChanged(_Signal, frozen=True, tag="status_changed"):
    """Another status. Into `solved` and `closed` it is `Solved` and `Closed`, out of them `Reopened`."""

    status: str


class CallMissed(_Signal, frozen=True, tag="call_missed"):
    """The customer called and nobody answered, or they gave up waiting."""


class CallAnswered(_Signal, frozen=True, tag="call_answered"):
    """An agent and the customer spoke, whoever called whom. As good as a reply, and a callback besides."""


class Assigned(_Signal, frozen=True, tag="assigned"):
    """Somebody holds the ticket."""


class Unassigned(_Signal, frozen=True, tag="unassigned"):
    """Nobody holds the ticket any more."""


class TermsChanged(_Signal, frozen=True, tag="terms_changed"):
    """Another policy, priority, team or calendar: the ticket runs on `terms` from here."""

    terms: Terms


class Solved(_Signal, frozen=True, tag="solved"):
    """The work is done; what is still owed waits."""


class Reopened(_Signal, frozen=True, tag="reopened"):
    """It was not done after all."""

    status: str = "open"


class Closed(_Signal, frozen=True, tag="closed"):
    """Done for good; what is still owed is dropped."""


class Cancelled(_Signal, frozen=True, tag="cancelled"):
    """Merged away, spam, deleted: nothing is owed any more."""


class Acknowledged(_Signal, frozen=True, tag="acknowledged"):
    """Somebody has the escalation of a metric: no more repeats in this cycle."""

    metric: Metric


class TimePassed(_Signal, frozen=True, tag="time_passed"):
    """Nothing happened but time."""


Signal = (
    Opened
    | AgentReplied
    | CustomerReplied
    | CallMissed
    | CallAnswered
    | StatusChanged
    | Assigned
    | Unassigned
    | TermsChanged
    | Solved
    | Reopened
    | Closed
    | Cancelled
    | Acknowledged
    | TimePassed
)
