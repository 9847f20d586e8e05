"""Our keys in mail prove a ticket; nothing else does."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tickets.intake import message_id, reply_address, ticket_of_address, ticket_of_message_id

TICKET = UUID(int=7)
MESSAGE = UUID(int=9)
SECRET = b"a secret of the desk"


def test_what_we_write_proves_its_ticket() -> None:
    assert ticket_of_message_id(message_id(TICKET, MESSAGE, "desk.example", SECRET), SECRET) == TICKET
    assert ticket_of_address(reply_address(TICKET, "help@desk.example", SECRET), SECRET) == TICKET


def test_mail_servers_may_change_case() -> None:
    assert ticket_of_message_id(message_id(TICKET, MESSAGE, "desk.example", SECRET).upper(), SECRET) == TICKET
    assert ticket_of_address(reply_address(TICKET, "help@desk.example", SECRET).upper(), SECRET) == TICKET


def test_another_secret_another_ticket_and_another_use_prove_nothing() -> None:
    own = message_id(TICKET, MESSAGE, "desk.example", SECRET)
    address = reply_address(TICKET, "help@desk.example", SECRET)
    assert ticket_of_message_id(own, b"another") is None
    assert ticket_of_address(address, b"another") is None
    assert ticket_of_message_id(own.replace(str(TICKET), str(UUID(int=8))), SECRET) is None
    assert ticket_of_address(address.replace(TICKET.hex, UUID(int=8).hex), SECRET) is None


@given(st.text(), st.binary(max_size=8))
def test_no_other_text_proves_anything(text: str, secret: bytes) -> None:
    assert ticket_of_message_id(text, secret) is None
    assert ticket_of_address(text, secret) is None
    assert ticket_of_message_id(f"<{text}.{text}.{text}@a>", secret) is None


def test_well_formed_keys_with_broken_ids_prove_nothing() -> None:
    assert ticket_of_message_id(f"<{'-' * 36}.{'-' * 36}.{'a' * 20}@a>", SECRET) is None
