"""The newCall / answer / hangup form that cloud exchanges push and open-source PBX bridges speak."""

from datetime import datetime

from tickets.domain.telephony import CallFact, Told
from tickets.intake.call_reports import CallReport
from tickets.intake.line import Line
from tickets.intake.told_form import ToldForm
from tickets.intake.unreadable import Fault, Unreadable

_TELLS: dict[str, Told] = {
    "newcall": "ringing",
    "answer": "answered",
    "hold": "held",
    "unhold": "resumed",
    "transfer": "transferred",
    "hangup": "hung_up",
}


def read_push(form: ToldForm, line: Line, at: datetime) -> tuple[CallReport, ...]:
    """What one push tells. It carries no instant: it is told as it happens, `at`.

    Several `user[]` ring together, so only who answered counts as the agent; a voice mailbox is nobody.
    """
    event = form.text("event")
    told = _TELLS.get(event.lower())
    if event.lower() == "dtmf":
        return ()
    faults = [] if told else [Fault("/event", f"{event!r} is not an event of a call")]
    faults += [] if form.text("callId") else [Fault("/callId", "is required")]
    if faults or told is None:
        raise Unreadable(faults)
    user = form.text("answeringNumber") if told == "answered" and not form.text("user") else form.text("user")
    if told == "answered" and user.lower() == "voicemail":
        told, user = "voicemail", ""
    fact = CallFact(
        told=told,
        at=at,
        direction="out" if form.text("direction") == "out" else "in",
        caller=form.text("from"),
        callee=form.text("to"),
        agent=line.agent(user) if told in ("answered", "transferred") else None,
        cause=form.text("cause") or None,
    )
    return (CallReport(call_id=form.text("callId"), facts=(fact,)),)
