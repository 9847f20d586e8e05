"""What orchestrators and Prometheus ask, without a key."""

import httpx
from tests.api.conftest import Frame
from tests.database import TestServer

from tickets.persistence.engine import Engine


async def test_the_process_is_alive(client: httpx.AsyncClient) -> None:
    answer = await client.get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_it_is_ready_once_the_database_is_migrated(client: httpx.AsyncClient) -> None:
    assert (await client.get("/readyz")).status_code == 200


async def test_it_is_not_ready_before(frame: Frame, empty_database_url: str) -> None:
    engine = Engine(empty_database_url, pool_size=1)
    await engine.start()
    async with frame.client(engine=engine) as client:
        answer = await client.get("/readyz")
    await engine.close()
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "0001" in answer.json()["detail"]


async def test_without_its_database_it_is_not_ready_but_alive(
    frame: Frame, templated_postgres: TestServer
) -> None:
    engine = Engine(url := await templated_postgres.create(), pool_size=1)
    await engine.start()
    await templated_postgres.drop(url)
    async with frame.client(engine=engine) as client:
        assert (await client.get("/livez")).status_code == 200
        for _ in range(2):  # the connection that was cut, and the one that cannot be made
            answer = await client.get("/readyz")
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
    await engine.close()


async def test_metrics_are_in_prometheus_format(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "# TYPE tickets_opened_total counter" in answer.text
