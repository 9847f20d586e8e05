"""Direct messages, each provider in its own words: one envelope to what it tells, and who signed it."""

import hmac
from collections.abc import Callable, Mapping

from tickets.intake.direct_message import Talk, Told, talk_of
from tickets.intake.json_tree import text_at
from tickets.intake.mapped_message import read_mapped_message
from tickets.intake.message_account import MessageAccount
from tickets.intake.messenger import hub_signature, read_messenger
from tickets.intake.telegram import read_telegram
from tickets.intake.told_form import read_told
from tickets.intake.unreadable import Unreadable
from tickets.intake.whatsapp import read_whatsapp
from tickets.intake.wire import decode_object
from tickets.intake.zalo import read_zalo, zalo_mac

_READ: dict[str, Callable[[dict[str, object]], Told]] = {
    "zalo": read_zalo,
    "messenger": read_messenger,
    "whatsapp": read_whatsapp,
    "telegram": read_telegram,
}

SIGNED_IN = {
    "zalo": "x-zevent-signature",
    "messenger": "x-hub-signature-256",
    "whatsapp": "x-hub-signature-256",
    "telegram": "x-telegram-bot-api-secret-token",
}
"""The header in which each provider proves itself."""


def read_messages(
    body: bytes, media_type: str, account: MessageAccount, others: Mapping[str, MessageAccount]
) -> Talk:
    """What an envelope tells; `others` are accounts that share its webhook, by the provider's name for them.

    Raises:
        Unreadable: nothing of it can be understood.
    """
    if account.provider == "mapped":
        told = read_mapped_message(read_told(body, media_type), account)
    else:
        told = _READ[account.provider](decode_object(body))
    return talk_of(told, account, others)


def is_signed(account: MessageAccount, signature: str, body: bytes, secret: str) -> bool:
    """Whether the provider signed a body with `secret`; Telegram repeats the secret itself."""
    if not secret:
        return False
    match account.provider:
        case "zalo":
            try:
                event = decode_object(body)
            except Unreadable:
                return False
            app_id = account.app_id or text_at(event, "app_id")
            wanted = f"mac={zalo_mac(app_id, body, text_at(event, 'timestamp'), secret)}"
        case "messenger" | "whatsapp":
            wanted = hub_signature(body, secret)
        case _:
            wanted = secret
    return hmac.compare_digest(signature.encode("utf-8", "replace"), wanted.encode("utf-8", "replace"))
