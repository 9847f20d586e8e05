"""The one request all are measured with: a known customer, a few lines of text, an id of the sender's."""

from uuid import UUID

import msgspec
from msgspec import Struct

from tickets.adapters import system
from tickets.application.answers.answer import AnswersBySource
from tickets.application.answers.by_mail import MailAnswers
from tickets.application.answers.receipt import Receipts
from tickets.application.arrivals.arrive import arrive
from tickets.application.house import House
from tickets.application.notices.alerts import AlertNotices
from tickets.domain.draft import Draft, Identity, Sender
from tickets.domain.ticket import Change
from tickets.persistence import ticket_sql as sql
from tickets.persistence.connection import Record, to_json
from tickets.persistence.desk_store import PostgresDesks
from tickets.persistence.engine import Engine
from tickets.persistence.mail_addresses import PostgresAddresses
from tickets.persistence.ticket_store import PostgresTickets

SUBJECT = "Màn hình bị sọc sau hai tuần"
TEXT = "Tôi mua TV hai tuần trước, nay màn hình có sọc ngang. Nhờ cửa hàng xem giúp." * 3
CUSTOMER = 1


def body(customer: str, external_id: str) -> bytes:
    """The request as JSON."""
    who = {"email": f"customer-{customer}@example.com"}
    return msgspec.json.encode(
        {"subject": SUBJECT, "text": TEXT, "customer": who, "tags": ["web"], "external_id": external_id}
    )


class Recorded(Struct, frozen=True):
    """What the application asked the database for one such request: the values of `KNOWN` and `OPEN`.

    Documents are JSON text; the ids are those to be put in anew for every request.
    """

    known: bytes
    opened: bytes
    revision: int
    ticket: UUID
    message: UUID
    external_id: str


async def record(url: str) -> Recorded:
    """Open one ticket through the use case, and keep what it told the database."""
    engine = _Listening(url, pool_size=1)
    await engine.start()
    now = system.now()
    house = House(
        PostgresTickets(engine, system.new_id),
        PostgresDesks(engine),
        AlertNotices(sender="bench@example.com", public_url="http://127.0.0.1", secret=b"bench"),
        _Nobody(),
        system.new_id,
        answers=AnswersBySource(MailAnswers(b"bench")),
        receipts=Receipts(
            secret=b"bench", public_url="http://127.0.0.1", addresses=PostgresAddresses(engine), leaves=False
        ),
    )
    external_id = f"order-{system.new_id().hex[-9:]}"
    await arrive(house, _draft(external_id), now, correlation_id=str(system.new_id()))
    await engine.close()
    asked, (document, revision, _) = engine.heard[sql.KNOWN], engine.heard[sql.OPEN]
    if not isinstance(document, dict) or not isinstance(revision, int):
        raise TypeError(document, revision)
    return Recorded(
        known=to_json(asked[0]),
        opened=to_json(document),
        revision=revision,
        ticket=document["tickets"][0]["id"],
        message=document["messages"][0]["id"],
        external_id=external_id,
    )


def _draft(external_id: str) -> Draft:
    return Draft(
        channel="api",
        source="rest",
        account="bootstrap",
        external_id=external_id,
        subject=SUBJECT,
        text=TEXT,
        sender=Sender(identities=(Identity("email", f"customer-{CUSTOMER}@example.com"),)),
        tags=("web",),
    )


class _Listening(Engine):
    """Remembers the values last sent with each statement."""

    def __init__(self, url: str, *, pool_size: int) -> None:
        super().__init__(url, pool_size=pool_size)
        self.heard: dict[str, tuple[object, ...]] = {}

    async def fetch(self, sql: str, *values: object) -> list[Record]:
        self.heard[sql] = values
        return await super().fetch(sql, *values)


class _Nobody:
    def changed(self, change: Change) -> None:
        """Nobody counts."""
