"""What is raised while PostgreSQL is away, refuses us, or keeps a statement waiting: try again later."""

import asyncpg

from tickets.application.object_store import ObjectsAway

OUTAGES: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # its connection was told to end and has not yet
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)


def in_words(outage: Exception) -> str:
    """One sentence about an outage that may be told to anybody."""
    if isinstance(outage, asyncpg.DiskFullError):
        return "The database has no room left on its disk."
    if isinstance(outage, ObjectsAway):
        return "The object store does not answer; try again."
    return "The database does not answer; try again."
