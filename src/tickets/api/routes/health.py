"""Whether we live, whether we can serve, and our metrics: for orchestrators and Prometheus, without a key."""

from litestar import Response, get
from msgspec import Struct

from tickets.api.auth import PUBLIC
from tickets.api.parts import FromParts
from tickets.api.problems import Problem
from tickets.errors import DatabaseTooNew
from tickets.observability import metrics
from tickets.persistence.migrate import pending

_TAGS = ["Operations"]


class Health(Struct, frozen=True):
    """All is well; otherwise it is a problem document."""

    status: str = "ok"


@get("/livez", opt=PUBLIC, tags=_TAGS, operation_id="isAlive")
async def is_alive() -> Health:
    """The process answers. Nothing else is asked: a restart would not mend a database."""
    return Health()


@get("/readyz", opt=PUBLIC, tags=_TAGS, operation_id="isReady")
async def is_ready(parts: FromParts) -> Health:
    """The database answers and has the schema of this release; 503 otherwise."""
    try:
        missing = await pending(parts.engine)
    except DatabaseTooNew as reason:
        raise Problem(503, str(reason)) from reason
    if missing:
        raise Problem(503, f"Migrations have to run first: {', '.join(missing)}.")
    return Health()


@get("/metrics", opt=PUBLIC, tags=_TAGS, operation_id="readMetrics", media_type="text/plain")
async def read_metrics(parts: FromParts) -> Response[bytes]:
    """Metrics in Prometheus' text format."""
    await parts.measure()
    return Response(parts.metrics.exposition(), media_type=metrics.MEDIA_TYPE)


ROUTES = (is_alive, is_ready, read_metrics)
