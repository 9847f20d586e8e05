"""What each metric measures, as one declared table.

A metric is owed from a signal that starts it until one that meets it. While it is owed a clock runs for it if
the terms promise anything; the statuses that pause the clock are the promise's, and a solved ticket pauses
whatever it still owes.
"""

from typing import Literal, get_args

from msgspec import Struct

Metric = Literal["first_response", "next_response", "periodic_update", "resolution", "assignment"]
SignalName = Literal[
    "opened",
    "agent_replied",
    "customer_replied",
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
        resumes: whether `on_reopen: resume` goes on with the last cycle; else a reopening starts a cycle of
            its own.
        overtakes: whether it may be owed while the first response still is.
    """

    starts: frozenset[SignalName]
    meets: frozenset[SignalName]
    drops: frozenset[SignalName]
    resumes: bool = False
    overtakes: bool = True


def _row(
    *,
    starts: tuple[SignalName, ...],
    meets: tuple[SignalName, ...],
    drops: tuple[SignalName, ...],
    resumes: bool = False,
    overtakes: bool = True,
) -> Measure:
    return Measure(
        starts=frozenset(starts),
        meets=frozenset(meets),
        drops=frozenset(drops),
        resumes=resumes,
        overtakes=overtakes,
    )


MEASURES: dict[Metric, Measure] = {
    "first_response": _row(
        starts=("opened",),
        meets=("agent_replied",),
        drops=("closed", "cancelled"),
    ),
    "next_response": _row(
        starts=("customer_replied",),
        meets=("agent_replied",),
        drops=("closed", "cancelled"),
        overtakes=False,
    ),
    "periodic_update": _row(
        starts=("agent_replied", "reopened"),
        meets=("agent_replied",),
        drops=("solved", "closed", "cancelled"),
        overtakes=False,
    ),
    "resolution": _row(
        starts=("opened", "reopened"),
        meets=("solved", "closed"),
        drops=("cancelled",),
        resumes=True,
    ),
    "assignment": _row(
        starts=("opened", "unassigned"),
        meets=("assigned",),
        drops=("closed", "cancelled"),
    ),
}
"""In the order in which a signal reaches them: a reply ends the first response, then starts an update."""
