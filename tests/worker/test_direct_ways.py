"""Replies by messenger, against a real HTTP server that stands for the provider."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from email import message_from_bytes
from email.policy import HTTP
from uuid import UUID, uuid4

import pytest
from tests.worker.receiver import Receiver, receiver
from tests.worker.stage import Clock

from tickets.adapters.direct import Carrier, DirectWay, Post
from tickets.adapters.gated_http import GatedHttp
from tickets.adapters.graph import Graph
from tickets.adapters.telegram import Telegram
from tickets.adapters.webhook_address import Gate
from tickets.adapters.zalo import Zalo
from tickets.application.outbox.deliver import Outcome
from tickets.intake import MessageAccount
from tickets.persistence.engine import Engine
from tickets.persistence.message_tokens import MessageTokens, SentParts

ENVIRONMENT = {"OA_TOKEN": "first", "OA_APP": "app secret", "TOKEN": "page token", "BOT": "77:bot"}
ACCOUNTS = {
    "oa": MessageAccount(
        key="oa",
        provider="zalo",
        app_id="4130",
        secret_env="S",
        app_secret_env="OA_APP",
        token_env="OA_TOKEN",
    ),
    "page": MessageAccount(key="page", provider="messenger", secret_env="S", token_env="TOKEN"),
    "wa": MessageAccount(key="wa", provider="whatsapp", id="1055", secret_env="S", token_env="TOKEN"),
    "bot": MessageAccount(key="bot", provider="telegram", token_env="BOT"),
    "poor": MessageAccount(key="poor", provider="telegram", token_env="NOT_THERE"),
}
BODY = json.dumps([{"recipient": {"user_id": "8"}, "message": {"text": "Dạ"}}]).encode()


async def loopback(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


async def account(key: str) -> MessageAccount | None:
    return ACCOUNTS.get(key)


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


@pytest.fixture
async def post(clock: Clock) -> AsyncIterator[Post]:
    http = GatedHttp(Gate(["provider.example"], loopback), timeout=timedelta(seconds=5))
    yield Post(http, clock)
    await http.close()


def carrier(name: str, post: Post, there: Receiver, engine: Engine) -> Carrier:
    api = f"http://provider.example:{there.port}"
    if name == "oa":
        return Zalo(post, MessageTokens(engine), ENVIRONMENT, api, api)
    return Graph(post, ENVIRONMENT, api) if name in ("page", "wa") else Telegram(post, ENVIRONMENT, api)


def say(there: Receiver, body: object, status: str = "200 OK", *headers: str) -> None:
    there.will_say(status, *headers, body=json.dumps(body).encode())


FILE = {"name": 'hóa "đơn".pdf', "media_type": "application/pdf", "content": "JVBERg=="}


@pytest.mark.parametrize(
    ("name", "part", "path", "field", "ok"),
    [
        ("bot", {"chat_id": "8"}, "/bot77:bot/sendDocument", "document", {"ok": True}),
        ("page", {"recipient": {"id": "8"}}, "/me/messages", "filedata", {"message_id": "m"}),
    ],
)
async def test_a_file_leaves_as_a_form(
    engine: Engine,
    post: Post,
    there: Receiver,
    name: str,
    part: dict[str, object],
    path: str,
    field: str,
    ok: object,
) -> None:
    say(there, ok)
    body = json.dumps([{**part, "file": {**FILE, "field": field}}]).encode()
    way = DirectWay(carrier(name, post, there, engine), account, SentParts(engine))
    assert await way.send(f"{name}/8", uuid4(), body) == Outcome.sent()
    (request,) = there.requests
    assert request.path == path
    mail = b"Content-Type: " + request.headers["content-type"].encode() + b"\r\n\r\n" + request.body
    *fields, file = message_from_bytes(mail, policy=HTTP).iter_parts()
    assert (file.get_param("name", header="content-disposition"), file.get_content()) == (field, b"%PDF")
    assert (file.get_filename(), file.get_content_type()) == ("hóa %22đơn%22.pdf", "application/pdf")
    told = {each.get_param("name", header="content-disposition"): each.get_content() for each in fields}
    assert told == {key: value if isinstance(value, str) else '{"id":"8"}' for key, value in part.items()}


RENEWED = {"access_token": "access 1", "refresh_token": "second", "expires_in": "90000"}


async def held(engine: Engine, clock: Clock) -> None:
    """Zalo's token is there already, and holds for a day."""
    tokens = MessageTokens(engine)
    assert await tokens.valid("oa", "first", clock()) is None
    assert await tokens.take("oa", clock()) == "first"
    await engine.execute(
        "UPDATE message_token SET access_token = 'access 1', expires_at = $1, renewing_until = NULL",
        clock() + timedelta(days=1),
    )


