"""Which secret a webhook is signed with: its own variable's, or one made here when it is first used."""

import asyncio
from collections.abc import Callable

from tests.worker.stage import START, Clock, Obedient, delivery
from tests.worker.stage import put as put_row

from tickets.adapters.pager import fingerprint
from tickets.adapters.webhook_signature import secret_key
from tickets.application.outbox.deliver import Dead, Outcome
from tickets.application.publish import put
from tickets.persistence.desk_store import PostgresDesks
from tickets.persistence.endpoints import PostgresEndpoints
from tickets.persistence.engine import Engine
from tickets.worker.endpoints import Endpoints

ADDRESS = b'{"url": "https://ops.example/hook", "secret_env": "OPS_SECRET"}'


def dice(n: int) -> Callable[[int], bytes]:
    """Bytes that tell who threw them."""
    return lambda size: bytes([n]) * size


async def endpoints(engine: Engine, **environment: str) -> Endpoints:
    """The endpoints of a desk with one webhook."""
    desks = PostgresDesks(engine)
    await put(desks, "webhooks", "ops", ADDRESS, START)
    made = Endpoints(PostgresEndpoints(engine), desks, environment, lambda size: b"r" * size, lambda: START)
    await made.refresh()
    return made


async def secret(engine: Engine, **environment: str) -> str:
    """What the webhook is signed with."""
    found = (await endpoints(engine, **environment))("ops")
    assert found is not None
    (only,) = found.secrets
    return only


async def test_a_written_secret_is_taken_as_it_is_and_any_other_text_is_a_key(engine: Engine) -> None:
    assert await secret(engine, OPS_SECRET="whsec_MDEyMw==") == "whsec_MDEyMw=="
    assert secret_key(await secret(engine, OPS_SECRET="0123")) == b"0123"


async def test_without_one_a_secret_is_made_and_kept(engine: Engine) -> None:
    made = await secret(engine)
    assert set(secret_key(made)) == set(b"r")
    assert await secret(engine, OPS_SECRET="") == made


async def test_the_environment_may_hold_a_new_secret_before_the_old_one(engine: Engine) -> None:
    found = (await endpoints(engine, OPS_SECRET="whsec_bmV3 whsec_b2xk"))("ops")
    assert found is not None
    assert found.secrets == ("whsec_bmV3", "whsec_b2xk")


async def test_workers_that_make_the_first_secret_at_once_agree_on_it(engine: Engine) -> None:
    desks = PostgresDesks(engine)
    await put(desks, "webhooks", "ops", ADDRESS, START)
    workers = [Endpoints(PostgresEndpoints(engine), desks, {}, dice(n), lambda: START) for n in range(4)]
    await asyncio.gather(*(worker.refresh() for worker in workers))
    assert len({found.secrets for worker in workers if (found := worker("ops"))}) == 1


async def test_a_webhook_the_desk_does_not_have_has_no_endpoint(engine: Engine) -> None:
    assert (await endpoints(engine))("nobody") is None


async def test_a_pager_that_is_gone_is_disabled_until_its_variable_holds_another_url(
    engine: Engine, clock: Clock
) -> None:
    await put(PostgresDesks(engine), "pagers", "room", b'{"service": "slack", "url_env": "ROOM"}', START)
    gone = Obedient(Outcome.refused("slack answered 410", gone=fingerprint("https://old.example/")))
    assert isinstance(await delivery(engine, clock, pager=gone)(await put_row(engine, "pager", "room")), Dead)
    standing = PostgresEndpoints(engine)
    for environment, state in (
        ({}, "disabled"),
        ({"ROOM": "https://old.example/"}, "disabled"),
        ({"ROOM": "https://new.example/"}, "ready"),
    ):
        await endpoints(engine, **environment)
        found = await standing.find("pager:room", START)
        assert found is not None
        assert found.state == state
    assert await engine.fetch_value("SELECT count(*) FROM endpoint WHERE disabled_url LIKE 'http%'") == 0
