"""Signatures after the Standard Webhooks specification, symmetric scheme `v1` (standardwebhooks.com)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"
"""What a written secret begins with; the rest is base64."""


def written_secret(key: bytes) -> str:
    """A key as it is handed to a receiver."""
    return PREFIX + base64.b64encode(key).decode()


def secret_key(secret: str) -> bytes:
    """The key in a written secret. Raises `ValueError`."""
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as fault:
        raise ValueError("a webhook secret is whsec_ and base64") from fault


def signed_headers(message_id: str, at: datetime, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The three headers of one attempt, signed with every secret, so that one can replace another.

    Id and body are those of every attempt; the instant is this attempt's, because receivers refuse old ones.
    Raises `ValueError` for a secret that is none, and when there is none at all.
    """
    if not secrets:
        raise ValueError("a webhook without a secret cannot be signed")
    timestamp = str(int(at.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = (hmac.digest(secret_key(secret), signed, hashlib.sha256) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(mac).decode()}" for mac in signatures),
    }
