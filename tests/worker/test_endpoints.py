"""Which secret a webhook is signed with: its own variable's, or one made here when it is first used."""

from tests.worker.stage import START

from tickets.adapters.webhook_signature import secret_key
from tickets.application.publish import put
from tickets.persistence.desk_store import PostgresDesks
from tickets.persistence.engine import Engine
from tickets.worker.endpoints import Endpoints

ADDRESS = b'{"url": "https://ops.example/hook", "secret_env": "OPS_SECRET"}'


async def endpoints(engine: Engine, **environment: str) -> Endpoints:
    """The endpoints of a desk with one webhook."""
    desks = PostgresDesks(engine)
    await put(desks, "webhooks", "ops", ADDRESS, START)
    made = Endpoints(engine, desks, environment, lambda size: b"r" * size)
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


async def test_a_webhook_the_desk_does_not_have_has_no_endpoint(engine: Engine) -> None:
    assert (await endpoints(engine))("nobody") is None
