"""`/v1/escalations/{token}`: the link in every page of a run; whoever was sent it has it with one click."""

from html import escape
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from msgspec.structs import replace

from tickets.api.auth import PUBLIC
from tickets.api.document import HIDDEN
from tickets.api.parts import FromParts, Parts
from tickets.api.problems import Problem
from tickets.application.runs.acts import Acknowledge, find_run, tell_run
from tickets.application.runs.links import Invited, read_link
from tickets.domain.errors import NotFound
from tickets.domain.ticket import Ticket

_OPT = {**PUBLIC, **HIDDEN}
_ONLY_THIS = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
_PAGE = (
    "<!doctype html><meta name=viewport content='width=device-width'><title>#{number}</title>"
    "<p>#{number} {subject}</p><p>{state}</p>{form}"
)
_BUTTON = (
    "<form method=post><p><button name=by value='{by}'>{who}Tôi nhận xử lý · I have it</button></p></form>"
)
_STATES = {
    "open": "Chưa ai nhận · Nobody has it yet",
    "acknowledged": "Đã nhận · Had by: {by}",
    "snoozed": "Tạm hoãn · Snoozed",
    "exhausted": "Đã báo hết các mức · Every level has been paged",
    "resolved": "Đã xong · Over",
}


@get("/v1/escalations/{token:str}", opt=_OPT, media_type="text/html")
async def ask_to_acknowledge(token: FromPath[str], parts: FromParts) -> Response[str]:
    """Show how it stands and ask: mail scanners follow links."""
    invited = await _invited(token, parts)
    ticket = await parts.house.tickets.read(invited.ticket)
    if ticket is None:
        raise NotFound("this ticket is gone")
    return _page(ticket, invited)


@post("/v1/escalations/{token:str}", opt=_OPT, media_type="text/html", status_code=200)
async def acknowledge_by_link(
    token: FromPath[str],
    request: Request[Any, Any, Any],
    parts: FromParts,
) -> Response[str]:
    """Acknowledge as whom the page was sent to; twice changes nothing.

    Where several share the address the form says which of them it is (`by`), and nobody else can be named.
    """
    invited = await _invited(token, parts)
    by = invited.recipients[0] if len(invited.recipients) == 1 else (await request.form()).get("by")
    if by not in invited.recipients:
        raise Problem(400, f"Say who you are: `by` is one of {', '.join(invited.recipients)}.")
    change, _ = await tell_run(parts.house, invited.ticket, invited.run, Acknowledge(), by, parts.now())
    parts.house.observer.changed(change)
    return _page(change.after, invited)


async def _invited(token: str, parts: Parts) -> Invited:
    """Whom of the desk a link lets in: who has left it has left with their links."""
    invited = read_link(token, parts.secret, parts.now())
    agents = (await parts.desks.current()).desk.agents
    names = invited.recipients if invited is not None else ()
    still = tuple(name for name in names if not name.startswith("agent:") or name[6:] in agents)
    if invited is None or not still:
        raise NotFound("this link was never sent, or stands no longer")
    return replace(invited, recipients=still)


def _page(ticket: Ticket, invited: Invited) -> Response[str]:
    run = find_run(ticket, invited.run)
    asked = [name for name in invited.recipients if run.is_live and name not in run.acknowledged_by]
    several = len(invited.recipients) > 1
    text = _PAGE.format(
        number=ticket.number,
        subject=escape(ticket.subject),
        state=escape(_STATES[run.state].format(by=", ".join(run.acknowledged_by))),
        form="".join(
            _BUTTON.format(by=escape(name), who=f"{escape(name)}: " if several else "") for name in asked
        ),
    )
    return Response(text, media_type="text/html", headers=_ONLY_THIS)


ROUTES = (ask_to_acknowledge, acknowledge_by_link)
