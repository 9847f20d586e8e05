"""Where what is too large for a row is kept: a folder or a bucket, by key."""

from typing import Protocol


class ObjectsAway(OSError):  # noqa: N818 - a condition, not a bug
    """The object store does not answer, refuses us or has no room: try again later."""


class ObjectGone(LookupError):  # noqa: N818 - a condition, not a bug
    """There is nothing under a key. Waiting does not help."""


class ObjectStore(Protocol):
    """Bytes by key. Keys are made once (`envelope/7f/<uuid>`) and their bytes never change."""

    place: str
    """Where it is, for people; without passwords."""

    async def put(self, key: str, content: bytes) -> None:
        """Keep: whole or not at all, and once this returns it outlives a power cut. Raises `ObjectsAway`."""

    async def get(self, key: str) -> bytes:
        """What was put. Raises `ObjectsAway`, `ObjectGone`."""

    async def delete(self, key: str) -> None:
        """Forget, and whatever a put that was killed left; doing it again is fine. Raises `ObjectsAway`."""
