"""Webhooks: signed for anybody's verifier, and unharmed by what receivers do."""

import asyncio
import gzip
import json
import ssl
import subprocess
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError
from tests.worker.receiver import Receiver, receiver
from tests.worker.stage import START, Clock

from tickets.adapters.gated_http import retry_after
from tickets.adapters.webhook import Endpoint, Webhook
from tickets.adapters.webhook_address import Gate
from tickets.adapters.webhook_signature import signed_headers, written_secret
from tickets.application.outbox.deliver import Outcome

ROW = UUID("019502a4-2b5e-7a31-9c11-6d1f6f0a2b11")
BODY = '{"type": "alert.raised", "data": {"subject": "Giao hàng trễ"}}'.encode()
SECRET = written_secret(b"0123456789abcdef0123456789abcdef")
OTHER = written_secret(b"another key of thirty-two bytes!")


async def loopback(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


class Desk:
    """One webhook, `ops`; `url` may be changed between attempts."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.secrets: tuple[str, ...] = (SECRET,)

    def __call__(self, key: str) -> Endpoint | None:
        return Endpoint(self.url, self.secrets) if key == "ops" else None


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


@pytest.fixture
def desk(there: Receiver) -> Desk:
    return Desk(f"http://hooks.example:{there.port}/in?x=1")


@pytest.fixture
async def way(desk: Desk, clock: Clock) -> AsyncIterator[Webhook]:
    made = Webhook(desk, Gate(["hooks.example"], loopback), clock, timeout=timedelta(seconds=2))
    yield made
    await made.close()


async def test_any_standard_verifier_accepts_the_signature(
    way: Webhook, there: Receiver, clock: Clock
) -> None:
    clock.now = datetime.now(UTC)  # the verifier compares with the real time
    assert await way.send("ops", ROW, BODY) == Outcome.sent()
    (request,) = there.requests
    assert request.headers["webhook-id"] == str(ROW)
    assert request.headers["host"] == f"hooks.example:{there.port}"
    assert request.headers["content-type"] == "application/json"
    assert request.path == "/in?x=1"
    assert request.body == BODY
    assert Verifier(SECRET).verify(request.body, request.headers) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Verifier(OTHER).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify(request.body + b" ", request.headers)


@pytest.mark.parametrize("known", [SECRET, OTHER])
def test_during_a_rotation_the_old_and_the_new_secret_both_verify(known: str) -> None:
    headers = signed_headers(str(ROW), datetime.now(UTC), BODY, (SECRET, OTHER))
    assert Verifier(known).verify(BODY, headers) == json.loads(BODY)


async def test_every_attempt_carries_the_same_id_and_bytes_and_its_own_instant(
    way: Webhook, there: Receiver, clock: Clock
) -> None:
    there.will_say("500 Oops")
    await way.send("ops", ROW, BODY)
    clock.forward(hours=1)
    await way.send("ops", ROW, BODY)
    first, second = there.requests
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    stamps = [int(request.headers["webhook-timestamp"]) for request in there.requests]
    assert stamps == [int(START.timestamp()), int(START.timestamp()) + 3600]


FIVE_MINUTES = Outcome.failed("answered 503", timedelta(minutes=5))
NOT_FOLLOWED = "redirects are not followed"
ANSWERS = [
    ("200 OK", (), Outcome.sent()),
    ("202 Accepted", (), Outcome.sent()),
    ("500 Oops", (), Outcome.failed("answered 500")),
    ("404 Not Found", (), Outcome.failed("answered 404")),
    ("500 Oops", ("retry-after: 9",), Outcome.failed("answered 500")),
    ("429 Slow", ("retry-after: 120",), Outcome.failed("answered 429", timedelta(seconds=120))),
    ("503 Later", ("retry-after: Mon, 02 Mar 2026 09:05:00 GMT",), FIVE_MINUTES),
    ("429 Slow", ("retry-after: soon",), Outcome.failed("answered 429")),
    ("413 Big", (), Outcome.refused("answered 413: the body is too large for it")),
    ("302 Found", ("location: http://127.0.0.1/",), Outcome.failed(f"answered 302; {NOT_FOLLOWED}")),
    ("308 There", ("location: /other",), Outcome.failed(f"answered 308; {NOT_FOLLOWED}")),
]  # fmt: skip


@pytest.mark.parametrize(("status", "headers", "outcome"), ANSWERS)
async def test_what_an_answer_means(
    way: Webhook, there: Receiver, status: str, headers: tuple[str, ...], outcome: Outcome
) -> None:
    there.will_say(status, *headers)
    assert await way.send("ops", ROW, BODY) == outcome
    assert len(there.requests) == 1


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 There", "308 There"])
async def test_no_redirect_is_followed_into_the_house(way: Webhook, there: Receiver, status: str) -> None:
    async with receiver() as inside:
        there.will_say(status, f"location: http://127.0.0.1:{inside.port}/admin")
        assert (await way.send("ops", ROW, BODY)).kind == "failed"
        assert inside.requests == []
    assert len(there.requests) == 1


async def test_an_address_that_is_gone_is_named(way: Webhook, desk: Desk, there: Receiver) -> None:
    there.will_say("410 Gone")
    outcome = await way.send("ops", ROW, BODY)
    assert (outcome.kind, outcome.gone) == ("refused", desk.url)


async def test_an_endless_answer_is_not_read(way: Webhook, there: Receiver) -> None:
    there.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 9000000000\r\n\r\n" + b"x" * 100_000
    assert await way.send("ops", ROW, BODY) == Outcome.sent()


async def test_an_answer_packed_a_thousandfold_is_neither_asked_for_nor_unpacked(
    way: Webhook, there: Receiver
) -> None:
    there.will_say("200 OK", "content-encoding: gzip", body=gzip.compress(b"x" * 50_000_000))
    tracemalloc.start()
    assert await way.send("ops", ROW, BODY) == Outcome.sent()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5_000_000
    assert there.requests[0].headers["accept-encoding"] == "identity"


async def test_headers_without_end_are_not_read(way: Webhook, there: Receiver) -> None:
    there.answer = b"HTTP/1.1 200 OK\r\n" + b"x-more: x\r\n" * 50_000
    assert (await way.send("ops", ROW, BODY)).kind == "failed"


async def test_no_proxy_of_the_environment_is_asked_for_it_would_resolve_the_name_anew(
    desk: Desk, there: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    way = Webhook(desk, Gate(["hooks.example"], loopback), clock)
    assert await way.send("ops", ROW, BODY) == Outcome.sent()
    assert there.requests[0].path.startswith("/")
    await way.close()


async def test_a_receiver_that_hangs_is_left(way: Webhook, there: Receiver) -> None:
    there.answer = None
    assert await way.send("ops", ROW, BODY) == Outcome.failed("ReadTimeout: ")


async def test_a_receiver_that_drips_is_left_at_the_limit_of_the_attempt(
    way: Webhook, there: Receiver
) -> None:
    there.drip = True
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):  # the use case's limit; each byte comes in time for the read's
            await way.send("ops", ROW, BODY)


@pytest.mark.parametrize("answer", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200"])
async def test_a_receiver_that_talks_nonsense_or_closes_is_tried_again(
    way: Webhook, there: Receiver, answer: bytes
) -> None:
    there.answer = answer
    assert (await way.send("ops", ROW, BODY)).kind == "failed"


async def test_nobody_listening_is_trouble_that_may_pass(way: Webhook, desk: Desk) -> None:
    desk.url = "http://hooks.example:1/"
    assert (await way.send("ops", ROW, BODY)).kind == "failed"


UNUSABLE = [
    "http://127.0.0.1:{port}/", "http://2130706433:{port}/", "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::1]:{port}/", "http://[::ffff:7f00:1]:{port}/", "http://0x7f000001:{port}/",
    "http://0177.0.0.1:{port}/", "http://127.1:{port}/", "http://0:{port}/", "http://LOCALHOST:{port}/",
    "http://127.0.0.1.:{port}/", "http://user@127.0.0.1:{port}/", "http://[fe80::1%25lo]:{port}/",
    "http://hooks.example\\@127.0.0.1:{port}/", "http://hooks.example%2f@127.0.0.1:{port}/",
    "http://\uff11\uff12\uff17.0.0.1:{port}/", "http://[::ffff:0:127.0.0.1]:{port}/", "http://0177.0x1:{port}/",
    "http://\u2460\u2461\u2466.0.0.1:{port}/", "http://127\u30020\u30020\u30021:{port}/", "http://169.254.169.254/",
    "ftp://hooks.example/", "hooks.example", "", "http://", "http://hooks.example:99999/",
]  # fmt: skip


@pytest.mark.parametrize("url", UNUSABLE)
async def test_an_address_that_may_not_be_reached_or_is_none_is_refused(
    way: Webhook, desk: Desk, there: Receiver, url: str
) -> None:
    desk.url = url.format(port=there.port)
    assert (await way.send("ops", ROW, BODY)).kind == "refused"
    assert there.requests == []


async def test_a_name_that_changes_its_address_after_it_was_judged_gains_nothing(
    desk: Desk, there: Receiver, clock: Clock
) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])

    async def rebinding(_host: str, _port: int) -> Sequence[str]:
        return next(answers)

    way = Webhook(desk, Gate(["127.0.0.1"], rebinding), clock)
    assert await way.send("ops", ROW, BODY) == Outcome.sent()  # one look-up, judged and used
    assert (await way.send("ops", ROW, BODY)).kind == "refused"
    assert len(there.requests) == 1
    await way.close()


async def test_a_webhook_the_desk_does_not_have_or_that_has_no_secret_is_refused(
    way: Webhook, desk: Desk
) -> None:
    assert await way.send("gone", ROW, BODY) == Outcome.refused("the desk has no webhook gone")
    desk.secrets = ()
    assert (await way.send("ops", ROW, BODY)).reason == "a webhook without a secret cannot be signed"
    desk.secrets = ("whsec_not base64!",)
    assert (await way.send("ops", ROW, BODY)).reason == "a webhook secret is whsec_ and base64"


def test_how_long_a_receiver_asks_to_wait() -> None:
    assert retry_after(None, START) is None
    assert retry_after("0", START) == timedelta()
    assert retry_after("9" * 50, START) == timedelta(seconds=10**8)
    assert retry_after("Mon, 02 Mar 2020 09:05:00 GMT", START) == timedelta()
    assert retry_after("-5", START) is None
    assert retry_after("Mon, 99 Mar 2020", START) is None


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for hooks.example, its own authority, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    name = ["-subj", "/CN=hooks.example", "-addext", "subjectAltName=DNS:hooks.example", "-days", "2"]
    try:
        subprocess.run(
            [*command, *name, "-keyout", key, "-out", certificate], check=True, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed: no certificate can be made")
    return certificate, key


@pytest.mark.parametrize(("host", "kind"), [("hooks.example", "sent"), ("other.example", "failed")])
async def test_over_tls_the_certificate_must_be_the_hosts_not_the_addresses(
    clock: Clock, certificate: tuple[Path, Path], host: str, kind: str
) -> None:
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(*certificate)
    async with receiver(served) as there:
        way = Webhook(
            Desk(f"https://{host}:{there.port}/"),
            Gate([host], loopback),
            clock,
            tls=ssl.create_default_context(cafile=certificate[0]),
        )
        assert (await way.send("ops", uuid4(), BODY)).kind == kind
        await way.close()
