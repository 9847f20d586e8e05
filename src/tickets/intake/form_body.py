"""Bodies of HTTP forms: JSON, urlencoded and multipart become one `Submission`."""

from msgspec import Struct

from tickets.domain.draft import Attachment

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
    raise NotImplementedError
