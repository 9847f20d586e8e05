"""What the use cases refuse, as problem documents."""

from typing import Any

from litestar import Request, Response
from litestar.types import ExceptionHandlersMap

from tickets.api.conditional import changed_meanwhile
from tickets.api.problems import Fault, Problem, to_response
from tickets.application.arrivals.arrive import KeyReused
from tickets.application.desk.check import UnknownObject
from tickets.application.desk.fault import InvalidDesk, StillNamed
from tickets.application.ports import Superseded
from tickets.domain.errors import NotFound, OfferOver, Refused, Stale
from tickets.intake import Unreadable


def refuse(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The answer to a refusal."""
    return to_response(request, problem_of(error))


def problem_of(error: Exception) -> Problem:
    """The problem a refusal comes to."""
    match error:
        case NotFound() | UnknownObject():
            return Problem(404, _sentence(error))
        case Refused():
            kind = "offer-over" if isinstance(error, OfferOver) else None
            return Problem(409, _sentence(error), kind=kind)
        case Stale():
            return changed_meanwhile(error.epoch)
        case KeyReused():
            fault = Fault("was used for another request", parameter="Idempotency-Key")
            return Problem(
                422, "This Idempotency-Key is taken.", kind="idempotency-key-reused", errors=[fault]
            )
        case Unreadable() | InvalidDesk():
            faults = [Fault(fault.message, pointer=fault.pointer) for fault in error.faults]
            detail = "Others still name it." if isinstance(error, StillNamed) else "The body does not fit."
            return Problem(422, detail, errors=faults)
        case _:
            return Problem(503, "Too many wrote at once; try again.", headers={"Retry-After": "1"})


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


REFUSALS: ExceptionHandlersMap = dict.fromkeys(
    (NotFound, UnknownObject, Refused, OfferOver, Stale, KeyReused, Unreadable, InvalidDesk, Superseded),
    refuse,
)
"""For the application's `exception_handlers`."""
