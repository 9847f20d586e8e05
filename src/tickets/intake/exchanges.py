"""Telephone systems, each in its own words: one envelope to what it tells of calls."""

from collections.abc import Callable
from datetime import datetime

from tickets.intake.ami_messages import read_events
from tickets.intake.call_reports import CallReport
from tickets.intake.call_trace import read_trace
from tickets.intake.headers import parse_parameters
from tickets.intake.hotline import read_report
from tickets.intake.line import Line
from tickets.intake.mapped import read_mapped
from tickets.intake.push import read_push
from tickets.intake.stringee import read_stringee
from tickets.intake.told_form import ToldForm, read_told
from tickets.intake.twilio import read_twilio

_READ: dict[str, Callable[[ToldForm, Line, datetime], tuple[CallReport, ...]]] = {
    "push": read_push,
    "stringee": read_stringee,
    "twilio": read_twilio,
    "mapped": read_mapped,
}


def told_by(exchange: str, media_type: str) -> str:
    """The media type under which the envelope of an exchange is kept: it says whose words they are."""
    return f"{parse_parameters(media_type)[0] or 'application/x-www-form-urlencoded'}; exchange={exchange}"


def read_reports(body: bytes, media_type: str, line: Line, at: datetime) -> tuple[CallReport, ...]:
    """What an envelope tells of calls. `at` is when it came, for those that carry no instant.

    Raises:
        Unreadable: with every fault.
    """
    kind, parameters = parse_parameters(media_type)
    if (read := _READ.get(parameters.get("exchange", ""))) is not None:
        return read(read_told(body, kind), line, at)
    if parameters.get("exchange") == "ami":
        return read_events(body, line)
    if kind == "text/csv":
        return read_trace(body, line)
    return (read_report(body, line),)
