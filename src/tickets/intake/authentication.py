"""What a receiving server found out about the sender (Authentication-Results, RFC 8601): facts, not truths.

Anybody can write such a header field. A server that adds its own removes those that pretend to be its own
(RFC 8601 §5), so only the newest field of a server the mailbox names in `trusts` counts for anything.
"""

import re
from collections.abc import Iterator

from tickets.domain.draft import Verdict
from tickets.intake.headers import Headers

VERDICTS_LIMIT = 30
"""Findings kept of one mail."""

_COMMENT = re.compile(r"\([^()]{0,1000}\)")
_QUOTED = re.compile(r'"([^"]{0,1000})"')
_SERVER = re.compile(r"[\w.:@/-]{1,255}")
_FINDING = re.compile(r"([a-z][a-z0-9-]{0,39})(?:/\d+)?\s*=\s*([a-z]{1,20})\b", re.IGNORECASE)
_DOMAINS = {
    "dmarc": re.compile(r"\bheader\.from\s*=\s*(\S+)", re.IGNORECASE),
    "dkim": re.compile(r"\bheader\.d\s*=\s*(\S+)", re.IGNORECASE),
    "spf": re.compile(r"\bsmtp\.(?:mailfrom|helo)\s*=\s*(\S+)", re.IGNORECASE),
}
"""What a method's finding is about."""


def read_verdicts(headers: Headers, trusts: tuple[str, ...]) -> tuple[Verdict, ...]:
    """Every finding of SPF, DKIM and DMARC, the newest field first. `trusts` are authserv-ids."""
    trusted = {name.lower() for name in trusts}
    found: list[Verdict] = []
    for value in headers.texts("authentication-results"):
        server, findings = _read(value)
        found += [
            Verdict(server, method, result, domain, trusted=server in trusted)
            for method, result, domain in findings
        ]
        trusted.discard(server)  # an older field of that name may be anybody's
    return tuple(found[:VERDICTS_LIMIT])


def vouched(sender: str, verdicts: tuple[Verdict, ...]) -> bool | None:
    """Whether trusted servers found that `sender`'s domain sent this mail; None when none said.

    DMARC for that domain decides (RFC 7489 §3.1); without it a DKIM signature of that very domain (RFC 6376)
    is proof. SPF speaks of the envelope, not of what people read as the sender.
    """
    domain = sender.rpartition("@")[2]
    about = [each for each in verdicts if each.trusted and domain and each.domain == domain]
    dmarc = {each.result for each in about if each.method == "dmarc"}
    if dmarc & {"pass", "fail"}:
        return "fail" not in dmarc
    return True if any(each.method == "dkim" and each.result == "pass" for each in about) else None


def _read(value: str) -> tuple[str, Iterator[tuple[str, str, str]]]:
    """The server's name and its findings; comments and quotes removed."""
    plain = _QUOTED.sub(lambda quoted: re.sub(r"[;\s]", "_", quoted[1]), _COMMENT.sub(" ", value))
    head, *clauses = plain.split(";")
    server = _SERVER.match(head.strip())
    return (server[0].lower() if server else ""), _findings(clauses)


def _findings(clauses: list[str]) -> Iterator[tuple[str, str, str]]:
    for clause in clauses:
        finding = _FINDING.match(clause.strip())
        about = _DOMAINS.get(finding[1].lower()) if finding else None
        if finding and about is not None:
            named = about.search(clause)
            domain = named[1].rpartition("@")[2].strip('"<>.').lower() if named else ""
            yield finding[1].lower(), finding[2].lower(), domain[:255]