GRAPH = {"error": {"message": "no", "code": 10, "error_subcode": 2018278}}
ANSWERS: list[tuple[str, str, object, str, str]] = [
    ("oa", "200 OK", {"error": 0, "message": "Success", "data": {"message_id": "x"}}, "sent", ""),
    ("oa", "200 OK", {"error": -230, "message": "no"}, "refused", "outside the reply window"),
    ("oa", "200 OK", {"error": -32, "message": "limit"}, "failed", "limit"),
    ("oa", "200 OK", {"error": -216, "message": "invalid"}, "failed", "invalid"),
    ("oa", "200 OK", {"error": -99999}, "failed", "-99999"),
    ("oa", "502 Bad Gateway", "<html>", "failed", "502"),
    ("page", "200 OK", {"recipient_id": "8", "message_id": "m_1"}, "sent", ""),
    ("page", "403 Forbidden", GRAPH, "refused", "outside the reply window"),
    ("page", "400 Bad Request", {"error": {"code": 190, "message": "expired"}}, "failed", "190"),
    ("page", "400 Bad Request", {"error": {"code": 613, "message": "rate"}}, "failed", "613"),
    ("wa", "200 OK", {"messages": [{"id": "wamid.1"}]}, "sent", ""),
    (
        "wa",
        "400 Bad Request",
        {"error": {"code": 131047, "message": "x"}},
        "refused",
        "outside the reply window",
    ),
    ("wa", "400 Bad Request", {"error": {"code": 131026, "message": "x"}}, "refused", "no WhatsApp"),
    ("bot", "200 OK", {"ok": True, "result": {"message_id": 5}}, "sent", ""),
    ("bot", "403 Forbidden", {"ok": False, "description": "bot was blocked"}, "refused", "blocked"),
    ("bot", "401 Unauthorized", {"ok": False, "description": "Unauthorized"}, "failed", "Unauthorized"),
]


@pytest.mark.parametrize("answer", ANSWERS)
async def test_what_an_answer_means(
    engine: Engine, clock: Clock, post: Post, there: Receiver, answer: tuple[str, str, object, str, str]
) -> None:
    key, status, body, kind, reason = answer
    await held(engine, clock)
    say(there, body, status)
    way = DirectWay(carrier(key, post, there, engine), account, SentParts(engine))
    outcome = await way.send(f"{key}/8", uuid4(), BODY)
    assert (outcome.kind, reason in outcome.reason) == (kind, True), outcome
    assert len(there.requests) == 1
    assert there.requests[0].body == BODY[1:-1]


async def test_who_is_asked_and_how_we_prove_ourselves(
    engine: Engine, clock: Clock, post: Post, there: Receiver
) -> None:
    await held(engine, clock)
    for key in ("oa", "page", "wa", "bot"):
        await carrier(key, post, there, engine).carry(ACCOUNTS[key], b"{}")
    assert [request.path for request in there.requests] == [
        "/v3.0/oa/message/cs",
        "/me/messages",
        "/1055/messages",
        "/bot77:bot/sendMessage",
    ]
    assert there.requests[0].headers["access_token"] == "access 1"
    assert there.requests[2].headers["authorization"] == "Bearer page token"


async def test_a_provider_that_asks_us_to_wait_is_waited_for(
    engine: Engine, post: Post, there: Receiver
) -> None:
    say(there, {"error": {"code": 4, "message": "x"}}, "429 Too Many", "retry-after: 120")
    outcome = await carrier("page", post, there, engine).carry(ACCOUNTS["page"], b"{}")
    assert (outcome.kind, outcome.retry_after) == ("failed", timedelta(minutes=2))
    say(there, {"ok": False, "description": "slow", "parameters": {"retry_after": 35}}, "429 Too Many")
    outcome = await carrier("bot", post, there, engine).carry(ACCOUNTS["bot"], b"{}")
    assert outcome == Outcome.failed("Telegram answered 429: slow", timedelta(seconds=35))


async def test_nothing_that_is_said_of_a_failure_names_a_token(
    engine: Engine, post: Post, there: Receiver
) -> None:
    there.answer = b"nonsense"
    outcome = await carrier("bot", post, there, engine).carry(ACCOUNTS["bot"], b"{}")
    assert outcome.kind == "failed"
    assert "77:bot" not in outcome.reason
    poor = await carrier("bot", post, there, engine).carry(ACCOUNTS["poor"], b"{}")
    assert poor == Outcome.failed("NOT_THERE is not in the environment")


