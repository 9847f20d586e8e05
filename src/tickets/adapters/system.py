"""The one place that asks the machine for the time, for chance and for names."""

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


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): ids made later sort later."""
    return uuid_utils.compat.uuid7()
