"""The OpenAPI 3.1 document, read off the routes; every schema is msgspec's own.

Litestar's generator would lose `additionalProperties: false`, defaults and the constraints of list items, and
describe errors in a shape that is never sent.
"""

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from importlib.metadata import version
from inspect import cleandoc
from types import NoneType, UnionType
from typing import Annotated, Any, Final, TypeAlias, Union, get_args, get_origin

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg
from litestar.response import Stream
from litestar.routes import BaseRoute, HTTPRoute
from litestar.typing import FieldDefinition
from msgspec import Meta

from tickets.api import problems
from tickets.api.auth import SCOPE
from tickets.api.idempotency import HEADER, LONGEST_KEY, takes_key
from tickets.api.parameters import name, parameters, place
from tickets.api.problems import ProblemDocument

Json: TypeAlias = dict[str, Any]

ACCEPTS: Final = "accepts"
HIDDEN: Final[dict[str, object]] = {"hidden": True}
"""The `opt` of a route that is no part of the API."""

_REF = "#/components/schemas/{name}"
_CONSTRAINTS = ("gt", "ge", "lt", "le", "pattern", "min_length", "max_length")
_DESCRIPTION = (
    "Requests come in, run against promises, and find their agent. Every refusal is a problem document "
    "(RFC 9457). Lists are read page by page along `next`. Send `X-Correlation-Id` to find your request in "
    "our logs again."
)


def accepts(bodies: Mapping[str, Any]) -> dict[str, object]:
    """The `opt` of a route that reads its body itself: the type of each media type; `bytes` for raw ones."""
    return {ACCEPTS: dict(bodies)}


