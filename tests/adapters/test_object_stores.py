"""Every object store keeps the same promises, whether it is a folder or a bucket."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.adapters.stores import ACCESS, bucket_server

from tickets.adapters.object_bucket import ObjectBucket
from tickets.adapters.object_folder import ObjectFolder
from tickets.application.object_store import ObjectGone, ObjectsAway, ObjectStore

KEY = "envelope/7f/0199-tivi"


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as environment, bucket_server(tmp_path_factory.mktemp("s3")) as url:
        for name, value in ACCESS.items():
            environment.setenv(name, value)
        yield url


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "folder":
        return ObjectFolder(tmp_path / "not" / "there" / "yet")
    return ObjectBucket(request.getfixturevalue("bucket"))


async def test_what_was_put_is_got_again_and_once_deleted_is_gone(store: ObjectStore) -> None:
    content = bytes(range(256)) * 20_000
    await store.put(KEY, content)
    await store.put(f"{KEY}.2", b"")
    assert await store.get(KEY) == content
    assert await store.get(f"{KEY}.2") == b""
    await store.delete(KEY)
    await store.delete(KEY)  # again is fine
    with pytest.raises(ObjectGone):
        await store.get(KEY)
    assert await store.get(f"{KEY}.2") == b""


async def test_a_bucket_that_is_not_there_says_so_in_one_line(bucket: str) -> None:
    for url in (
        bucket.replace("envelopes", "elsewhere"),
        "s3://envelopes?endpoint=http://127.0.0.1:1&region=x",
    ):
        store = ObjectBucket(url)
        with pytest.raises(ObjectsAway, match="refuses or is away") as away:
            await store.put(KEY, b"x")
        assert "\n" not in str(away.value)


async def test_what_a_killed_put_left_goes_with_the_object(tmp_path: Path) -> None:
    store = ObjectFolder(tmp_path)
    part = tmp_path / f"{KEY}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half a m")
    with pytest.raises(ObjectGone):
        await store.get(KEY)
    await store.delete(KEY)
    assert not part.exists()


async def test_objects_are_for_the_eyes_of_the_service_only(tmp_path: Path) -> None:
    store = ObjectFolder(tmp_path)
    await store.put(KEY, b"x")
    assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o600


async def test_a_folder_that_cannot_be_written_is_away(tmp_path: Path) -> None:
    (tmp_path / "envelope").write_bytes(b"a file where a folder should be")
    store = ObjectFolder(tmp_path)
    with pytest.raises(ObjectsAway, match="cannot be written"):
        await store.put(KEY, b"x")
    assert os.listdir(tmp_path) == ["envelope"]  # noqa: PTH208 - nothing else was left
