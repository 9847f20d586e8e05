"""Twilio's status, recording and dial callbacks (twilio.com/docs/voice/api/call-resource#statuscallback)."""

import hmac
from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tickets.domain.telephony import CallFact, Told
from tickets.intake.call_reports import CallReport
from tickets.intake.line import Line
from tickets.intake.told_form import ToldForm
from tickets.intake.unreadable import Fault, Unreadable

_OURS: dict[str, Told] = {
    "queued": "ringing",
    "initiated": "ringing",
    "ringing": "ringing",
    "in-progress": "answered",
    "completed": "hung_up",
    "busy": "hung_up",
    "no-answer": "hung_up",
    "failed": "hung_up",
    "canceled": "hung_up",
}
"""States of a call that we made."""

_THEIRS: dict[str, Told] = {**_OURS, "queued": "queued", "in-progress": "queued"}
"""States of a caller's own call: in progress means that Twilio took it, not yet that anybody did."""


def read_twilio(form: ToldForm, line: Line, at: datetime) -> tuple[CallReport, ...]:
    """What one callback tells. A leg that was dialled for a caller speaks of the caller's own call."""
    call_id, leg = form.text("ParentCallSid") or form.text("CallSid"), bool(form.text("ParentCallSid"))
    if not call_id:
        raise Unreadable([Fault("/CallSid", "is required")])
    if line.account_sid and form.text("AccountSid") != line.account_sid:
        raise Unreadable([Fault("/AccountSid", "is not the account of this hotline")])
    outgoing = form.text("Direction").startswith("outbound") and not leg
    told, seconds = _told(form, _OURS if outgoing or leg else _THEIRS, outgoing=outgoing)
    if leg and told != "answered":
        return ()  # an agent's telephone that rings or hangs up is not the caller's call
    fact = CallFact(
        told=told,
        at=_instant(form.text("Timestamp")) or at,
        direction="out" if outgoing else None if leg else "in",
        caller="" if leg else form.text("From"),
        callee="" if leg else form.text("To"),
        agent=line.agent(form.text("To").removeprefix("client:")) if leg else None,
        seconds=seconds,
        recording_url=form.text("RecordingUrl") or None,
    )
    return (CallReport(call_id=call_id, facts=(fact,)),)


def _told(form: ToldForm, states: dict[str, Told], *, outgoing: bool) -> tuple[Told, int | None]:
    """What is told, and for how long they spoke where that is known."""
    if dialled := form.text("DialCallStatus").lower():  # <Dial> is over: somebody was reached, or nobody
        reached = dialled in ("completed", "answered")
        return ("hung_up", form.number("DialCallDuration")) if reached else ("missed", None)
    status = form.text("CallStatus").lower()
    if form.text("RecordingUrl") and not status:
        return "recorded", None
    if (told := states.get(status)) is None:
        raise Unreadable([Fault("/CallStatus", f"{status!r} is not a state of a call")])
    return told, form.number("CallDuration") if outgoing and told == "hung_up" else None


def twilio_signature(token: str, url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Base64 of HMAC-SHA1 under the auth token: the URL, then every parameter of a POST, sorted.

    https://www.twilio.com/docs/usage/security#validating-requests
    """
    text = url + "".join(name + value for name, value in sorted(set(parameters)))
    return b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()


def _instant(text: str) -> datetime | None:
    """An RFC 2822 date, as Twilio writes it."""
    try:
        at = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return at.astimezone(UTC) if at is not None and at.tzinfo else None
