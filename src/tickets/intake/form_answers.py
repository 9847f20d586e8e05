"""The questions of a form, and whether answers and files are what was asked for."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from tickets.domain.draft import Attachment, FieldValue
from tickets.domain.words import composed
from tickets.intake.addresses import normal_address
from tickets.intake.file_kinds import kind_of, taken
from tickets.intake.phones import e164
from tickets.intake.text import NAME_LIMIT, line
from tickets.intake.unreadable import Fault, pointer

FieldType = Literal["string", "integer", "number", "boolean", "email", "phone", "date"]
Answers = dict[str, FieldValue]

_TRUE = frozenset({"true", "on", "yes", "1"})
_FALSE = frozenset({"false", "off", "no", "0"})
_LONGEST_NUMBER = 40
_LARGEST = 2**53
"""Whole numbers beyond this are not exact in every JSON reader."""


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


class AttachmentLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What files may come along: how many, bytes each, and media types (`image/*` is a family)."""

    count: int = 5
    size: int = 10_000_000
    media_types: tuple[str, ...] = ("image/*", "application/pdf", "text/plain")


def check_answers(
    fields: Sequence[FormField], values: Mapping[str, FieldValue], country: str
) -> tuple[Answers, list[Fault]]:
    """The answers in their normal form (e-mail lower case, phone E.164, dates ISO) and every fault.

    Texts from HTML forms become the number or truth value the field asks for. An empty answer is none.
    """
    known = {field.name for field in fields}
    faults = [Fault(pointer(name), "no such field") for name in values if name not in known]
    answers: Answers = {}
    for field in fields:
        given = values.get(field.name)
        given = composed(given.strip()) if isinstance(given, str) else given
        if given is None or given == "":
            if field.required:
                faults.append(Fault(pointer(field.name), "is required"))
            continue
        try:
            answers[field.name] = _answer(field, given, country)
        except ValueError as error:
            faults.append(Fault(pointer(field.name), str(error)))
    return answers, faults


def check_files(
    limits: AttachmentLimits, files: Sequence[Attachment]
) -> tuple[tuple[Attachment, ...], list[Fault]]:
    """The files under the types they really have, and what is wrong: as a whole, and each at its position."""
    faults: list[Fault] = []
    kept: list[Attachment] = []
    if len(files) > limits.count:
        faults.append(Fault("/attachments", f"at most {limits.count} files"))
    for position, file in enumerate(files):
        here = pointer("attachments", position)
        if len(file.content) > limits.size:
            faults.append(Fault(here, f"more than {limits.size} bytes"))
        kind = kind_of(file)
        if kind is None:
            faults.append(Fault(here, f"is no {line(file.media_type, NAME_LIMIT)}, whatever it says"))
        elif not taken(kind, limits.media_types):
            faults.append(Fault(here, f"files of {kind} are not taken"))
        else:
            kept.append(replace(file, media_type=kind))
    return tuple(kept), faults


def _answer(field: FormField, given: FieldValue, country: str) -> FieldValue:
    match field.type:
        case "integer" | "number":
            return _number(field, given)
        case "boolean":
            return _truth(given)
        case _ if not isinstance(given, str):
            raise ValueError("must be text")
    if len(given) > field.max_length:
        raise ValueError(f"at most {field.max_length} characters")
    if field.enum and given not in field.enum:
        raise ValueError("must be one of " + ", ".join(field.enum))
    return _normal(field.type, given, country)


def _normal(kind: FieldType, given: str, country: str) -> str:
    normal: str | None = given
    if kind == "email":
        normal = normal_address(given)
    elif kind == "phone":
        normal = e164(given, country)
    elif kind == "date":
        normal = _date(given)
    if normal is None:
        raise ValueError("must be an e-mail address" if kind == "email" else "must be a telephone number")
    return normal


def _date(given: str) -> str:
    try:
        return date.fromisoformat(given).isoformat()
    except ValueError as error:
        raise ValueError("must be a date such as 2026-12-31") from error


def _number(field: FormField, given: FieldValue) -> int | float:
    whole = field.type == "integer"
    number = _read_number(given, whole=whole)
    if number is None:
        raise ValueError("must be a whole number" if whole else "must be a number")
    if abs(number) > _LARGEST:
        raise ValueError("is too large")
    if field.minimum is not None and number < field.minimum:
        raise ValueError(f"at least {field.minimum:g}")
    if field.maximum is not None and number > field.maximum:
        raise ValueError(f"at most {field.maximum:g}")
    return number


def _read_number(given: FieldValue, *, whole: bool) -> int | float | None:
    if isinstance(given, bool) or given is None or len(str(given)) > _LONGEST_NUMBER:
        return None
    try:
        if whole and not isinstance(given, float):
            return int(given)
        number = float(given)
    except ValueError:
        return None
    if not math.isfinite(number) or (whole and not number.is_integer()):
        return None
    return int(number) if whole else number


def _truth(given: FieldValue) -> bool:
    said = str(given).lower()
    if said not in _TRUE | _FALSE:
        raise ValueError("must be true or false")
    return said in _TRUE
