"""What a route takes beside its body, read off its signature; what else stands in the query is refused."""

from functools import cache
from typing import Any, Final

from litestar import Request
from litestar.constants import RESERVED_KWARGS
from litestar.handlers import BaseRouteHandler
from litestar.params import ParameterKwarg
from litestar.typing import FieldDefinition

from tickets.api.problems import Fault, Problem

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


@cache
def _known(handler: BaseRouteHandler) -> tuple[str, ...]:
    return tuple(sorted(name(field) for field in parameters(handler) if place(field) == "query"))
