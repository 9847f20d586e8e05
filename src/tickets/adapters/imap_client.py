"""A small IMAP client (RFC 3501, 2177, 6851) on asyncio: what fetching a mailbox needs, and nothing else.

The standard library's blocks, and knows IDLE from Python 3.14 on; the asyncio ones on PyPI are under the GPL.
"""

import asyncio
import base64
import re
import ssl
from collections.abc import Sequence
from contextlib import suppress

from msgspec import Struct

_ANSWER = 60.0
"""Seconds a server may take over one command."""
_LINE = 8 * 2**20
"""Longest line of an answer in bytes: a SEARCH over a million mails."""

_LITERAL = re.compile(rb"\{(\d+)\}\r\n$")
_QUOTED = re.compile(rb'BODY\[[^\]]*\] "((?:[^"\\]|\\.)*)"')


class ImapTrouble(Exception):  # noqa: N818 - a condition of another machine
    """The connection, or what the server says, is no use: connect again."""


class ImapRefused(ImapTrouble):
    """The server answered NO or BAD; the connection is still good."""


class Selected(Struct, frozen=True):
    """A folder: the same UID names the same mail as long as `uidvalidity` stays."""

    uidvalidity: int
    exists: int


class Answer(Struct, frozen=True):
    """One untagged answer: its text without the literals, and those."""

    text: bytes
    literals: tuple[bytes, ...] = ()


