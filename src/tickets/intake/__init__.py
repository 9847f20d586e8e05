"""What arrives, understood: bytes and configuration in, a `Draft` or `Unreadable` out. Pure."""

from tickets.intake.call_reports import (
    About,
    CallReport,
    customer_number,
    draft_of_call,
    milestones,
)
from tickets.intake.direct_message import Talk, Undelivered
from tickets.intake.exchanges import read_reports, told_by
from tickets.intake.form import Form, FormMapping, read_form
from tickets.intake.form_answers import AttachmentLimits, FormField
from tickets.intake.form_body import Submission, decode_body
from tickets.intake.form_schema import schema_of_form
from tickets.intake.hotline import CallEvent
from tickets.intake.inbox import Mailbox, read_mail
from tickets.intake.line import Ami, CallMapping, Line
from tickets.intake.message_account import MessageAccount, MessageMapping
from tickets.intake.messages import SIGNED_IN, is_signed, read_messages
from tickets.intake.proof import Challenge, challenge_of_body, make_challenge
from tickets.intake.rate import Rate, read_rate
from tickets.intake.threading import message_id, reply_address, ticket_of_address, ticket_of_message_id
from tickets.intake.twilio import twilio_signature
from tickets.intake.unreadable import Fault, Trapped, Unreadable

__all__ = [
    "SIGNED_IN",
    "About",
    "Ami",
    "AttachmentLimits",
    "CallEvent",
    "CallMapping",
    "CallReport",
    "Challenge",
    "Fault",
    "Form",
    "FormField",
    "FormMapping",
    "Line",
    "Mailbox",
    "MessageAccount",
    "MessageMapping",
    "Rate",
    "Submission",
    "Talk",
    "Trapped",
    "Undelivered",
    "Unreadable",
    "challenge_of_body",
    "customer_number",
    "decode_body",
    "draft_of_call",
    "is_signed",
    "make_challenge",
    "message_id",
    "milestones",
    "read_form",
    "read_mail",
    "read_messages",
    "read_rate",
    "read_reports",
    "reply_address",
    "schema_of_form",
    "ticket_of_address",
    "ticket_of_message_id",
    "told_by",
    "twilio_signature",
]
