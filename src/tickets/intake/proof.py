"""Proof of work as ALTCHA asks for it (version 1 of its protocol): who sends a form has done sums."""

import hmac
from base64 import b64decode
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct

from tickets.intake.form_body import decode_body
from tickets.intake.unreadable import Fault, Unreadable, pointer

FIELD = "altcha"
"""The field its widget fills in."""

LASTS = timedelta(hours=1)
"""How long a challenge may be answered."""

HARDNESS = 100_000
"""The largest number to be found: half of it in hashes on average, a moment of a telephone's time."""


class Challenge(Struct, frozen=True):
    """Which number from 0 to `maxnumber`, written after `salt`, has the SHA-256 `challenge`?"""

    algorithm: str
    challenge: str
    maxnumber: int
    salt: str
    signature: str


class _Solution(Struct, frozen=True):
    algorithm: str
    challenge: str
    number: int
    salt: str
    signature: str


def make_challenge(form: str, secret: bytes, chance: bytes, now: datetime) -> Challenge:
    """A challenge for one form; `chance` is random and never used again. Nothing need be kept of it."""
    salt = f"{chance.hex()}?expires={int((now + LASTS).timestamp())}&"
    number = int.from_bytes(_keyed(form, secret, b"number", salt)) % (HARDNESS + 1)
    challenge = _hash(salt, number)
    return Challenge("SHA-256", challenge, HARDNESS, salt, _sign(form, secret, challenge))


def check_proof(said: object, form: str, secret: bytes, at: datetime) -> list[Fault]:
    """What is wrong with the answer to a challenge of this form, given at an instant."""
    if said in {None, ""}:
        return [Fault(pointer(FIELD), "is required")]
    solution = _read(said)
    if solution is None or not _solved(solution, form, secret):
        return [Fault(pointer(FIELD), "does not solve a challenge of this form")]
    expires = parse_qs(solution.salt.partition("?")[2]).get("expires", ["0"])[0]
    if int(expires) < at.timestamp():
        return [Fault(pointer(FIELD), "is over; ask for a new challenge")]
    return []


def challenge_answered(said: object) -> str | None:
    """The challenge an answer names, proven or not."""
    solution = _read(said)
    return None if solution is None else solution.challenge


def challenge_of_body(body: bytes, content_type: str) -> str | None:
    """The challenge a form's body answers, None where there is none to be read."""
    try:
        return challenge_answered(decode_body(body, content_type).values.get(FIELD))
    except Unreadable:
        return None


def _solved(solution: _Solution, form: str, secret: bytes) -> bool:
    challenge = _hash(solution.salt, solution.number)
    return hmac.compare_digest(challenge, solution.challenge) and hmac.compare_digest(
        _sign(form, secret, challenge), solution.signature
    )


def _read(said: object) -> _Solution | None:
    try:
        found = msgspec.json.decode(b64decode(str(said), validate=True), type=_Solution)
    except (ValueError, msgspec.MsgspecError):
        return None
    texts = (found.challenge, found.salt, found.signature)
    whole = all(text.isascii() for text in texts) and 0 <= found.number <= HARDNESS
    return found if whole and found.algorithm == "SHA-256" and len(found.challenge) <= 64 else None  # noqa: PLR2004


def _hash(salt: str, number: int) -> str:
    return sha256(f"{salt}{number}".encode()).hexdigest()


def _sign(form: str, secret: bytes, challenge: str) -> str:
    return hmac.new(_keyed(form, secret, b"signature", ""), challenge.encode(), sha256).hexdigest()


def _keyed(form: str, secret: bytes, purpose: bytes, text: str) -> bytes:
    return hmac.digest(secret, b"altcha " + purpose + b"\0" + form.encode() + b"\0" + text.encode(), "sha256")
