"""An object store that is a folder: one file an object, there as a whole or not at all."""

import asyncio
import os
from pathlib import Path

from tickets.application.object_store import ObjectGone, ObjectsAway


class ObjectFolder:
    """The `ObjectStore` below a folder, which is made when the first object comes.

    Several processes may share it. What is written is flushed to the disk, its folders too, before it counts.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = str(folder)

    async def put(self, key: str, content: bytes) -> None:
        """Keep, whole or not at all. Raises `ObjectsAway`."""
        await asyncio.to_thread(self._put, self.folder / key, content)

    async def get(self, key: str) -> bytes:
        """What was put. Raises `ObjectsAway`, `ObjectGone`."""
        return await asyncio.to_thread(self._get, self.folder / key)

    async def delete(self, key: str) -> None:
        """Forget, and what a put that was killed left. Raises `ObjectsAway`."""
        await asyncio.to_thread(self._delete, self.folder / key)

    def _put(self, path: Path, content: bytes) -> None:
        part = _part(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(_private(part), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            for folder in path.parents:
                _flush(folder)
                if folder == self.folder.parent:  # it may be new itself
                    break
        except OSError as error:
            raise ObjectsAway(f"{self.place} cannot be written: {error.strerror or error}") from error

    def _get(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise ObjectGone(f"there is no {path}") from error
        except OSError as error:
            raise ObjectsAway(f"{self.place} cannot be read: {error.strerror or error}") from error

    def _delete(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
            _part(path).unlink(missing_ok=True)
        except OSError as error:
            raise ObjectsAway(f"{self.place} cannot be written: {error.strerror or error}") from error


def _part(path: Path) -> Path:
    """What is being written; found by whoever deletes the object."""
    return path.with_name(f"{path.name}.part")


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)


def _flush(folder: Path) -> None:
    """A name is on the disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