def describe(routes: Iterable[BaseRoute]) -> Json:
    """The document of these routes, as plain JSON values."""
    described = sorted(_operations(routes), key=lambda one: one[:2])
    schemas = _Schemas(handler for _, _, handler in described)
    paths: Json = {}
    for path, method, handler in described:
        paths.setdefault(path, {})[method.lower()] = _operation(handler, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tickets", "version": version("tickets"), "description": _DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": {"Problem": _problem()},
            "securitySchemes": {"apiKey": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operations(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if not handler.opt.get("hidden"):
                    methods = handler.http_methods - {"OPTIONS"}
                    yield from ((route.path_format, str(method), handler) for method in methods)


class _Schemas:
    """The schema of every type the handlers name, made in one go so that each struct is described once."""

    def __init__(self, handlers: Iterable[HTTPRouteHandler]) -> None:
        self._types = [ProblemDocument, *(kind for handler in handlers for kind in _types_of(handler))]
        found, self.components = msgspec.json.schema_components(
            self._types, ref_template=_REF, schema_hook=_any
        )
        self._schemas = list(found)
        for component in self.components.values():
            if "description" in component:
                component["description"] = cleandoc(component["description"])

    def of(self, kind: Any) -> Json:  # noqa: ANN401 - any type msgspec knows
        return dict(self._schemas[self._types.index(kind)])


def _any(_kind: type) -> Json:
    """The schema of `object`, the one type beyond msgspec's that routes show."""
    return {"description": "Any JSON value."}


def _types_of(handler: HTTPRouteHandler) -> Iterator[Any]:
    yield from (_parameter_type(field) for field in parameters(handler))
    yield from (kind for kind in _bodies(handler).values() if kind is not bytes)
    yield from (kind for _, kind, _ in _successes(handler) if kind not in (NoneType, bytes))


def _operation(handler: HTTPRouteHandler, schemas: _Schemas) -> Json:
    summary, _, description = cleandoc(handler.fn.__doc__ or "").partition("\n")
    scope = handler.opt.get(SCOPE, "admin")
    operation: Json = {
        "operationId": handler.operation_id or handler.fn.__name__,
        "tags": sorted(handler.tags or ()),
        "summary": summary,
        "description": " ".join(description.split()),
        "security": [{"apiKey": [scope]}] if scope else [],
        "parameters": [
            *(_parameter(one, schemas) for one in parameters(handler)),
            *_idempotency_key(handler),
        ],
    }
    if bodies := _bodies(handler):
        content = {media_type: _content(kind, schemas) for media_type, kind in bodies.items()}
        operation["requestBody"] = {"required": True, "content": content}
    operation["responses"] = {str(status): answer for status, answer in _answers(handler, schemas)}
    return {name: value for name, value in operation.items() if value or name == "security"}


def _answers(handler: HTTPRouteHandler, schemas: _Schemas) -> Iterator[tuple[int | str, Json]]:
    for status, kind, text in _successes(handler):
        content = {} if kind is NoneType else {"content": {_media_type(handler): _content(kind, schemas)}}
        yield status, {"description": text, **content}
    refusals: list[int | str] = [*_refusals(handler), "default"]
    for refusal in refusals:
        yield refusal, {"$ref": "#/components/responses/Problem"}


def _parameter_type(field: FieldDefinition) -> Any:  # noqa: ANN401 - any type msgspec knows
    kind = field.annotation
    if field.is_optional:
        kind = next(part for part in get_args(kind) if part is not NoneType)
    limits = {name: getattr(field.kwarg_definition, name, None) for name in _CONSTRAINTS}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    return Annotated[kind, Meta(**given)] if given else kind


def _parameter(field: FieldDefinition, schemas: _Schemas) -> Json:
    declared = field.kwarg_definition if isinstance(field.kwarg_definition, ParameterKwarg) else None
    schema = schemas.of(_parameter_type(field))
    if field.has_default and field.default is not None:
        schema["default"] = msgspec.to_builtins(field.default)
    described: Json = {
        "name": name(field),
        "in": place(field),
        "required": not field.has_default,
        "schema": schema,
    }
    if declared and declared.description:
        described["description"] = declared.description
    return described


def _idempotency_key(handler: HTTPRouteHandler) -> Iterator[Json]:
    if takes_key(handler):
        yield {
            "name": HEADER,
            "in": "header",
            "required": False,
            "description": "The same key and request again give the same answer and do nothing twice.",
            "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
        }


def _bodies(handler: HTTPRouteHandler) -> dict[str, Any]:
    if (data := handler.parsed_fn_signature.parameters.get("data")) is not None:
        return {"application/json": data.annotation}
    return dict(handler.opt.get(ACCEPTS, {}))


def _successes(handler: HTTPRouteHandler) -> Iterator[tuple[int, Any, str]]:
    kind = handler.parsed_fn_signature.return_type.annotation
    if get_origin(kind) is Response:
        (kind,) = get_args(kind)
    if kind is Stream:
        kind = bytes
    if get_origin(kind) in (Union, UnionType):  # an answer given again is passed on unread: the same type
        kind = Union[tuple(part for part in get_args(kind) if part is not msgspec.Raw)]  # noqa: UP007
    yield handler.status_code, NoneType if kind is None else kind, HTTPStatus(handler.status_code).phrase
    for status, spec in (handler.responses or {}).items():
        yield status, spec.data_container or NoneType, spec.description


def _media_type(handler: HTTPRouteHandler) -> str:
    media_type = handler.media_type
    return str(getattr(media_type, "value", media_type) or "application/json")


def _content(kind: Any, schemas: _Schemas) -> Json:  # noqa: ANN401 - any type msgspec knows
    return {} if kind is bytes else {"schema": schemas.of(kind)}


def _refusals(handler: HTTPRouteHandler) -> list[int]:
    """The refusals to expect of this route; those any route may give go under `default`."""
    taken = parameters(handler)
    found: set[int] = set()
    if handler.opt.get(SCOPE, "admin") is not None:
        found |= {401, 403}
    if _bodies(handler):
        found |= {413, 415, 422}
    if any(place(field) == "path" for field in taken):
        found.add(404)
    if any(field.name == "if_match" for field in taken):
        found |= {409, 412}
    return sorted(found)


def _problem() -> Json:
    schema = {"$ref": _REF.format(name=ProblemDocument.__name__)}
    return {
        "description": "What was wrong, and where.",
        "content": {problems.MEDIA_TYPE: {"schema": schema}},
    }
