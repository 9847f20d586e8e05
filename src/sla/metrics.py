"""What each metric measures, as one declared table.

A metric is owed from a signal that starts it until one that meets it. While it is owed a clock runs for it if
the terms promise anything; the statuses that pause the clock are the promise's, and a solved ticket pauses
whatever it still owes.
"""

from typing import Literal, get_args

from msgspec import Struct

Metric = Literal[
    "first_response",
    "next_response",
    "periodic_update",
    "resolution",
    "assignment",
    "requester_wait",
    "agent_work",
    "callback",
]
SignalName = Literal[
    "opened",
    "agent_replied",
    "customer_replied",
    "call_missed",
    "call_answered",
    "assigned",
    "unassigned",
    "solved",
    "reopened",
    "closed",
    "cancelled",
]

METRICS: tuple[Metric, ...] = get_args(Metric)


class Measure(Struct, frozen=True, kw_only=True):
    """One row of the table.

    Attributes:
        starts: signals after which the metric is owed (if it was not already).
        meets: signals that pay the debt; the clock is then met, or fulfilled late.
        drops: signals that end the debt without a verdict.
        pauses: statuses in which no time counts by what the metric means, unless its target names others;
            None where that is the policy's to say.
        resumes: whether `on_reopen: resume` goes on with the last cycle; else a reopening starts a cycle of
            its own.
        overtakes: whether it may be owed while the first response still is.
    """

    starts: tuple[SignalName, ...]
    meets: tuple[SignalName, ...]
    drops: tuple[SignalName, ...]
    pauses: tuple[str, ...] | None = None
    resumes: bool = False
    overtakes: bool = True


MEASURES: dict[Metric, Measure] = {
    "first_response": Measure(
        starts=("opened",),
        meets=("agent_replied", "call_answered"),
        drops=("closed", "cancelled"),
    ),
    "next_response": Measure(
        starts=("customer_replied",),
        meets=("agent_replied", "call_answered"),
        drops=("closed", "cancelled"),
        overtakes=False,
    ),
    "periodic_update": Measure(
        starts=("agent_replied", "call_answered", "reopened"),
        meets=("agent_replied", "call_answered"),
        drops=("solved", "closed", "cancelled"),
        overtakes=False,
    ),
    "resolution": Measure(
        starts=("opened", "reopened"),
        meets=("solved", "closed"),
        drops=("cancelled",),
        resumes=True,
    ),
    "assignment": Measure(
        starts=("opened", "unassigned"),
        meets=("assigned",),
        drops=("closed", "cancelled"),
    ),
    "requester_wait": Measure(
        starts=("opened", "reopened"),
        meets=("solved", "closed"),
        drops=("cancelled",),
        pauses=("pending",),
        resumes=True,
    ),
    "agent_work": Measure(
        starts=("opened", "reopened"),
        meets=("solved", "closed"),
        drops=("cancelled",),
        pauses=("pending", "on_hold"),
        resumes=True,
    ),
    "callback": Measure(
        starts=("call_missed",),
        meets=("call_answered",),
        drops=("closed", "cancelled"),
    ),
}
"""In the order in which a signal reaches them: a reply ends the first response, then starts an update."""

MOVED_BY: dict[str, tuple[tuple[Metric, Measure], ...]] = {
    name: tuple(
        (metric, row) for metric, row in MEASURES.items() if name in row.starts + row.meets + row.drops
    )
    for name in get_args(SignalName)
}
"""The rows that a signal concerns, by its name; the table read the other way round."""
