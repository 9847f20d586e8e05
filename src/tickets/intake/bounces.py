"""Mail that came back: delivery reports (RFC 3464), and the many machines that write none.

A report says what it means. Of the others, only what a machine sent *and* what says that mail could not be
delivered counts; whom it was for is then read in their words, above the copy of what came back.
"""

import re
from collections.abc import Iterator

from tickets.domain.draft import Returned
from tickets.intake.addresses import normal_address, read_addresses
from tickets.intake.headers import Headers
from tickets.intake.mime import Part
from tickets.intake.text import line

RECIPIENTS_LIMIT = 20
"""Addresses named of one bounce; ours go to one customer."""
REASON_LIMIT = 500
"""Characters of a reason."""
_HEAD = 4_000
"""Characters in which a machine says what it has to say."""

REPORTS = frozenset({"message/delivery-status", "message/global-delivery-status", "message/delivery status"})

_MACHINES = re.compile(
    r"mailer-?(?:daemon)?|mail-?(?:er|delivery)?-?(?:daemon|subsystem|system)|post-?master|mdaemon|mmdf"
    r"|ndr|bounces?"
    r"|imss|inetgw\d*|.*(?:smtp|mail)_?.*(?:service|gateways?)"
)
_SUBJECTS = re.compile(
    r"undeliver|automatically rejected|unzustellbar|unable to deliver|returned (?:mail|to sender)"
    r"|returning (?:mail|message) to sender"
    r"|failure (?:notice|delivery)|failed (?:mail|delivery)|mail (?:error|failed|failure|not delivered)"
    r"|processing error"
    r"|(?:mail|message|e-?mail)? ?(?:delivery|transmission|system) (?:\w+ )?(?:fail|error|problem"
    r"|warning|report|delay)"
    r"|delivery (?:status )?notification|delivery delayed|delayed mail|non-?delivery|nondeliverable"
    r"|nameserver error"
    r"|(?:could|can) ?not be delivered|not (?:yet )?(?:been )?delivered|message (?:[\w-]+ )?delayed"
    r"|user unknown"
    r"|non remis|échec de la remise|non recapitabile"
    r"|no se puede entregar|не доставлено|недоставлен|退信|投递失败"
    r"|không (?:gửi|chuyển|phát) được|thư (?:bị )?trả (?:lại|về)|gửi thư (?:không thành công|thất bại)",
)
"""In lower case: told to ignore it, the search takes three times as long, and every mail is asked."""
_SAYS = re.compile(
    r"(?:could|can|was|were|has|have|had)\s?(?:not|n't)\s+(?:yet\s+)?(?:be|been|able\s+to\s+be"
    r"|able\s+to)?\s*(?:deliver|sent|reach|process|complete)"
    r"|undeliver|un(?:able|successful)\s+(?:to\s+)?(?:deliver|send|relay)"
    r"|delivery\s+(?:\w+\s+){0,5}(?:fail|unsuccess|postponed|error|not\s+possible)"
    r"|(?:was|been)\s+automatically\s+rejected|not\s+deliver(?:ed|able)|fail(?:ed"
    r"|ure)\s+(?:to\s+)?deliver|failed\s+(?:recipient|address|mail)|non[- ]?(?:delivery|remis)"
    r"|address(?:\(?es\)?)?\s+(?:\w+\s+){0,2}(?:failed|had\s+permanent|had\s+delivery)"
    r"|permanent\s+(?:fatal\s+)?(?:error|failure)"
    r"|(?:mail|message)[^.]{0,60}\s(?:returned|rejected|refused|bounced|failed)|(?:user|mailbox"
    r"|recipient|account|address)[^.\n]{0,60}"
    r"(?:unknown|unavailable|not\s+(?:found|listed|exist|known|here|active)|does\s*n.t\s+exist|disabled"
    r"|full|inactive|over\s?quota|invalid)"
    r"|(?:unknown|no\s+such|invalid|bad)\s+(?:local\s+)?(?:user|recipient|mailbox|address)"
    r"|too\s+many\s+hops|has\s+been\s+postponed"
    r"|(?:550|551|552|553|554|450|451|452)[ -]#?\d?|delayed|no\s+s'ha\s+pogut|n'a\s+pas\s+pu"
    r"|konnte\s+nicht|nicht\s+zugestellt"
    r"|não\s+(?:pôde|foi)|no\s+(?:pudo|se\s+pudo|ha\s+podido)|не\s+(?:было\s+)?доставлено"
    r"|không\s+(?:thể\s+)?(?:gửi|chuyển|phát|giao)",
    re.IGNORECASE,
)
_WAITS = re.compile(
    r"not\s+yet\s+been\s+delivered|has\s+been\s+postponed|will\s+continue|will\s+be\s+retried"
    r"|will\s+(?:keep|be)\s+(?:trying|tried)"
    r"|still\s+(?:being\s+)?(?:tried|queued)|warning\s+message\s+only|delayed\s+\d"
    r"|no\s+action\s+is\s+required",
    re.IGNORECASE,
)
_OVER = re.compile(r"given up|permanent error|over\s+a\s+period\s+of", re.IGNORECASE)
_COPIES = frozenset({"message/rfc822", "text/rfc822-headers", "message/global"})
_COPY = re.compile(
    r"^[\W_]*(?:(?:this is |here is |below )?(?:a )?copy of|below this line|(?:the )?(?:original"
    r"|returned|unsent|"
    r"undelivered|body of) (?:message|mail|header)|(?:the )?(?:full )?(?:message"
    r"|mail)?\s?headers?(?: of| follow|:)|"
    r"start of returned|forwarded message|included is a copy|message (?:text|source|follows)"
    r"|(?:return-path|received|message-id)\s?:)",
    re.IGNORECASE | re.MULTILINE,
)
_FOUND = re.compile(r"[\w.+&'*/=?^{}~$%!#-]{1,64}@[\w.-]{1,190}\w", re.ASCII)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_REPLY = re.compile(r"\b([45][0-5]\d)[ -]")


