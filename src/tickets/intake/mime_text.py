"""What a person reads in a mail and what files come with it, chosen from the tree of parts."""

from html import escape

from msgspec import Struct

from tickets.domain.draft import Attachment
from tickets.intake.headers import Headers
from tickets.intake.html_text import clean_html, text_of_html
from tickets.intake.invitation import MEDIA_TYPE as CALENDAR
from tickets.intake.invitation import invitation
from tickets.intake.mime import Part
from tickets.intake.text import HTML_LIMIT, NAME_LIMIT, block, line
from tickets.intake.tnef import MEDIA_TYPES as TNEF
from tickets.intake.tnef import read_tnef

ATTACHMENTS_LIMIT = 500
"""Files of one message; the raw envelope keeps the rest."""


class Body(Struct, frozen=True, kw_only=True):
    """The text, the harmless HTML if there was any, and the files."""

    text: str
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()


class _Section(Struct, frozen=True):
    """One stretch of the message as the sender wrote it: plain, HTML, or the same in both."""

    plain: str | None = None
    html: str | None = None

    def text(self, cleaned: str | None) -> str:
        if self.plain is not None and self.plain.strip():
            return self.plain
        return text_of_html(self.html, cleaned) if self.html else ""


def read_body(root: Part) -> Body:
    """Text from plain parts where there are any, else from HTML; everything else is a file.

    Outlook's `winmail.dat` is what is in it, and its text is the mail's where the mail has no other. What
    the mail invites to is a line at the end.
    """
    sections: list[_Section] = []
    files: list[Part] = []
    _collect(root, sections, files)
    attachments = _attachments(files[:ATTACHMENTS_LIMIT], sections)
    cleaned = _cleaned(sections) if any(section.html for section in sections) else None
    whole = cleaned if len(sections) == 1 else None
    texts = [section.text(whole).strip("\r\n") for section in sections]
    invitations = [invitation(part.text) for part in files if part.media_type == CALENDAR]
    return Body(
        text=block("\n\n".join(filter(None, [*texts, *dict.fromkeys(invitations)]))),
        html=cleaned,
        attachments=tuple(attachments[:ATTACHMENTS_LIMIT]),
    )


def _collect(part: Part, sections: list[_Section], files: list[Part]) -> None:
    if part.media_type == "multipart/alternative":
        _alternative(part, sections, files)
    elif part.children:
        for child in part.children:
            _collect(child, sections, files)
    elif not _is_text(part):
        files.append(part)
    elif part.media_type == "text/html":
        sections.append(_Section(html=part.text))
    else:
        sections.append(_Section(plain=part.text))


def _alternative(part: Part, sections: list[_Section], files: list[Part]) -> None:
    """The same said several times: one section out of the first plain and the richest HTML."""
    inner: list[_Section] = []
    for child in part.children:
        _collect(child, inner, files)
    plain = next((section.plain for section in inner if section.plain and section.plain.strip()), None)
    html = "\n".join(section.html for section in inner if section.html) or None
    sections.append(_Section(plain, html))


def _is_text(part: Part) -> bool:
    if part.media_type not in {"text/plain", "text/html", "text/enriched"}:
        return False
    disposition, parameters = part.disposition
    return disposition != "attachment" and not parameters.get("filename") and not part.parameters.get("name")


def _cleaned(sections: list[_Section]) -> str | None:
    return clean_html("\n".join(_html(section) for section in sections)[: HTML_LIMIT + 1])


def _html(section: _Section) -> str:
    return section.html or f"<pre>{escape(section.plain or '')}</pre>"


def _attachments(files: list[Part], sections: list[_Section]) -> list[Attachment]:
    found: list[Attachment] = []
    for number, part in enumerate(files):
        tnef = read_tnef(part.content) if part.media_type in TNEF or _is_winmail(part) else None
        if tnef is None:
            found.append(_attachment(part, number))
            continue
        if not any((each.plain or each.html or "").strip() for each in sections):
            if tnef.plain or tnef.html:
                sections.append(_Section(tnef.plain or None, tnef.html or None))
            else:
                found += tnef.texts
        found += tnef.files
    return found


def _is_winmail(part: Part) -> bool:
    return part.file_name.lower() == "winmail.dat"


def _attachment(part: Part, number: int) -> Attachment:
    content_id = line(part.headers.plain("content-id"), NAME_LIMIT).strip("<>")
    name = line(part.file_name, NAME_LIMIT).replace("/", "_").replace("\\", "_")
    if not name and part.media_type == "message/rfc822":
        name = _name_of_mail(part)
    if not name and part.media_type == CALENDAR:
        name = "invitation.ics"
    return Attachment(
        name=name or f"attachment-{number + 1}",
        media_type=line(part.media_type, NAME_LIMIT),
        content=part.content,
        content_id=content_id or None,
    )


def _name_of_mail(part: Part) -> str:
    """A mail within a mail is called by its subject."""
    headers, _ = Headers.read(part.content, 0, len(part.content))
    subject = line(headers.text("subject"), NAME_LIMIT - 4).replace("/", "_").replace("\\", "_")
    return f"{subject or 'message'}.eml"
