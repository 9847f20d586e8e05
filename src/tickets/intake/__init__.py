"""What arrives, understood: bytes and configuration in, a `Draft` or `Unreadable` out. Pure."""

from tickets.intake.form import Form, FormMapping, read_form
from tickets.intake.form_answers import AttachmentLimits, FormField
from tickets.intake.form_body import Submission, decode_body
from tickets.intake.form_schema import schema_of_form
from tickets.intake.hotline import CallEvent, Line, decode_call, draft_of_call, read_call
from tickets.intake.inbox import Mailbox, read_mail
from tickets.intake.threading import message_id, reply_address, ticket_of_address, ticket_of_message_id
from tickets.intake.unreadable import Fault, Trapped, Unreadable

__all__ = [
    "AttachmentLimits",
    "CallEvent",
    "Fault",
    "Form",
    "FormField",
    "FormMapping",
    "Line",
    "Mailbox",
    "Submission",
    "Trapped",
    "Unreadable",
    "decode_body",
    "decode_call",
    "draft_of_call",
    "message_id",
    "read_call",
    "read_form",
    "read_mail",
    "reply_address",
    "schema_of_form",
    "ticket_of_address",
    "ticket_of_message_id",
]