async def test_an_account_that_is_gone_is_refused(engine: Engine, post: Post, there: Receiver) -> None:
    way = DirectWay(carrier("bot", post, there, engine), account, SentParts(engine))
    assert (await way.send("gone/8", uuid4(), BODY)).reason == "the desk has no message account 'gone'"


async def test_what_is_tried_again_goes_on_behind_the_parts_that_left(engine: Engine) -> None:
    row, body = UUID(int=1), json.dumps([{"n": 1}, {"n": 2}, {"n": 3}]).encode()

    class Stumbling:
        """Takes one part an attempt, then fails."""

        def __init__(self) -> None:
            self.left = 1
            self.bodies: list[bytes] = []

        async def carry(self, account: MessageAccount, body: bytes) -> Outcome:
            assert account.key == "bot"
            if not self.left:
                self.left = 1
                return Outcome.failed("later")
            self.left -= 1
            self.bodies.append(body)
            return Outcome.sent()

    provider = Stumbling()
    way = DirectWay(provider, account, SentParts(engine))
    outcomes = [(await way.send("bot/8", row, body)).kind for _ in range(3)]
    assert outcomes == ["failed", "failed", "sent"]
    assert [json.loads(each)["n"] for each in provider.bodies] == [1, 2, 3]


async def test_the_first_token_is_renewed_and_the_new_one_used_until_it_ends(
    engine: Engine, clock: Clock, post: Post, there: Receiver
) -> None:
    say(there, RENEWED | {"error": 0})
    zalo = carrier("oa", post, there, engine)
    for _ in range(3):
        assert await zalo.carry(ACCOUNTS["oa"], b"{}") == Outcome.sent()
    renewal, *sent = there.requests
    assert renewal.path == "/v4/oa/access_token"
    assert renewal.body == b"refresh_token=first&app_id=4130&grant_type=refresh_token"
    assert renewal.headers["secret_key"] == "app secret"
    assert {request.headers["access_token"] for request in sent} == {"access 1"}
    clock.forward(hours=26)
    await zalo.carry(ACCOUNTS["oa"], b"{}")
    assert there.requests[-2].body.startswith(b"refresh_token=second&")


async def test_pitfall_two_workers_never_use_one_refresh_token(
    engine: Engine, clock: Clock, post: Post, there: Receiver
) -> None:
    say(there, RENEWED | {"error": 0})
    workers = [carrier("oa", post, there, engine) for _ in range(8)]
    outcomes = await asyncio.gather(*(one.carry(ACCOUNTS["oa"], b"{}") for one in workers))
    assert len([one for one in there.requests if one.path == "/v4/oa/access_token"]) == 1
    assert {one.reason for one in outcomes} <= {"", "Zalo's token is being renewed"}
    assert "sent" in {one.kind for one in outcomes}
    clock.forward(seconds=10)
    assert await workers[0].carry(ACCOUNTS["oa"], b"{}") == Outcome.sent()


async def test_a_token_that_zalo_does_not_take_is_renewed_by_the_next_attempt(
    engine: Engine, clock: Clock, post: Post, there: Receiver
) -> None:
    await held(engine, clock)
    zalo = carrier("oa", post, there, engine)
    say(there, {"error": -216, "message": "invalid"})
    assert (await zalo.carry(ACCOUNTS["oa"], b"{}")).kind == "failed"
    say(there, RENEWED | {"error": 0})
    assert await zalo.carry(ACCOUNTS["oa"], b"{}") == Outcome.sent()


async def test_a_refresh_token_that_is_spent_is_said_aloud_and_a_new_one_taken_from_the_environment(
    engine: Engine, post: Post, there: Receiver
) -> None:
    say(there, {"error": -14014, "error_name": "Invalid refresh token"})
    outcome = await carrier("oa", post, there, engine).carry(ACCOUNTS["oa"], b"{}")
    assert "put a new refresh token into OA_TOKEN" in outcome.reason
    say(there, RENEWED | {"error": 0})
    api = f"http://provider.example:{there.port}"
    repaired = Zalo(post, MessageTokens(engine), {**ENVIRONMENT, "OA_TOKEN": "new"}, api, api)
    assert await repaired.carry(ACCOUNTS["oa"], b"{}") == Outcome.sent()
    assert there.requests[-2].body.startswith(b"refresh_token=new&")
