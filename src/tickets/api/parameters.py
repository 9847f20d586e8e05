"""What a route takes beside its body, read off its signature; what else stands in the query is refused."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from litestar import Request, Response
from litestar.constants import RESERVED_KWARGS
from litestar.exceptions import ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.params import ParameterKwarg
from litestar.typing import FieldDefinition

from tickets.api.fault_words import in_words
from tickets.api.problems import Fault, Problem, to_response

_LENIENT: Final = "any_query"
ANY_QUERY: Final[dict[str, object]] = {_LENIENT: True}
"""The `opt` of a route whose callers cannot help adding to its address: tracked links, telephone systems."""


def parameters(handler: BaseRouteHandler) -> list[FieldDefinition]:
    """The parameters of path, query and header, in the order of the signature."""
    others = {*RESERVED_KWARGS, *handler.resolve_dependencies()}
    return [field for name, field in handler.parsed_fn_signature.parameters.items() if name not in others]


def place(field: FieldDefinition) -> str:
    """`path`, `query` or `header`; a parameter that says nothing is in the query."""
    declared = field.kwarg_definition
    return declared.param_type.value if isinstance(declared, ParameterKwarg) else "query"


def name(field: FieldDefinition) -> str:
    """What callers call it."""
    declared = field.kwarg_definition
    return (declared.name if isinstance(declared, ParameterKwarg) else None) or field.name


def refuse_strange(request: Request[Any, Any, Any]) -> None:
    """Turn away a query parameter that would do nothing: misspelt, a filter lets everything through.

    Raises `Problem` 400 with a fault for each.
    """
    handler = request.route_handler
    if handler.opt.get(_LENIENT):
        return
    known = _known(handler)
    strange = [given for given in dict.fromkeys(request.query_params) if given not in known]
    if strange:
        offer = f"there are {', '.join(known)}" if known else "there are none here"
        faults = [Fault(f"is not a query parameter; {offer}", parameter=given) for given in strange]
        raise Problem(400, "A parameter of the request cannot be used.", errors=faults)


def refuse_unreadable(request: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    """Litestar's faults of path, query and header, in our shape. Bodies are checked by `json_body`."""
    fields = {field.name: field for field in parameters(request.route_handler)}
    extra = error.extra if isinstance(error.extra, list) else []
    faults = [_fault(one, fields) for one in extra if isinstance(one, dict)]
    if any(fault.pointer is not None for fault in faults):
        return to_response(request, Problem(400, "The request needs a JSON body.", errors=faults))
    said = "A parameter of the request cannot be used."
    return to_response(request, Problem(400, said, errors=faults))


_MISSING = re.compile(r"^'\w+'$|^Missing required")


def _fault(one: Mapping[str, object], fields: Mapping[str, FieldDefinition]) -> Fault:
    key, message = str(one.get("key", "")), str(one.get("message", ""))
    if key == "data":
        return Fault("the body is empty", pointer="")
    field = fields.get(key)
    detail = "is required" if _MISSING.match(message) else in_words(message, field and field.annotation)
    if "+07:00" in detail:
        detail += "; in an address + is written %2B"
    return Fault(detail, parameter=(name(field) if field else key) or None)


@cache
def _known(handler: BaseRouteHandler) -> tuple[str, ...]:
    return tuple(sorted(name(field) for field in parameters(handler) if place(field) == "query"))
