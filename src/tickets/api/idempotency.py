"""`Idempotency-Key` on a POST or PATCH: the same request again gives the same answer and does nothing twice.

The answer is kept in the transaction that gave it, so there is no moment between doing and remembering.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler
from msgspec import Raw, Struct

from tickets.api.auth import Call
from tickets.api.conditional import etag
from tickets.api.parts import Parts
from tickets.api.problems import Fault, Problem
from tickets.application.house import ATTEMPTS
from tickets.application.ports import Idempotent, Superseded

HEADER = "Idempotency-Key"
LONGEST_KEY = 255

_KEYLESS: Final = "keyless"
ONLY_ASKS: Final[dict[str, object]] = {_KEYLESS: True}
"""The `opt` of a POST that changes nothing, so that there is nothing to do once."""
AGAIN_IS_FINE: Final[dict[str, object]] = {_KEYLESS: True}
"""The `opt` of what may come any number of times and mean the same: a heartbeat, facts of a customer."""
NAMED_BY_SENDER: Final[dict[str, object]] = {_KEYLESS: True}
"""The `opt` of a POST whose sender's own ids tell what comes twice: providers know no header of ours."""

_KEY = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_KEY}}}")


class Answer(Struct, frozen=True):
    """An answer that can be given again: its status, and its body as JSON."""

    status: int
    body: bytes


def takes_key(handler: HTTPRouteHandler) -> bool:
    """Whether a route heeds the header: every POST and PATCH that does something."""
    return bool({"POST", "PATCH"} & handler.http_methods) and not handler.opt.get(_KEYLESS)


async def idempotent(request: Call) -> Idempotent | None:
    """What the caller's key stands for, None when it sent none. Raises `Problem` 400 for an unusable key."""
    key = given_key(request)
    if key is None:
        return None
    return Idempotent(api_key=request.auth.id, key=key, fingerprint=await fingerprint(request))


def given_key(request: Request[Any, Any, Any]) -> str | None:
    """The header, checked: 1 to 255 visible ASCII characters."""
    key = request.headers.get(HEADER)
    if key is not None and not _KEY.fullmatch(key):
        fault = Fault(f"must be 1 to {LONGEST_KEY} visible ASCII characters", parameter=HEADER)
        raise Problem(400, "A parameter of the request cannot be used.", errors=[fault])
    return key


async def fingerprint(request: Request[Any, Any, Any]) -> bytes:
    """SHA-256 of method, path and body: what must be the same for a request to be the same."""
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode())
    digest.update(await request.body())
    return digest.digest()


def must_be_same(asked: Idempotent, kept_fingerprint: bytes) -> None:
    """Let the kept answer be given again. Raises `Problem` 422 when the key was used for another request."""
    if asked.fingerprint != kept_fingerprint:
        fault = Fault("was used for another request", parameter=HEADER)
        raise Problem(422, f"This {HEADER} is taken.", kind="idempotency-key-reused", errors=[fault])


async def once(parts: Parts, request: Call, act: Callable[[], Awaitable[Answer]]) -> Answer:
    """Do `act` in one transaction, or give the answer kept under the caller's key.

    Of several at once with one key, one acts and the others wait for its answer. A problem `act` raises
    undoes all, so the key stays free.
    """
    asked = await idempotent(request)
    async with parts.engine.transaction():
        if asked is None:
            answer = await act()
        else:
            answer = await _once(parts, asked, act)
    return answer


async def once_nobody_is_first(parts: Parts, request: Call, act: Callable[[], Awaitable[Answer]]) -> Answer:
    """As `once`, decided anew while others write first, `ATTEMPTS` times at most. Raises `Superseded`."""
    for _ in range(ATTEMPTS - 1):
        with suppress(Superseded):
            return await once(parts, request, act)
    return await once(parts, request, act)


async def repeatable(parts: Parts, request: Call, act: Callable[[], Awaitable[Answer]]) -> Answer:
    """As `once`, for an act that has its own transactions and is harmless to do twice.

    The key is taken before `act` and freed when it raises. A process that dies in between leaves it taken for
    this request alone, which may come again.
    """
    asked = await idempotent(request)
    if asked is None:
        return await act()
    kept = await parts.idempotency.claim(asked, parts.now())
    if kept is not None:
        must_be_same(asked, kept.fingerprint)
        if kept.status:
            return Answer(kept.status, bytes(kept.answer))
    try:
        answer = await act()
    except Exception:
        await parts.idempotency.release(asked)
        raise
    await parts.idempotency.keep(asked, answer.status, answer.body)
    return answer


async def _once(parts: Parts, asked: Idempotent, act: Callable[[], Awaitable[Answer]]) -> Answer:
    if (kept := await parts.idempotency.claim(asked, parts.now())) is not None:
        must_be_same(asked, kept.fingerprint)
        return Answer(kept.status, bytes(kept.answer))
    answer = await act()
    await parts.idempotency.keep(asked, answer.status, answer.body)
    return answer


class _Epoch(Struct):
    epoch: int


def with_etag(answer: Answer) -> Response[Any]:
    """An answer that shows a ticket, or what else has an `epoch`, with the entity tag of that."""
    epoch = msgspec.json.decode(answer.body, type=_Epoch).epoch
    return Response(Raw(answer.body), status_code=answer.status, headers={"ETag": etag(epoch)})
