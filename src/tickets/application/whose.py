"""Whose a ticket is: what becomes of it when that is said, or when its customer becomes another."""

from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tickets.application import facts
from tickets.application.draw import Draw
from tickets.domain.ticket import Customer


class SetCustomer(Struct, frozen=True):
    """Say whose it is, and what that customer is to us; `candidates` are who else it may be from."""

    customer: Customer
    candidates: tuple[UUID, ...] = ()


class Forget(Struct, frozen=True):
    """Its customer is forgotten: nobody can work on it any more."""


def set_customer(draw: Draw, command: SetCustomer) -> None:
    """Give it to a customer, on the promises that go with them."""
    before, who = draw.ticket, command.customer
    draw.ticket = replace(
        before,
        customer_id=who.id,
        customer_tier=who.tier,
        customer_segment=who.segment,
        customer_candidates=command.candidates,
    )
    for fact, was, is_now in (
        ("customer", str(before.customer_id), str(who.id)),
        ("customer_tier", before.customer_tier, who.tier),
        ("customer_segment", before.customer_segment, who.segment),
    ):
        if was != is_now:
            draw.note(f"{fact}_changed", before=was, after=is_now)
    if draw.happened:
        draw.choose_terms()
        draw.ask_again()
    elif before.customer_candidates != command.candidates:
        draw.note("customer_confirmed")


def forget(draw: Draw, _: Forget) -> None:
    """Close it; nothing is owed any more, and nothing was achieved."""
    before, now = draw.ticket, draw.scene.now
    if before.working:
        draw.release()  # nobody holds it, nobody is offered it
    draw.ticket = replace(draw.ticket, status="closed", waiting_since=None, route_at=None)
    draw.note("status_changed", before=before.status, after="closed")
    draw.heed(facts.cancelled(draw.ticket, draw.pinned, now, now))
