"""The link by which an address asks for no more receipts: only who was sent it can know it."""

import base64
import binascii
import hmac


def stop_token(address: str, secret: bytes) -> str:
    """What proves that a link was sent to an address: the address and its MAC, for a URL."""
    return f"{_base64(address.encode())}.{_base64(_mac(address, secret))}"


def address_of_token(token: str, secret: bytes) -> str | None:
    """The address a token proves, or None. Constant-time compare."""
    named, _, mac = token.partition(".")
    try:
        address = base64.urlsafe_b64decode(named + "=" * (-len(named) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    return address if hmac.compare_digest(_base64(_mac(address, secret)).encode(), mac.encode()) else None


def _mac(address: str, secret: bytes) -> bytes:
    return hmac.digest(secret, b"stop\0" + address.encode(), "sha256")[:16]


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
