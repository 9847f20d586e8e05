"""StringeeX call events (developer.stringee.com/docs/server/call-events). They are not signed."""

from datetime import datetime

from tickets.domain.telephony import CallFact, Told
from tickets.intake.call_reports import CallReport
from tickets.intake.line import Line
from tickets.intake.told_form import ToldForm
from tickets.intake.unreadable import Fault, Unreadable

_TELLS: dict[str, Told] = {
    "started": "ringing",
    "ringing": "ringing",
    "answered": "answered",
    "ended": "hung_up",
}
_SILENT = {"created", "agentended"}


def read_stringee(form: ToldForm, line: Line, at: datetime) -> tuple[CallReport, ...]:
    """What one event tells. Recordings come as events of their own, with `recording_url`."""
    call_id, status = form.text("call_id"), form.text("call_status").lower()
    if not call_id:
        raise Unreadable([Fault("/call_id", "is required")])
    if line.account_sid and form.text("account_sid") != line.account_sid:
        raise Unreadable([Fault("/account_sid", "is not the account of this hotline")])
    told = _TELLS.get(status)
    if recording := form.text("recording_url") or form.text("recordUrl"):
        told = told or "recorded"
    if told is None:
        if status in _SILENT:
            return ()
        raise Unreadable([Fault("/call_status", f"{status!r} is not a state of a call")])
    outgoing = form.text("from.type") == "internal"
    talked = form.number("answerDuration") if told == "hung_up" else None
    ours = form.text("from.alias") if outgoing else form.text("to.alias")
    agent = form.text("request_from_user_id") or (ours if form.text("to.type") == "internal" else "")
    fact = CallFact(
        told=told,
        at=form.instant("timestamp_ms") or at,
        direction="out" if outgoing else "in",
        caller=form.text("from.number"),
        callee=form.text("to.number"),
        agent=line.agent(agent) if told == "answered" else None,
        seconds=talked,
        recording_url=recording or None,
        cause=form.text("endCallCause") or None,
    )
    return (CallReport(call_id=call_id, facts=(fact,)),)