class ImapClient:
    """One connection. Every method raises `ImapTrouble`, `OSError` or `TimeoutError`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, largest: int) -> None:
        self._reader = reader
        self._writer = writer
        self._largest = largest
        self._sent = 0
        self._news = False
        self._leaving = False
        self.capabilities: frozenset[str] = frozenset()

    @classmethod
    async def connect(cls, host: str, port: int, tls: str, largest: int) -> "ImapClient":
        """Connect and encrypt. `largest` literal in bytes that is read at all."""
        context = ssl.create_default_context() if tls != "never" else None
        async with asyncio.timeout(_ANSWER):
            at_once = context if tls == "always" else None
            made = cls(*await asyncio.open_connection(host, port, ssl=at_once, limit=_LINE), largest)
            try:
                await made._greeting()
                if tls == "starttls" and context is not None:
                    await made.command("STARTTLS")
                    made._refuse_early_words()
                    await made._writer.start_tls(context, server_hostname=host)
            except BaseException:
                made._writer.close()
                raise
        return made

    def _refuse_early_words(self) -> None:
        """What came behind the answer to STARTTLS was said in the clear, by anybody (CVE-2011-0411)."""
        if getattr(self._reader, "_buffer", b""):
            raise ImapTrouble("said more before it encrypted")

    async def _greeting(self) -> None:
        greeting = (await self._answer()).text
        if not greeting.startswith(b"* OK"):
            raise ImapTrouble(f"greeted with {_shown(greeting)}")

    async def login(self, user: str, password: str) -> None:
        """Log in, and learn what the server can do."""
        await self.command("LOGIN", _astring(user), _astring(password))
        (*_, told) = await self.command("CAPABILITY") or [Answer(b"")]
        self.capabilities = frozenset(told.text.decode("ascii", "replace").upper().split())

    async def select(self, folder: str) -> Selected:
        """Open a folder."""
        answers = await self.command("SELECT", _astring(encoded(folder)))
        text = b"\n".join(answer.text for answer in answers)
        validity, exists = re.search(rb"UIDVALIDITY (\d+)", text), re.search(rb"\* (\d+) EXISTS", text)
        if validity is None:
            raise ImapTrouble("the server gives no UIDVALIDITY")
        return Selected(int(validity[1]), int(exists[1]) if exists else 0)

    async def uids_after(self, uid: int) -> list[int]:
        """UIDs above this one, ascending."""
        self._news = False
        answers = await self.command("UID SEARCH", b"UID %d:*" % (uid + 1))
        words = [word for a in answers if a.text.startswith(b"* SEARCH") for word in a.text.split()[2:]]
        return sorted({int(word) for word in words if word.isdigit() and int(word) > uid})  # n:* has the last

    async def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Bytes of each mail that is still there."""
        found: dict[int, int] = {}
        for answer in await self.command("UID FETCH", _set(uids), b"(UID RFC822.SIZE)"):
            uid, size = re.search(rb"UID (\d+)", answer.text), re.search(rb"RFC822.SIZE (\d+)", answer.text)
            if uid and size:
                found[int(uid[1])] = int(size[1])
        return found

    async def fetch(self, uid: int, *, head: bool = False) -> bytes | None:
        """A mail, or its header, without touching its flags; None when it is gone."""
        part = b"BODY.PEEK[HEADER]" if head else b"BODY.PEEK[]"
        for answer in await self.command("UID FETCH", b"%d (UID %s)" % (uid, part)):
            if re.search(rb"UID %d\b" % uid, answer.text) is None:
                continue
            if answer.literals:
                return answer.literals[0]
            if quoted := _QUOTED.search(answer.text):
                return re.sub(rb"\\(.)", rb"\1", quoted[1])
        return None

    async def mark_seen(self, uids: Sequence[int]) -> None:
        """Mark mails as seen."""
        await self.command("UID STORE", _set(uids), rb"+FLAGS.SILENT (\Seen)")

    async def move(self, uids: Sequence[int], folder: str) -> None:
        """Move mails into another folder, which is made if it is not there."""
        target = _astring(encoded(folder))
        if "MOVE" in self.capabilities:
            await self._into(folder, "UID MOVE", _set(uids), target)
            return
        await self._into(folder, "UID COPY", _set(uids), target)
        await self.command("UID STORE", _set(uids), rb"+FLAGS.SILENT (\Deleted)")
        if "UIDPLUS" in self.capabilities:  # a plain EXPUNGE would take what others have marked, too
            await self.command("UID EXPUNGE", _set(uids))

    async def idle(self, most: float) -> None:
        """Wait until the server tells of new mail, or has told since it was last asked; at most so long."""
        tag = await self._send("IDLE")
        async with asyncio.timeout(_ANSWER):
            while not (line := (await self._answer()).text).startswith(b"+"):
                if line.startswith(tag):
                    raise ImapRefused(_shown(line))
        with suppress(TimeoutError):
            async with asyncio.timeout(most):
                while not self._news:
                    await self._answer()
        self._writer.write(b"DONE\r\n")
        await self._until(tag)

    async def close(self) -> None:
        """Say goodbye if the server still listens."""
        self._leaving = True
        try:
            async with asyncio.timeout(2):
                await self.command("LOGOUT")
        except (ImapTrouble, OSError, TimeoutError):
            pass
        finally:
            self._writer.close()

    async def command(self, name: str, *arguments: bytes) -> list[Answer]:
        """Send a command; the untagged answers to it. Raises `ImapRefused`."""
        return await self._until(await self._send(name, *arguments))

    async def _into(self, folder: str, name: str, *arguments: bytes) -> None:
        try:
            await self.command(name, *arguments)
        except ImapRefused as refusal:
            if "TRYCREATE" not in str(refusal):
                raise
            await self.command("CREATE", _astring(encoded(folder)))
            await self.command(name, *arguments)

    async def _send(self, name: str, *arguments: bytes) -> bytes:
        self._sent += 1
        tag = b"t%d" % self._sent
        self._writer.write(b" ".join((tag, name.encode(), *arguments)) + b"\r\n")
        async with asyncio.timeout(_ANSWER):
            await self._writer.drain()
        return tag

    async def _until(self, tag: bytes) -> list[Answer]:
        answers: list[Answer] = []
        async with asyncio.timeout(_ANSWER):
            while True:
                answer = await self._answer()
                if answer.text.startswith(tag + b" "):
                    break
                answers.append(answer)
        if not answer.text[len(tag) + 1 :].upper().startswith(b"OK"):
            raise ImapRefused(_shown(answer.text[len(tag) + 1 :]))
        return answers

    async def _answer(self) -> Answer:
        text = b""
        literals: list[bytes] = []
        while True:
            try:
                line = await self._reader.readuntil(b"\r\n")
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as end:
                raise ImapTrouble("the server hung up, or never ends its line") from end
            literal = _LITERAL.search(line)
            if literal is None:
                return self._heard(Answer(text + line.rstrip(b"\r\n"), tuple(literals)))
            if int(literal[1]) > self._largest:
                raise ImapTrouble(f"the server sends {int(literal[1])} bytes at once")
            text += line[: literal.start()]
            try:
                literals.append(await self._reader.readexactly(int(literal[1])))
            except asyncio.IncompleteReadError as end:
                raise ImapTrouble("the server hung up in the middle of a mail") from end

    def _heard(self, answer: Answer) -> Answer:
        """Note what any answer may bring along: new mail, or that the server ends."""
        if answer.text.startswith(b"* BYE") and not self._leaving:
            raise ImapTrouble(_shown(answer.text))
        self._news = self._news or re.match(rb"\* \d+ EXISTS", answer.text) is not None
        return answer


def encoded(folder: str) -> str:
    """A folder's name in modified UTF-7 (RFC 3501 §5.1.3)."""
    pieces = re.split(r"([^\x20-\x7e]+)", folder)
    return "".join(_shifted(piece) if n % 2 else piece.replace("&", "&-") for n, piece in enumerate(pieces))


def _shifted(text: str) -> str:
    code = base64.b64encode(text.encode("utf-16-be")).rstrip(b"=").replace(b"/", b",")
    return f"&{code.decode()}-"


def _astring(text: str) -> bytes:
    """A quoted string. Raises `ImapTrouble` for what none can hold."""
    if any(sign in text for sign in "\r\n\0"):
        raise ImapTrouble("a name or password with line breaks")
    return b'"' + text.replace("\\", r"\\").replace('"', r"\"").encode() + b'"'


def _set(uids: Sequence[int]) -> bytes:
    return b",".join(b"%d" % uid for uid in uids)


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "replace")[:200]
