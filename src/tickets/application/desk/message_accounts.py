"""What an account of direct messages of the desk may be: who proves themselves how, and what replies need."""

from datetime import timedelta

from tickets.application.desk.fault import Faults
from tickets.application.desk.model import Desk
from tickets.intake import MessageAccount
from tickets.intake.unreadable import pointer

LONGEST_QUIET = timedelta(days=365)

_NEEDS: dict[str, dict[str, str]] = {
    "zalo": {"secret_env": "for the secret key its events are signed with"},
    "messenger": {"secret_env": "for the app secret its events are signed with"},
    "whatsapp": {
        "secret_env": "for the app secret its events are signed with",
        "id": "the id of the phone number",
    },
    "telegram": {},
    "mapped": {"mapping": "what is which fact of a message"},
}
"""What each provider cannot do without, and why."""


def check_message_accounts(desk: Desk, faults: Faults) -> None:
    """Note every account of direct messages that cannot be."""
    held: dict[tuple[str, str], str] = {}
    for key, account in desk.message_accounts.items():
        at = pointer("message_accounts", key)
        if key in desk.mailboxes:
            faults.add(at, f"a mailbox is called {key!r}; give one of them another key")
        for field, why in _NEEDS[account.provider].items():
            if not getattr(account, field):
                faults.add(f"{at}/provider", f"{account.provider} needs `{field}`: {why}")
        _renewal(account, at, faults)
        if not timedelta() <= account.quiet <= LONGEST_QUIET:
            faults.add(f"{at}/quiet", "must be between nothing and a year")
        name = (account.provider, account.id or "")
        if account.id and held.setdefault(name, key) != key:
            faults.add(f"{at}/id", f"id {account.id} is already that of {held[name]!r}")


def _renewal(account: MessageAccount, at: str, faults: Faults) -> None:
    """Zalo's tokens live for a day: to reply, we must be able to renew them."""
    if account.provider == "zalo" and account.token_env:
        for field in ("app_id", "app_secret_env"):
            if not getattr(account, field):
                faults.add(f"{at}/token_env", f"needs `{field}`, too: Zalo's tokens are renewed with it")
