"""Which websites' pages may speak to a form (CORS, Fetch standard §3.2). Servers send no Origin, and may."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from tickets.api.problems import Problem

VARY = {"Vary": "Origin"}
_SEEN = "Location, Retry-After, X-Correlation-Id"
_SENT = "Content-Type, Idempotency-Key, X-Correlation-Id"
_REMEMBERED = "600"
_DEFAULT_PORTS = {"http": 80, "https": 443}


def cors(origin: str | None, allowed: Sequence[str], public_url: str) -> dict[str, str]:
    """The headers by which a browser at `origin` may read our answer; `public_url` is ourselves.

    Raises `Problem` 403 for an origin that is not allowed; `*` allows every one.
    """
    if origin is None or normal_origin(origin) == normal_origin(public_url):
        return VARY
    if "*" in allowed:
        return {**VARY, "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": _SEEN}
    if normal_origin(origin) not in {normal_origin(one) for one in allowed}:
        raise Problem(
            403,
            "Pages of this origin may not use this form; `origins` of the form lists who may.",
            kind="origin-not-allowed",
            headers=VARY,
        )
    return {**VARY, "Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _SEEN}


def preflight(granted: dict[str, str], methods: str) -> dict[str, str]:
    """The headers of the answer to a preflight request: what `cors` granted, and what may be sent."""
    return {
        **granted,
        "Allow": methods,
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": _SENT,
        "Access-Control-Max-Age": _REMEMBERED,
    }


def normal_origin(text: str) -> str:
    """Scheme, host and port in one spelling; what is none (such as `null`) stays as it is."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return text
    if not parts.hostname:
        return text
    shown = "" if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{port}"
    return f"{parts.scheme}://{parts.hostname}{shown}"
