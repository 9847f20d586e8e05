"""Whose a ticket is: what becomes of it when that is said, or when its customer becomes another."""

from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tickets.application.changes.draw import Draw
from tickets.domain.draft import Draft
from tickets.domain.ticket import Customer


class SetCustomer(Struct, frozen=True):
    """Say whose it is, and what that customer is to us; `candidates` are who else it may be from."""

    customer: Customer
    candidates: tuple[UUID, ...] = ()


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


def customer_of(draft: Draft, customer_id: UUID) -> Customer:
    """A customer nobody has met before."""
    sender = draft.sender
    return Customer(
        id=customer_id,
        name=sender.name,
        language=sender.language,
        region=sender.region,
        identities=sender.identities,
    )