def read_bounce(root: Part, sender: str, text: str, own: frozenset[str]) -> Returned | None:
    """What `root` says came back, or None for any other mail.

    `sender` and `own` (addresses of ours) are in lower case; `text` is the mail as people read it.
    """
    reports = [part for part in root.walk() if part.media_type in REPORTS]
    if reports and (returned := _of_reports(reports)):
        return returned
    if reports and not _says_failed(root.headers.text("subject"), text):
        return None  # it was delivered, or read
    return _of_words(root, sender, text, own)


def _of_reports(reports: list[Part]) -> Returned | None:
    failed: dict[str, str] = {}
    delayed: dict[str, str] = {}
    for part in reports:
        for fields in _groups(part):
            action = fields.plain("action").strip().lower()
            status = _STATUS.search(fields.plain("status"))
            if not action and status:
                action = {"5": "failed", "4": "delayed"}.get(status[1][0], "")
            reason = line(
                f"{status[1] if status else ''} {_after_type(fields, 'diagnostic-code')}", REASON_LIMIT
            )
            into = failed if action.startswith("fail") else delayed if action.startswith("delay") else None
            if into is not None and (address := _recipient(fields)) is not None:
                into.setdefault(address, reason)
    told = failed or delayed
    if not told:
        return None
    return Returned(tuple(told)[:RECIPIENTS_LIMIT], bool(failed), next(filter(None, told.values()), ""))


def _groups(part: Part) -> Iterator[Headers]:
    """The per-recipient groups of a delivery status: blocks of fields between blank lines."""
    raw = part.content
    at = 0
    for _ in range(200):
        while raw[at : at + 1] in {b"\r", b"\n"}:
            at += 1
        if at >= len(raw):
            return
        fields, at = Headers.read(raw, at, len(raw))
        yield fields


