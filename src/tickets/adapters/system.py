"""The one place that asks the machine for the time, for chance and for names."""

import gc
import random
import secrets
from datetime import UTC, datetime
from uuid import UUID

import uuid_utils.compat

random_bytes = secrets.token_bytes
"""So many bytes nobody can guess."""

chance = random.SystemRandom().random
"""A number from 0 up to 1, for jitter."""


def now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)


def settle_heap() -> None:
    """Take what is loaded by now for permanent: the garbage collector looks at the rest, and less often.

    Going over a whole service's code and configuration again and again cost 6 % of a loaded server's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): ids made later sort later."""
    return uuid_utils.compat.uuid7()
