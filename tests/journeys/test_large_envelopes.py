"""What is too large for a row stands in an object store: before its row, and gone after it."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.adapters.stores import ACCESS, bucket_server
from tests.journeys.conftest import Shop, opened
from tests.journeys.test_bad_input import problem

from tickets.application.object_store import ObjectsAway
from tickets.errors import CannotStart
from tickets.persistence.objects import GRACE
from tickets.worker.tidying import tidy

MAIL = {"Content-Type": "message/rfc822"}
LIMIT = {"TICKETS_OBJECT_SIZE": "20000"}


def letter(number: int = 1, size: int = 60_000, extra: str = "") -> bytes:
    """A mail with a file of so many bytes."""
    return (
        f"From: Lan <lan@example.vn>\r\nTo: cskh@shop.example.vn\r\nSubject: Ảnh số {number}\r\n"
        f"Message-ID: <{number}@example.vn>\r\nMIME-Version: 1.0\r\n{extra}"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nTivi hỏng, xem ảnh.\r\n"
        "--b\r\nContent-Type: image/jpeg\r\nContent-Disposition: attachment; filename=tivi.jpg\r\n\r\n"
        + "x" * size + "\r\n--b--\r\n"
    ).encode()  # fmt: skip


async def send(shop: Shop, raw: bytes, status: int = 201) -> dict[str, Any]:
    answer = await shop.client.post("/v1/intake/inbox/cskh", content=raw, headers=MAIL)
    assert answer.status_code == status, answer.text
    received: dict[str, Any] = answer.json()
    return received


async def sweep(shop: Shop, kept: timedelta | None = None) -> None:
    parts = shop.app.parts
    await tidy(parts.envelopes, parts.objects, parts.metrics, kept, shop.now())


def objects(folder: Path) -> list[str]:
    """The keys in a folder, but for its mark."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(key for key in found if not key.startswith("store/"))


async def bodies(shop: Shop) -> list[tuple[bool, bool, int]]:
    """Of every envelope, oldest first: whether its body stands in its row, in the store, its bytes."""
    rows = await shop.app.engine.fetch(
        "SELECT body IS NOT NULL, object IS NOT NULL, bytes FROM envelope ORDER BY id"
    )
    return [tuple(row) for row in rows]


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as environment, bucket_server(tmp_path_factory.mktemp("s3")) as url:
        for name, value in ACCESS.items():
            environment.setenv(name, value)
        yield url


@pytest.mark.parametrize("place", ["folder", "bucket"])
async def test_a_large_mail_is_read_back_from_the_store(
    database_url: str, tmp_path: Path, place: str, request: pytest.FixtureRequest
) -> None:
    store = {"TICKETS_OBJECT_STORE": request.getfixturevalue("bucket")} if place == "bucket" else {}
    async with opened(database_url, tmp_path, {**LIMIT, **store}) as shop:
        ticket = (await send(shop, letter()))["ticket"]
        await send(shop, letter(2, size=10))
        assert await bodies(shop) == [(False, True, len(letter())), (True, False, len(letter(2, size=10)))]
        assert await shop.app.engine.fetch_value("SELECT count(*) FROM object_unclaimed") == 0
        (_, large) = (await shop.get("/v1/envelopes"))["items"]
        assert (large["bytes"], large["dropped_at"]) == (len(letter()), None)
        assert (await shop.post(f"/v1/envelopes/{large['id']}/replay"))["ticket"] == ticket
        kept = await shop.app.parts.envelopes.read(UUID(large["id"]))
        assert kept is not None
        assert kept.body == letter()
        assert await shop.app.parts.take_mail.is_known("cskh", letter())
        customer = (await shop.get(f"/v1/tickets/{ticket}"))["customer"]["id"]
        export = await shop.get(f"/v1/customers/{customer}/export")
        assert sorted(each["bytes"] for each in export["envelopes"]) == sorted(
            b for _, _, b in await bodies(shop)
        )


async def test_a_large_file_of_a_mail_stands_in_the_store_too(database_url: str, tmp_path: Path) -> None:
    async with opened(database_url, tmp_path, LIMIT) as shop:
        await send(shop, letter())
        row = await shop.app.engine.fetch_row("SELECT content, object, bytes FROM attachment")
        assert row is not None
        assert (row[0], row[2]) == (None, 60_000)
        assert await shop.app.parts.objects.get(row[1]) == b"x" * 60_000


