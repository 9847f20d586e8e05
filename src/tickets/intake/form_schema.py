"""A form as JSON Schema (draft 2020-12), for whoever renders it."""

from tickets.intake.form import Form
from tickets.intake.form_answers import FormField

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
    """The JSON Schema of a submission; the honeypot is not in it, the submission id is."""
    properties = {field.name: _property(field) for field in form.fields}
    if form.submission_id:
        properties[form.submission_id] = {
            "type": "string",
            "title": "A fresh random value for every submission",
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": form.name,
        "type": "object",
        "properties": properties,
        "required": [field.name for field in form.fields if field.required],
        "additionalProperties": False,
    }


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