def _recipient(fields: Headers) -> str | None:
    """Original-Recipient is what we wrote to, Final-Recipient where it led; empty where it is no address."""
    for name in ("original-recipient", "final-recipient"):
        value = _after_type(fields, name)
        if address := normal_address(value.strip("<> ")) or next(
            (each.address for each in read_addresses(value)), None
        ):
            return address
    return "" if fields.raw("final-recipient") or fields.raw("original-recipient") else None


def _after_type(fields: Headers, name: str) -> str:
    """`rfc822; a@b` without its type."""
    value = fields.plain(name)
    return value.partition(";")[2].strip() if ";" in value else value.strip()


def _of_words(root: Part, sender: str, text: str, own: frozenset[str]) -> Returned | None:
    headers, subject = root.headers, root.headers.text("subject")
    named = [each.address for value in headers.texts("x-failed-recipients") for each in read_addresses(value)]
    daemon = _MACHINES.fullmatch(sender.partition("@")[0]) is not None
    machine, titled = daemon or _is_unanswerable(root), _SUBJECTS.search(subject.lower()) is not None
    if not (named or machine or titled):
        return None  # nearly every mail
    head = _above_copy(text)
    found = named or list(_named(head, sender, own))
    enclosed = any(part.media_type in _COPIES for part in root.walk())
    said = _SAYS.search(head) is not None
    if machine:
        is_one = titled or said or (daemon and enclosed and root.media_type != "multipart/report")
    else:
        is_one = said and _says_both(subject, sender, found, enclosed=enclosed)
    if not (named or is_one):
        return None
    reply = _STATUS.search(head) or _REPLY.search(head)
    final = not _WAITS.search(f"{subject}\n{head}") or _OVER.search(head) is not None
    told = next((each for each in head.splitlines() if reply and reply[1] in each), "") or subject
    found = found or list(_written_to(root))
    return Returned(tuple(dict.fromkeys(found))[:RECIPIENTS_LIMIT], final, line(told, REASON_LIMIT))


def _is_unanswerable(root: Part) -> bool:
    """A report, or a mail that nobody can answer."""
    fields = (root.headers.plain(name).strip() for name in ("return-path", "from"))
    return root.media_type == "multipart/report" or any(field.endswith("<>") for field in fields)


def _says_both(subject: str, sender: str, found: list[str], *, enclosed: bool) -> bool:
    """Whether a telling subject under a name of no machine is one all the same.

    Customers, too, write that something "could not be delivered": they name no other person's address.
    """
    answers = subject[:3].lower() == "re:" and "non remis" not in subject
    bare = re.sub(r"^\W*(?:warning|\[[^\]]{1,40}\])?\W*", "", subject, flags=re.IGNORECASE)
    begins = _SUBJECTS.match(bare.lower()) is not None
    return not answers and (bool(found) or not sender or (enclosed and begins))


def _says_failed(subject: str, text: str) -> bool:
    return _SUBJECTS.search(subject.lower()) is not None or _SAYS.search(_above_copy(text)) is not None


def _written_to(root: Part) -> Iterator[str]:
    """Whom the mail that came back was for, where the machine does not say."""
    for part in root.walk():
        if part.media_type in _COPIES:
            inner, _ = Headers.read(part.content, 0, len(part.content))
            yield from (each.address for value in inner.texts("to") for each in read_addresses(value))


def _above_copy(text: str) -> str:
    head = text[:_HEAD]
    copy = _COPY.search(head)
    return head[: copy.start()] if copy and head[: copy.start()].strip() else head


def _named(head: str, sender: str, own: frozenset[str]) -> Iterator[str]:
    for match in _FOUND.finditer(head):
        address = normal_address(match[0].strip(".'*"))
        if address and address != sender and address not in own and not address.startswith("postmaster@"):
            yield address
