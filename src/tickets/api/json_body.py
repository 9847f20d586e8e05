"""How a route's `data: JSONBody[T]` is read: JSON only, strictly typed, with every fault named at once.

Litestar itself would take any content type for JSON, turn `"5"` into 5 and stop at the first fault.
"""

from collections.abc import Generator, Iterator
from functools import cache
from typing import Any

import msgspec
from litestar.dto import AbstractDTO
from litestar.dto.data_structures import DTOFieldDefinition
from litestar.typing import FieldDefinition

from tickets.api.json_faults import find_faults, find_nul, to_fault
from tickets.api.problems import Fault, Problem

_NUL = b"\\u0000"


def read_json(body: bytes, kind: Any) -> Any:  # noqa: ANN401 - of the kind asked for
    """A body as a value of a kind. Raises `Problem` 400 for what is not JSON, 422 for what does not fit."""
    try:
        value = _decoder(kind).decode(body)
        if _NUL not in body:
            return value
    except (msgspec.ValidationError, RecursionError):
        pass
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(error) from error
    faults = tuple(_all_faults(body, kind))
    if not faults:  # the NUL was an escaped backslash before "u0000"
        return value
    raise Problem(422, "The body does not fit.", errors=faults)


def is_json(media_type: str) -> bool:
    """Whether a media type is `application/json` or one built on it (`application/merge-patch+json`)."""
    return media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )


class StrictJson(AbstractDTO[Any]):
    """The application's body reader; Litestar hands it the bytes and trusts what it returns."""

    def decode_bytes(self, value: bytes) -> Any:  # noqa: ANN401 - of the kind the route declares
        """The body as the route's type. Raises `Problem` 400, 415 or 422."""
        request = self.asgi_connection
        media_type = request.headers.get("content-type", "").partition(";")[0]
        if not is_json(media_type.strip().lower()):
            raise Problem(415, "Send the body as application/json.", headers={"Accept": "application/json"})
        return read_json(value, request.route_handler.parsed_data_field.annotation)

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: object = None
    ) -> None:
        """Do nothing: msgspec's decoder is all there is."""

    @classmethod
    def generate_field_definitions(
        cls,
        model_type: type[Any],  # noqa: ARG003 - Litestar's signature
    ) -> Generator[DTOFieldDefinition, None, None]:
        """None: nothing is transferred field by field."""
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:  # noqa: ARG003 - Litestar's
        """No field is looked into."""
        return False


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:  # noqa: ANN401 - any type msgspec knows
    return msgspec.json.Decoder(kind)


def _all_faults(body: bytes, kind: Any) -> Iterator[Fault]:  # noqa: ANN401 - any type msgspec knows
    try:
        value = msgspec.json.decode(body)
        yield from find_nul(value)
        yield from find_faults(value, kind)
    except msgspec.ValidationError as error:  # a number no machine can hold
        yield to_fault(str(error))
    except RecursionError:
        yield Fault("is nested too deeply", pointer="")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> Problem:
    reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
    return Problem(400, f"The body is not JSON: {reason}.", errors=[Fault(reason, pointer="")])