async def test_a_process_that_died_between_object_and_row_leaves_an_orphan_that_is_swept(
    database_url: str, tmp_path: Path
) -> None:
    async with opened(database_url, tmp_path, LIMIT) as shop:
        folder = tmp_path / "objects"
        key = await shop.app.parts.objects.put("envelope", UUID(int=7), letter(), shop.now())
        assert objects(folder) == [key]
        await sweep(shop)
        assert objects(folder) == [key], "its row may still come"
        shop.instant += GRACE + timedelta(seconds=1)
        await send(shop, letter(2))
        await sweep(shop)
        left = objects(folder)
        assert key not in left
        assert len(left) == 2, "the mail that came in between, and its file"


async def test_a_row_that_comes_after_the_sweep_is_refused(database_url: str, tmp_path: Path) -> None:
    """Never a row without its object: whoever was so slow does it again."""
    async with opened(database_url, tmp_path, LIMIT) as shop:
        key = await shop.app.parts.objects.put("envelope", UUID(int=7), letter(), shop.now())
        shop.instant += GRACE + timedelta(seconds=1)
        await sweep(shop)
        with pytest.raises(asyncpg.SerializationError, match="swept"):
            await shop.app.engine.execute(
                "INSERT INTO envelope (id, channel, account, media_type, object, digest, state, received_at)"
                " VALUES ($1, 'inbox', 'cskh', '', $2, '', 'received', $3)", UUID(int=7), key, shop.now()
            )  # fmt: skip


async def test_two_sweepers_and_a_keeper_do_not_disturb_each_other(database_url: str, tmp_path: Path) -> None:
    async with opened(database_url, tmp_path, LIMIT) as shop:
        for number in range(20):
            await shop.app.parts.objects.put("envelope", UUID(int=900 + number), letter(), shop.now())
        shop.instant += GRACE + timedelta(seconds=1)
        await asyncio.gather(sweep(shop), sweep(shop), *(send(shop, letter(n)) for n in range(10, 14)))
        await sweep(shop)
        assert len(objects(tmp_path / "objects")) == 8
        assert (await bodies(shop)).count((False, True, len(letter(10)))) == 4


async def test_while_the_store_is_away_large_mail_is_kept_in_the_database(
    database_url: str, tmp_path: Path
) -> None:
    async with opened(database_url, tmp_path, LIMIT) as shop:
        first = (await send(shop, letter()))["ticket"]
        (tmp_path / "objects").rename(tmp_path / "unplugged")
        (tmp_path / "objects").write_bytes(b"")
        await send(shop, letter(2))
        assert (await bodies(shop))[-1] == (True, False, len(letter(2)))
        (_, large) = (await shop.get("/v1/envelopes"))["items"]
        problem(await shop.client.post(f"/v1/envelopes/{large['id']}/replay"), 503)
        assert 'tickets_objects_failed_total{doing="put"} 2.0' in shop.app.parts.metrics.exposition().decode()
        (tmp_path / "objects").unlink()
        (tmp_path / "unplugged").rename(tmp_path / "objects")
        assert (await shop.post(f"/v1/envelopes/{large['id']}/replay"))["ticket"] == first


async def test_what_was_only_kept_is_understood_later_or_put_into_quarantine(
    database_url: str, tmp_path: Path
) -> None:
    async with opened(database_url, tmp_path, LIMIT) as shop:
        for number in (1, 2):
            await shop.app.parts.take_mail.set_aside("cskh", letter(number), "as if the process had died")
        await shop.app.engine.execute("UPDATE envelope SET state = 'received', reason = NULL")
        gone = await shop.app.engine.fetch_value("SELECT object FROM envelope ORDER BY id LIMIT 1")
        (tmp_path / "objects" / gone).unlink()
        shop.instant += timedelta(minutes=5)
        desk = await shop.app.parts.house.desks.current()
        assert await shop.app.parts.porter.rescue(desk, shop.now()) == 2
        (opened_one, lost) = (await shop.get("/v1/envelopes"))["items"]
        assert (opened_one["state"], lost["state"]) == ("accepted", "quarantined")
        assert "ObjectGone" in lost["reason"]
        problem(await shop.client.post(f"/v1/envelopes/{lost['id']}/replay"), 410)


