"""A form: what it asks, what its answers mean to a ticket, and the draft made of one submission."""

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from tickets.domain.draft import Draft
from tickets.domain.words import Priority
from tickets.intake.form_body import Submission

FieldType = Literal["string", "integer", "number", "boolean", "email", "phone", "date"]


class FormField(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question. `max_length` counts characters, `minimum` and `maximum` bound numbers."""

    name: str
    type: FieldType = "string"
    label: str = ""
    required: bool = False
    max_length: int = 2_000
    minimum: float | None = None
    maximum: float | None = None
    enum: tuple[str, ...] = ()


class FormMapping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which answers are which fact of the ticket.

    `subject` and `text` are templates with field names in braces (`"Warranty for {product}"`); an empty
    `text` lists every answer under its label. The others are names of fields.
    """

    subject: str
    text: str = ""
    customer_name: str | None = None
    email: str | None = None
    phone: str | None = None
    language: str | None = None
    region: str | None = None
    priority: str | None = None


class AttachmentLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What files may come along: how many, bytes each, and media types (`image/*` is a family)."""

    count: int = 5
    size: int = 10_000_000
    media_types: tuple[str, ...] = ("image/*", "application/pdf", "text/plain")


class Form(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A form of the desk. `language`, `region` and `priority` hold where no answer says otherwise.

    `submission_id` names a field the page fills with a fresh random value; without any id the same content
    within `same_within` is one request. `honeypot` names a field people never see. `country` (ISO 3166,
    two letters) reads national phone numbers.
    """

    key: str
    name: str
    fields: tuple[FormField, ...]
    mapping: FormMapping
    tags: tuple[str, ...] = ()
    priority: Priority | None = None
    language: str | None = None
    region: str | None = None
    country: str = "VN"
    honeypot: str | None = None
    submission_id: str | None = None
    same_within: timedelta = timedelta(minutes=10)
    attachments: AttachmentLimits = AttachmentLimits()
    origins: tuple[str, ...] = ()


def read_form(
    form: Form, submission: Submission, received_at: datetime, submission_id: str | None = None
) -> Draft:
    """The draft of one submission; `submission_id` is the caller's own (an `Idempotency-Key`), if any.

    Raises:
        Unreadable: with every fault of every field.
        Trapped: the honeypot was filled.
    """
    raise NotImplementedError
