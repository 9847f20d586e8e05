"""Thousands of real and odd mails; sets are read by path and never copied here."""

import json
import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tickets.domain.draft import Draft
from tickets.intake import Mailbox, read_mail

DATA = Path(os.environ.get("TICKETS_TEST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "mail"
MAILBOX = Mailbox(key="help", address="help@desk.example")

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no mail sets at {DATA}")


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as mails:
        for member in mails:
            if (file := mails.extractfile(member)) is not None:
                yield member.name, file.read()


def texts_of(draft: Draft) -> list[str]:
    names = [
        part for file in draft.attachments for part in (file.name, file.media_type, file.content_id or "")
    ]
    return [
        draft.subject,
        draft.text,
        draft.quoted,
        draft.html or "",
        draft.sender.name,
        draft.external_id or "",
        *names,
    ]


@pytest.mark.parametrize("archive", sorted(DATA.glob("*.tar.gz")), ids=lambda path: path.name)
def test_every_mail_of_every_set_becomes_a_draft_the_database_can_hold(archive: Path) -> None:
    for name, raw in members(archive):
        draft = read_mail(raw, MAILBOX, b"secret")
        joined = "".join(texts_of(draft))
        assert draft.subject, name
        assert "\0" not in joined, name
        joined.encode()


def test_bounces_are_automatic() -> None:
    bounces = [read_mail(raw, MAILBOX, b"s") for _, raw in members(DATA / "bounces_flufl.tar.gz")]
    assert sum(draft.automatic for draft in bounces) >= len(bounces) - 1


def test_ordinary_mail_is_not_automatic() -> None:
    bulk = re.compile(
        rb"^(precedence|list-|x-mailing-list|x-loop|auto-submitted|return-path: <>)",
        re.IGNORECASE | re.MULTILINE,
    )
    ham = [
        raw for name, raw in members(DATA / "spamassassin_1.tar.gz") if "ham" in name and not bulk.search(raw)
    ]
    flagged = sum(read_mail(raw, MAILBOX, b"s").automatic for raw in ham)
    assert len(ham) > 500
    assert flagged / len(ham) < 0.03


def test_the_odd_mails_have_the_expected_senders_and_subjects() -> None:
    files = dict(members(DATA / "zammad_odd.tar.gz"))
    right = {"subject": 0, "sender": 0}
    expectations = [name for name in files if name.endswith(".expected.json")]
    for name in expectations:
        expected = json.loads(files[name])
        draft = read_mail(files[name.replace(".expected.json", ".box")], MAILBOX, b"s")
        sender = draft.sender.identities[0].value if draft.sender.identities else ""
        right["subject"] += " ".join((expected.get("subject") or "").split()) == draft.subject
        right["sender"] += "from_email" not in expected or (expected["from_email"] or "").lower() == sender
    assert right["subject"] >= len(expectations) - 2  # no charset declared: Shift-JIS and GBK are not guessed
    assert right["sender"] >= len(expectations) - 2  # "MAILER-DAEMON" and "Test test@" are no addresses