async def test_erasing_a_customer_empties_the_store(database_url: str, tmp_path: Path) -> None:
    async with opened(database_url, tmp_path, LIMIT) as shop:
        received = await send(shop, letter())
        await shop.app.parts.take_mail.set_aside("cskh", letter(2), "nobody could read it")
        customer = (await shop.get(f"/v1/tickets/{received['ticket']}"))["customer"]["id"]
        await shop.post(f"/v1/customers/{customer}/erase", {"confirm": customer}, status=202)
        while await shop.app.jobs.step(shop.now()):
            pass
        await sweep(shop)
        assert objects(tmp_path / "objects") == []
        assert await bodies(shop) == []


async def test_another_folder_is_refused_at_start(database_url: str, tmp_path: Path) -> None:
    async with opened(database_url, tmp_path / "one", LIMIT) as shop:
        await send(shop, letter())
    with pytest.raises(CannotStart, match="is not where the large envelopes of this database are"):
        async with opened(database_url, tmp_path / "two", LIMIT):
            pass
    with pytest.raises(CannotStart, match="set TICKETS_OBJECT_STORE to it"):
        async with opened(database_url, tmp_path / "one", {"TICKETS_DATABASE_URL": database_url}):
            pass
    (tmp_path / "one" / "objects").rename(tmp_path / "moved")
    async with opened(database_url, tmp_path, {"TICKETS_OBJECT_STORE": str(tmp_path / "moved")}) as shop:
        (large,) = await shop.app.parts.envelopes.page(None, None, 2)
        assert await shop.app.parts.envelopes.read(large.id) is not None


async def test_a_store_that_was_away_at_the_start_is_seen_to_be_ours_later(
    database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "objects").write_bytes(b"not mounted yet")
    async with opened(database_url, tmp_path, LIMIT) as shop:
        await send(shop, letter())
        with pytest.raises(ObjectsAway):
            await shop.app.parts.objects.get("envelope/00/nothing")
        (tmp_path / "objects").unlink()
        await send(shop, letter(2))
        assert [there for there, _, _ in await bodies(shop)] == [True, False]


async def test_with_a_database_elsewhere_and_no_store_everything_stays_in_it(
    database_url: str, tmp_path: Path
) -> None:
    async with opened(database_url, tmp_path, {**LIMIT, "TICKETS_DATABASE_URL": database_url}) as shop:
        await send(shop, letter())
        assert await bodies(shop) == [(True, False, len(letter()))]
        assert not (tmp_path / "objects").exists()


async def test_old_envelopes_are_dropped_and_still_known(database_url: str, tmp_path: Path) -> None:
    async with opened(database_url, tmp_path, LIMIT) as shop:
        form = {"name": "Lan", "phone": "0912345678", "message": "Tivi hỏng"}
        first = await shop.post("/v1/intake/forms/support", form, headers={"Idempotency-Key": "form-1"})
        large = (await send(shop, letter()))["ticket"]
        await shop.app.parts.take_mail.set_aside("cskh", letter(3), "nobody could read it")
        shop.instant += timedelta(days=91)
        await send(shop, letter(4))
        await sweep(shop, kept=timedelta(days=90))
        dropped = [each["dropped_at"] is not None for each in (await shop.get("/v1/envelopes"))["items"]]
        assert dropped == [False, False, True, True], "new; quarantined; the large one; the form"
        assert len(objects(tmp_path / "objects")) == 4, "those two, and the files of both tickets"

        again = await shop.post(
            "/v1/intake/forms/support", form, status=200, headers={"Idempotency-Key": "form-1"}
        )
        assert again["ticket"] == first["ticket"]
        assert (await send(shop, letter(), status=200))["ticket"] == large
        assert await shop.app.parts.take_mail.is_known("cskh", letter())
        rows = (await shop.get("/v1/envelopes?limit=200"))["items"]
        oldest = next(each for each in rows if each["ticket_id"] == large and each["dropped_at"] is not None)
        assert (await shop.post(f"/v1/envelopes/{oldest['id']}/replay"))["ticket"] == large
        assert "tickets_envelopes_dropped_total 2.0" in shop.app.parts.metrics.exposition().decode()
