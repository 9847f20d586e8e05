"""An object store that is a bucket of S3 or of a server that speaks like it (`pip install 'tickets[s3]'`)."""

from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qsl, urlsplit

from tickets.application.object_store import ObjectGone, ObjectsAway
from tickets.errors import SettingsInvalid

if TYPE_CHECKING:
    from obstore.store import RetryConfig, S3Config, S3Store

_TIMEOUT = "20s"
_RETRY: "RetryConfig" = {"max_retries": 3}


class ObjectBucket:
    """The `ObjectStore` at `s3://bucket/prefix?endpoint=https://…&region=…`.

    Keys and roles come from the environment, as every tool of S3 takes them. Raises `SettingsInvalid` when
    the client is not installed.
    """

    def __init__(self, url: str) -> None:
        self.place = url
        self._store = _opened(url)

    async def put(self, key: str, content: bytes) -> None:
        """Keep. Raises `ObjectsAway`."""
        try:
            await self._store.put_async(key, content)
        except Exception as error:
            raise self._away(error) from error

    async def get(self, key: str) -> bytes:
        """What was put. Raises `ObjectsAway`, `ObjectGone`."""
        try:
            found = await self._store.get_async(key)
            return bytes(await found.bytes_async())
        except FileNotFoundError as error:
            raise ObjectGone(f"there is no {key} in {self.place}") from error
        except Exception as error:
            raise self._away(error) from error

    async def delete(self, key: str) -> None:
        """Forget. Raises `ObjectsAway`."""
        try:
            await self._store.delete_async(key)
        except FileNotFoundError:
            return
        except Exception as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> ObjectsAway:
        """One line: the library's own words go on for many, with the request in them."""
        return ObjectsAway(f"{self.place} refuses or is away: {str(error).strip().splitlines()[0]}")


def _opened(url: str) -> "S3Store":
    try:
        from obstore.store import S3Store  # noqa: PLC0415 - an optional dependency
    except ImportError as missing:
        raise SettingsInvalid("TICKETS_OBJECT_STORE needs a client: pip install 'tickets[s3]'.") from missing
    parts = urlsplit(url)
    config = cast("S3Config", dict(parse_qsl(parts.query)))  # the settings let only these two through
    return S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        config=config,
        client_options={"timeout": _TIMEOUT, "connect_timeout": "5s", "allow_http": True},
        retry_config=_RETRY,
    )
