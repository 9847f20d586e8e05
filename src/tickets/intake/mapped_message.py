"""Any provider that can call a URL: the desk says which of its parameters is which fact of a message."""

from tickets.domain.draft import Identity
from tickets.intake.addresses import normal_address
from tickets.intake.direct_message import DirectMessage, Told, identifier
from tickets.intake.message_account import MessageAccount
from tickets.intake.phones import e164
from tickets.intake.told_form import ToldForm
from tickets.intake.unreadable import Fault, Unreadable, pointer


def read_mapped_message(form: ToldForm, account: MessageAccount) -> Told:
    """The message a call of the URL tells, as the account's mapping has it."""
    mapping = account.mapping
    if mapping is None:
        raise Unreadable([Fault("", f"the message account {account.key!r} has no mapping")])
    if any(form.text(name) not in values for name, values in mapping.when.items()):
        return
    message_id, customer = identifier(form.text(mapping.id)), identifier(form.text(mapping.customer))
    email, phone = normal_address(form.text(mapping.email)), e164(form.text(mapping.phone), account.country)
    if message_id is None:
        yield Fault(pointer(mapping.id), "is required")
    elif customer is None:
        yield Fault(pointer(mapping.customer), "is required")
    else:
        others = (("email", email), ("phone", phone))
        yield DirectMessage(
            id=message_id,
            customer=(
                Identity("external", f"{account.key}:{customer}"),
                *(Identity(kind, value) for kind, value in others if value is not None),  # type: ignore[arg-type]
            ),
            name=form.text(mapping.name),
            text=form.text(mapping.text),
            at=form.instant(mapping.at),
        )
