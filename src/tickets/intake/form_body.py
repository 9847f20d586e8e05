"""Bodies of HTTP forms: JSON, urlencoded and multipart become one `Submission`."""

from urllib.parse import parse_qsl

from msgspec import Struct
from python_multipart import FormParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File

from tickets.domain.draft import Attachment
from tickets.intake.charset import decode
from tickets.intake.headers import parse_parameters
from tickets.intake.text import NAME_LIMIT, line
from tickets.intake.unreadable import Fault, Unreadable, pointer
from tickets.intake.wire import decode_object, refuse_nul

FIELDS_LIMIT = 200
"""Answers in one body."""
FILES_LIMIT = 50
"""Files in one body, before a form's own limit."""
BODY_LIMIT = 60_000_000
"""Bytes of one body."""

FormValue = str | int | float | bool | None


class Submission(Struct, frozen=True):
    """Answers by field name, and the files."""

    values: dict[str, FormValue]
    files: tuple[Attachment, ...] = ()


def decode_body(body: bytes, content_type: str) -> Submission:
    """The submission in an HTTP `body` of this `Content-Type`.

    Raises:
        Unreadable: not decodable as what it says it is, or beyond the limits.
    """
    media_type, parameters = parse_parameters(content_type)
    if len(body) > BODY_LIMIT:
        raise Unreadable([Fault("", f"more than {BODY_LIMIT} bytes")])
    match media_type:
        case "application/json":
            return Submission(_scalars(decode_object(body)))
        case "application/x-www-form-urlencoded":
            return Submission(_single(_urlencoded(body, parameters.get("charset", ""))))
        case "multipart/form-data":
            return _multipart(body, parameters.get("boundary", ""))
    raise Unreadable(
        [Fault("", "Content-Type must be JSON, application/x-www-form-urlencoded or multipart/form-data")]
    )


def _scalars(answers: dict[str, object]) -> dict[str, FormValue]:
    faults = _too_many(len(answers)) or refuse_nul(answers)
    values: dict[str, FormValue] = {}
    for name, value in answers.items():
        if value is None or isinstance(value, str | int | float | bool):
            values[name] = value
        else:
            faults.append(Fault(pointer(name), "must be text, a number, true, false or null"))
    if faults:
        raise Unreadable(faults)
    return values


def _urlencoded(body: bytes, charset: str) -> list[tuple[str, str]]:
    """Percent signs are undone as Latin-1 bytes, then read as text by the charset (UTF-8 unless said)."""
    try:
        pairs = parse_qsl(
            body.decode("latin-1"), keep_blank_values=True, encoding="latin-1", max_num_fields=FIELDS_LIMIT
        )
    except ValueError as error:
        raise Unreadable(_too_many(FIELDS_LIMIT + 1)) from error
    return [(_text(name, charset), _text(value, charset)) for name, value in pairs]


def _text(value: str, charset: str) -> str:
    return decode(value.encode("latin-1"), charset)


def _multipart(body: bytes, boundary: str) -> Submission:
    fields: list[tuple[str, str]] = []
    files: list[Attachment] = []

    def on_field(field: Field) -> None:
        if len(fields) > FIELDS_LIMIT:
            raise FormParserError("too many fields")
        fields.append((decode(field.field_name or b""), decode(field.value or b"")))

    def on_file(file: File) -> None:
        file.file_object.seek(0)
        content = file.file_object.read()
        name = line(decode(file.file_name or b""), NAME_LIMIT).replace("\\", "/").rpartition("/")[2]
        if len(files) > FILES_LIMIT:
            raise FormParserError("too many files")
        if name or content:  # a file input left empty sends a nameless empty part
            media_type = parse_parameters(file.content_type or "application/octet-stream")[0]
            files.append(Attachment(name=name or "file", media_type=media_type, content=content))

    def on_end() -> None:
        complete.append(True)

    complete: list[bool] = []
    in_memory = {"MAX_MEMORY_FILE_SIZE": BODY_LIMIT}
    try:
        parser = FormParser("multipart/form-data", on_field, on_file, on_end, boundary, config=in_memory)
        parser.write(body)
        parser.finalize()
        if not complete:
            raise FormParserError("it ends before its last boundary")  # noqa: TRY301  # told like the others
    except (FormParserError, ValueError) as error:
        raise Unreadable([Fault("", f"not multipart/form-data: {error}")]) from error
    return Submission(_single(fields), tuple(files))


def _single(pairs: list[tuple[str, str]]) -> dict[str, FormValue]:
    values: dict[str, FormValue] = {}
    faults = _too_many(len(pairs))
    for name, value in pairs:
        if name in values:
            faults.append(Fault(pointer(name), "is given more than once"))
        values[name] = value
    faults += refuse_nul(values)
    if faults:
        raise Unreadable(faults)
    return values


def _too_many(count: int) -> list[Fault]:
    return [Fault("", f"more than {FIELDS_LIMIT} fields")] if count > FIELDS_LIMIT else []
