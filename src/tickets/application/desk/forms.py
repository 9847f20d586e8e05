"""What a form of the desk may be: its questions, what its answers mean, its limits."""

import re
from collections.abc import Iterator

from tickets.application.desk.fault import Faults
from tickets.application.desk.model import Desk
from tickets.intake import Form, read_rate
from tickets.intake.unreadable import pointer

_PLACE = re.compile(r"\{([^{}]+)\}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_ORIGIN = re.compile(r"https?://[^/\s?#@]+|\*")
_REDIRECT = re.compile(r"(?:https://[^/\s?#@\\]+)?(?:/(?![/\\])[\x21-\x5b\x5d-\x7e]*)?")
_ANSWERS = ("customer_name", "email", "phone", "language", "region", "priority")


def check_forms(desk: Desk, faults: Faults) -> None:
    """Note every form that cannot be, and every country that is none."""
    for key, form in desk.forms.items():
        at = pointer("forms", key)
        _questions(form, at, faults)
        for where, name in _named(form):
            fields = [field.name for field in form.fields]
            if name not in fields:
                faults.unknown(at + where, "field", name, fields)
        _limits(form, at, faults)
    for kind, entrances in (
        ("forms", desk.forms),
        ("message_accounts", desk.message_accounts),
        ("hotlines", desk.hotlines),
    ):
        for key, entrance in entrances.items():
            if not _COUNTRY.fullmatch(entrance.country):
                faults.add(pointer(kind, key, "country"), f"{entrance.country!r} is not two capital letters")


def _questions(form: Form, at: str, faults: Faults) -> None:
    names: set[str] = set()
    for n, field in enumerate(form.fields):
        here = f"{at}/fields/{n}"
        if not field.name:
            faults.add(f"{here}/name", "a field needs a name")
        if field.name in names:
            faults.add(f"{here}/name", f"a second field called {field.name!r}")
        if field.name in (form.honeypot, form.submission_id):
            faults.add(f"{here}/name", f"{field.name!r} is the honeypot or the submission id, not a question")
        if form.proof and field.name == "altcha":
            faults.add(f"{here}/name", "'altcha' is the answer to the challenge, not a question")
        names.add(field.name)
        if field.max_length < 1:
            faults.add(f"{here}/max_length", "must be at least 1")
        if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
            faults.add(f"{here}/maximum", "is below the minimum")
        if len(set(field.enum)) < len(field.enum):
            faults.add(f"{here}/enum", "lists a value twice")
    if form.honeypot is not None and form.honeypot == form.submission_id:
        faults.add(f"{at}/honeypot", "cannot be the submission id as well")


def _named(form: Form) -> Iterator[tuple[str, str]]:
    """Every field the mapping names, and where."""
    for place in ("subject", "text"):
        for name in _PLACE.findall(getattr(form.mapping, place)):
            yield f"/mapping/{place}", name
    for place in _ANSWERS:
        name = getattr(form.mapping, place)
        if name is not None:
            yield f"/mapping/{place}", name


def _limits(form: Form, at: str, faults: Faults) -> None:
    if form.same_within.total_seconds() < 0:
        faults.add(f"{at}/same_within", "cannot be negative")
    for name in ("count", "size"):
        if getattr(form.attachments, name) < 0:
            faults.add(f"{at}/attachments/{name}", "cannot be negative")
    for n, origin in enumerate(form.origins):
        if not _ORIGIN.fullmatch(origin):
            faults.add(f"{at}/origins/{n}", f"{origin!r} is no origin such as https://shop.example.vn")
    if form.rate is not None:
        try:
            read_rate(form.rate)
        except ValueError as error:
            faults.add(f"{at}/rate", str(error))
    if form.redirect is not None and not (form.redirect and _REDIRECT.fullmatch(form.redirect)):
        faults.add(
            f"{at}/redirect", f"{form.redirect!r} is neither an https:// address nor a path such as /thanks"
        )
