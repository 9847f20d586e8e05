"""A form: what it asks, what its answers mean to a ticket, and the draft made of one submission."""

import re
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec
from msgspec import Struct

from tickets.domain.draft import Attachment, Draft, Identity, Sender
from tickets.domain.words import PRIORITIES, IdentityKind, Priority
from tickets.intake.form_answers import Answers, AttachmentLimits, FormField, check_answers, check_files
from tickets.intake.form_body import FormValue, Submission
from tickets.intake.proof import FIELD, challenge_answered, check_proof
from tickets.intake.text import NAME_LIMIT, block, line
from tickets.intake.unreadable import Fault, Trapped, Unreadable, pointer

_PLACE = re.compile(r"\{([^{}]+)\}")


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


class Form(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A form of the desk. `language`, `region` and `priority` hold where no answer says otherwise.

    `submission_id` names a field the page fills with a fresh random value; without any id the same content
    within `same_within` is one request. `honeypot` names a field people never see. `country` (ISO 3166,
    two letters) reads national phone numbers. `receipts` go to whatever address is given, so they are off
    where anybody may fill it in. `origins` are the websites whose pages may use it. A browser that sent it as
    a plain HTML form is led on to `redirect`. `rate` is how often one address may
    submit it; null is no limit. `proof` asks for the answer to a challenge, in the field `altcha`.
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
    redirect: str | None = None
    rate: str | None = "30/PT1M"
    proof: bool = False
    receipts: bool = False


def read_form(
    form: Form,
    submission: Submission,
    received_at: datetime,
    submission_id: str | None = None,
    secret: bytes = b"",
) -> Draft:
    """The draft of one submission; `submission_id` is the caller's own (an `Idempotency-Key`), if any.

    `secret` signed the challenge of a form that asks for proof; its answer is the submission's id, so that it
    serves one request.

    Raises:
        Unreadable: with every fault of every field.
        Trapped: the honeypot was filled.
    """
    values = dict(submission.values)
    if form.honeypot and values.pop(form.honeypot, None):
        raise Trapped([Fault(pointer(form.honeypot), "must stay empty")])
    sent_id = values.pop(form.submission_id, None) if form.submission_id else None
    proof = values.pop(FIELD, None) if form.proof else None
    if form.proof:
        submission_id = challenge_answered(proof)
    answers, faults = check_answers(form.fields, values, form.country)
    files, wrong = check_files(form.attachments, submission.files)
    if form.proof:
        wrong += check_proof(proof, form.key, secret, received_at)
    if faults := faults + wrong:
        raise Unreadable(faults)
    return _draft(form, answers, files, _external_id(form, submission, received_at, submission_id or sent_id))


def _draft(form: Form, answers: Answers, files: tuple[Attachment, ...], external_id: str) -> Draft:
    facts = form.mapping
    language = _text(answers, facts.language) or form.language
    region = _text(answers, facts.region) or form.region
    kinds: tuple[tuple[IdentityKind, str | None], ...] = (("email", facts.email), ("phone", facts.phone))
    identities = [Identity(kind, value) for kind, name in kinds if (value := _text(answers, name))]
    return Draft(
        channel="form",
        source="form",
        account=form.key,
        external_id=external_id,
        subject=line(_fill(facts.subject, answers)) or form.name,
        text=block(_fill(facts.text, answers) if facts.text else _listing(form, answers)),
        sender=Sender(
            name=line(_text(answers, facts.customer_name), NAME_LIMIT),
            identities=tuple(identities),
            language=_text(answers, facts.language) or None,
            region=_text(answers, facts.region) or None,
        ),
        priority=_priority(form, answers),
        language=language,
        region=region,
        tags=form.tags,
        fields=answers,
        attachments=files,
    )


def _external_id(form: Form, submission: Submission, received_at: datetime, sent_id: FormValue) -> str:
    """The id somebody chose for this submission, or a digest of its content and its time window.

    A double click sends the same content within seconds; an honest second request is hardly ever the same
    to the letter, and after `same_within` it counts as new. Two clicks on both sides of a window's edge
    make two tickets: a page that must not risk that sends a `submission_id`.
    """
    if sent_id not in {None, ""}:
        return "id:" + sha256(str(sent_id).encode("utf-8", "replace")).hexdigest()
    window = int(received_at.timestamp() // max(form.same_within.total_seconds(), 1))
    digest = sha256(msgspec.json.encode([window, sorted(submission.values.items())]))
    for file in submission.files:
        digest.update(msgspec.json.encode([file.name, file.media_type, sha256(file.content).hexdigest()]))
    return "content:" + digest.hexdigest()


def _text(answers: Answers, name: str | None) -> str:
    value = answers.get(name) if name else None
    return "" if value is None else str(value)


def _priority(form: Form, answers: Answers) -> Priority | None:
    said = _text(answers, form.mapping.priority).lower()
    return next((priority for priority in PRIORITIES if priority == said), form.priority)


def _fill(template: str, answers: Answers) -> str:
    """Only `{name}` is replaced: answers are data and never templates themselves."""
    return _PLACE.sub(lambda place: _text(answers, place[1]), template)


def _listing(form: Form, answers: Answers) -> str:
    said = [(field.label or field.name, _text(answers, field.name)) for field in form.fields]
    return "\n".join(f"{label}: {value}" for label, value in said if value)
