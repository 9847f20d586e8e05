"""A form as JSON Schema (draft 2020-12), for whoever renders it."""

import msgspec

from tickets.intake.form import Form
from tickets.intake.form_answers import FormField
from tickets.intake.proof import FIELD

_SHAPES: dict[str, dict[str, object]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "email": {"type": "string", "format": "email"},
    "phone": {"type": "string", "format": "phone"},
    "date": {"type": "string", "format": "date"},
}


def schema_of_form(form: Form) -> dict[str, object]:
    """The JSON Schema of a submission. `x-` words are ours: what a page must do beyond asking.

    `x-honeypot` marks a field to be shown to nobody and left empty, `x-fresh` one to be filled with a new
    random value each time; `x-challenge` is where the puzzle is whose answer the field takes; `x-attachments`
    are the limits of files, which only multipart can carry.
    """
    properties = {field.name: _property(field) for field in form.fields}
    if form.submission_id:
        properties[form.submission_id] = {"type": "string", "x-fresh": True}
    if form.honeypot:
        properties[form.honeypot] = {"type": "string", "maxLength": 0, "x-honeypot": True}
    required = [field.name for field in form.fields if field.required]
    if form.proof:
        properties[FIELD] = {"type": "string", "x-challenge": f"/v1/forms/{form.key}/challenge"}
        required.append(FIELD)
    schema: dict[str, object] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": form.name,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    if form.attachments.count:
        schema["x-attachments"] = msgspec.to_builtins(form.attachments)
    return schema


def _property(field: FormField) -> dict[str, object]:
    described = {**_SHAPES[field.type], "title": field.label or field.name}
    if described["type"] == "string":
        described["maxLength"] = field.max_length
    if field.enum:
        described["enum"] = list(field.enum)
    if field.minimum is not None:
        described["minimum"] = field.minimum
    if field.maximum is not None:
        described["maximum"] = field.maximum
    return described
