"""A tally in words."""

from collections import Counter
from collections.abc import Iterator

from tickets.replay.tally import Comparison, Tally

EXAMPLES = 10
"""Differing cases, and reasons to wait, that are shown."""


def summary(found: Tally, requests: int, refused: int, seconds: float) -> str:
    """The lines to print after a replay."""
    return "\n".join(_lines(found, requests, refused, seconds))


def _lines(found: Tally, requests: int, refused: int, seconds: float) -> Iterator[str]:
    yield f"cases        {found.cases:,}"
    yield f"tickets      {found.tickets:,} ({_counts(found.channels)}); {_counts(found.statuses)}"
    yield f"             {found.lost:,} lost, {found.doubled:,} doubled, {refused:,} refused"
    yield (
        f"agents       {found.assigned:,} assigned, {found.waiting.total():,} waiting, "
        f"{found.solved_unassigned:,} solved before an agent was free"
    )
    for reason, count in found.waiting.most_common(EXAMPLES):
        yield f"             {count:,} wait: {reason}"
    yield f"clocks       {_counts(found.clocks)}"
    yield f"escalated    {found.escalated:,} tickets, {found.alerts:,} alerts"
    if found.latest is not None:
        yield f"noticed      {found.latest.total_seconds():.6f} s after the due instant at most"
    yield from _agreement("due instants", found.due)
    yield from _agreement("verdicts", found.verdict)
    rate = requests / seconds if seconds else 0.0
    yield f"took         {seconds:,.1f} s, {requests:,} requests, {rate:,.0f} a second"


def _agreement(what: str, compared: Comparison) -> Iterator[str]:
    if compared.compared:
        share = compared.equal / compared.compared
        yield f"{what:<12} {compared.equal:,} of {compared.compared:,} as in the file ({share:.4%})"
    for case, (ours, theirs) in list(compared.differing.items())[:EXAMPLES]:
        yield f"             {case}: ours {ours}, theirs {theirs}"


def _counts(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counted.items())) or "none"
