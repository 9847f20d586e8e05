"""A desk that is edited while a request is on its way: it is decided anew, however often, and comes in."""

from msgspec.structs import replace
from tests.journeys.conftest import Shop

from tickets.application.arrivals.arrive import Arrived, arrive
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.house import House
from tickets.application.publish import put
from tickets.domain.draft import Attachment, Draft

INVOICE = Attachment(name="hóa đơn.pdf", media_type="application/pdf", content=b"%PDF")
ASKED = Draft(
    channel="inbox", source="smtp", account="cskh", external_id="<1@example.com>", subject="Hỏi", text="Alo"
)


class MovingDesk:
    """Desks of which one object is published anew behind the back of whoever has just read them."""

    def __init__(self, shop: Shop, times: int) -> None:
        self.shop = shop
        self.left = times

    async def current(self) -> CompiledDesk:
        """The desk as it is now."""
        return await self.shop.app.parts.desks.current()

    async def at_least(self, revision: int) -> CompiledDesk:
        """The desk as it was a moment ago."""
        desks = self.shop.app.parts.desks
        desk = await desks.at_least(revision)
        if self.left:
            self.left -= 1
            name = b'{"name": "B\xc3\xa1n h\xc3\xa0ng %d"}' % self.left
            await put(desks, "teams", "sales", name, self.shop.instant)
        return desk


async def arriving(shop: Shop, draft: Draft, *, edits: int) -> Arrived:
    house = shop.app.parts.house
    moving = House(
        house.tickets,
        MovingDesk(shop, edits),
        house.notices,
        house.observer,
        house.new_id,
        answers=house.answers,
        receipts=house.receipts,
    )
    return await arrive(moving, draft, shop.instant)


async def test_a_request_with_a_file_comes_in_on_the_desk_that_came_in_between(shop: Shop) -> None:
    arrived = await arriving(shop, replace(ASKED, attachments=(INVOICE,)), edits=1)
    assert arrived.is_new
    assert await shop.app.engine.fetch_value("SELECT array_agg(name) FROM attachment") == [INVOICE.name]


async def test_a_desk_edited_object_by_object_keeps_nobody_out(shop: Shop) -> None:
    arrived = await arriving(shop, ASKED, edits=12)
    assert arrived.is_new
