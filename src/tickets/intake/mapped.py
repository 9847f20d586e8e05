"""Any exchange that can call a URL: the desk says which of its parameters is which fact."""

from datetime import datetime

from tickets.domain.telephony import CallFact, Direction
from tickets.intake.call_reports import CallReport
from tickets.intake.line import CallMapping, Line
from tickets.intake.told_form import ToldForm
from tickets.intake.unreadable import Fault, Unreadable, pointer


def read_mapped(form: ToldForm, line: Line, at: datetime) -> tuple[CallReport, ...]:
    """What one call of the URL tells, as the line's mapping has it."""
    mapping = line.mapping
    if mapping is None:
        raise Unreadable([Fault("", f"the hotline {line.key!r} has no mapping")])
    call_id, event = form.text(mapping.call_id), form.text(mapping.event)
    if not call_id:
        raise Unreadable([Fault(pointer(mapping.call_id), "is required")])
    told = mapping.events.get(event)
    if told is None:
        return ()
    fact = CallFact(
        told=told,
        at=form.instant(mapping.at) or at,
        direction=_direction(form, mapping),
        caller=form.text(mapping.caller),
        callee=form.text(mapping.callee),
        agent=line.agent(form.text(mapping.agent)),
        seconds=form.number(mapping.seconds),
        recording_url=form.text(mapping.recording_url) or None,
    )
    return (CallReport(call_id=call_id, facts=(fact,)),)


def _direction(form: ToldForm, mapping: CallMapping) -> Direction:
    return "out" if form.text(mapping.direction).lower() in mapping.outgoing else "in"
