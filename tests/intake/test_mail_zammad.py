"""The odd mails of another help desk: equal to what it expects, but for a table of argued differences."""

import json

import pytest
from tests.intake.test_mail_corpora import DATA, MAILBOX, members

from tickets.intake import read_mail
from tickets.intake.addresses import read_addresses
from tickets.intake.html_text import text_of_html
from tickets.intake.mime import Part, read_parts
from tickets.intake.mime_text import read_body

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no mail sets at {DATA}")

_EMPTY = "a mail without text: there they write 'no visible content', here the text is empty"
DIFFERS: dict[tuple[str, str], str] = {
    ("mail015", "body"): _EMPTY,
    ("mail027", "body"): _EMPTY,
    ("mail041", "body"): _EMPTY,
    ("mail067", "body"): _EMPTY,
    ("mail087", "body"): "its text stands below a file; they make it a file, we read it",
    ("mail087", "attachments"): "the same",
    ("mail087", "sender"): "'Test test@example.com': a name and an address, not one address with a blank",
    ("mail105", "body"): "its text part calls itself an attachment without a name; we read it",
    ("mail021", "body"): "bytes that are no UTF-8 in a part that says UTF-8: U+FFFD, not Latin-1",
    ("mail023", "body"): "no charset declared: GBK is not guessed; the bytes stay in the envelope",
    ("mail093", "subject"): "no charset declared: Shift-JIS is not guessed",
    ("mail093", "sender"): "the same",
    ("mail053", "sender"): "'MAILER-DAEMON' is no address: nobody to answer",
    ("mail031", "sender"): "an ideographic space in a name is a space",
    ("mail073", "attachments"): "their name has lost a letter (U+FFFD), ours has it",
}


def expected() -> dict[str, tuple[dict[str, object], bytes]]:
    """What is expected of which mail."""
    files = dict(members(DATA / "zammad_odd.tar.gz"))
    return {
        name.rpartition("/")[2].removesuffix(".expected.json"): (
            json.loads(files[name]),
            files[name.replace(".expected.json", ".box")],
        )
        for name in files
        if name.endswith(".expected.json")
    }


def squeezed(text: object) -> str:
    """Without white space."""
    return "".join(str(text or "").split())


def differences(name: str, wanted: dict[str, object], raw: bytes) -> set[tuple[str, str]]:
    """What of a mail is read otherwise."""
    root = read_parts(raw)
    draft, body = read_mail(raw, MAILBOX, b"s"), read_body(root)
    ours = {
        "subject": squeezed(draft.subject),
        "sender": (
            next((each.value for each in draft.sender.identities), ""),
            draft.sender.name,
        ),
        "to": addresses(root, "to"),
        "cc": addresses(root, "cc"),
        "attachments": [file.name for file in body.attachments],
        "body": squeezed(seen(body.html, body.text, wanted)),
    }
    theirs = {
        "subject": squeezed(wanted.get("subject")),
        "sender": (str(wanted.get("from_email") or "").lower(), wanted.get("from_display_name") or ""),
        "to": [each.address for each in read_addresses(str(wanted.get("to") or ""))],
        "cc": [each.address for each in read_addresses(str(wanted.get("cc") or ""))],
        "attachments": files_of(wanted),
        "body": squeezed(text_of_html(str(wanted["body"])) if is_html(wanted) else wanted.get("body")),
    }
    given = {
        "subject": "subject",
        "sender": "from_email",
        "to": "to",
        "cc": "cc",
        "attachments": "attachments",
    }
    return {
        (name, fact)
        for fact in ours
        if wanted.get(given.get(fact, fact)) is not None and ours[fact] != theirs[fact]
    }


def addresses(root: Part, field: str) -> list[str]:
    """Whom a mail is addressed to."""
    return [each.address for value in root.headers.texts(field) for each in read_addresses(value)]


def files_of(wanted: dict[str, object]) -> list[str]:
    """Names of files; what is only another form of the text is none."""
    found = wanted.get("attachments") or []
    assert isinstance(found, list)
    return [
        str(file.get("filename"))
        for file in found
        if not file.get("preferences", {}).get("content-alternative")
    ]


def is_html(wanted: dict[str, object]) -> bool:
    """Whether their body is HTML."""
    return wanted.get("content_type") == "text/html" or "</" in str(wanted.get("body"))


def seen(html: str | None, text: str, wanted: dict[str, object]) -> str:
    """Our body in the form they show."""
    return text_of_html(html) if html and is_html(wanted) else text


def test_the_odd_mails_are_read_as_expected_but_for_what_is_argued() -> None:
    cases = expected()
    assert len(cases) == 41
    found: set[tuple[str, str]] = set()
    for name, (wanted, raw) in cases.items():
        found |= differences(name, wanted, raw)
    assert found == set(DIFFERS)
