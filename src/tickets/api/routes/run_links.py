"""`/v1/escalations/{token}`: the link in every page of a run, where its recipient acts without a key."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import escape
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from msgspec.structs import replace

from tickets.api.auth import PUBLIC
from tickets.api.document import HIDDEN
from tickets.api.parts import FromParts, Parts
from tickets.api.problems import Problem
from tickets.application.acts.runs import (
    Acknowledge,
    Act,
    Escalate,
    Resolve,
    Snooze,
    TakeOver,
    Unacknowledge,
    find_run,
    tell_run,
)
from tickets.application.runs.links import Invited, read_link
from tickets.domain.errors import NotFound, Stale
from tickets.domain.ticket import Ticket

_OPT = {**PUBLIC, **HIDDEN}
_NUMBER = re.compile("[0-9]{1,18}")
_ONLY_THIS = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
_PAGE = (
    "<!doctype html><meta name=viewport content='width=device-width'><title>#{number}</title>"
    "<p>#{number} {subject}</p><p>{state}</p>{forms}"
)
_FORM = (
    "<form method=post><input type=hidden name=epoch value={epoch}><input type=hidden name=by value='{by}'>"
    "<p>{who}{buttons}</p></form>"
)
_BUTTON = "<button name=act value={act}>{words}</button> "
_SNOOZE = timedelta(hours=1)
_ACTS: dict[str, tuple[str, Callable[[datetime], Act]]] = {
    "acknowledge": ("Tôi nhận xử lý · I have it", lambda _: Acknowledge()),
    "take-over": ("Tôi nhận thay · I take it over", lambda _: TakeOver()),
    "unacknowledge": ("Tôi không nhận nữa · I do not have it after all", lambda _: Unacknowledge()),
    "escalate": ("Báo mức tiếp theo · Next level now", lambda _: Escalate()),
    "snooze": ("Hoãn một giờ · Snooze for an hour", lambda now: Snooze(now + _SNOOZE)),
    "resolve": ("Đã xong · It is over", lambda _: Resolve()),
}
_STATES = {
    "open": "Chưa ai nhận · Nobody has it yet",
    "acknowledged": "Đã nhận · Had by: {by}",
    "snoozed": "Tạm hoãn · Snoozed",
    "exhausted": "Đã báo hết các mức · Every level has been paged",
    "resolved": "Đã xong · Over",
}


@get("/v1/escalations/{token:str}", opt=_OPT, media_type="text/html")
async def show_by_link(token: FromPath[str], parts: FromParts) -> Response[str]:
    """Show how it stands and ask: mail scanners follow links."""
    return await _shown(await _invited(token, parts), parts)


@post("/v1/escalations/{token:str}", opt=_OPT, media_type="text/html", status_code=200)
async def act_by_link(
    token: FromPath[str],
    request: Request[Any, Any, Any],
    parts: FromParts,
) -> Response[str]:
    """Do `act`, or else acknowledge, as whom the page was sent to; twice changes nothing.

    Where several share the address the form says which of them it is (`by`), and nobody else can be named.
    All but acknowledging is done to what the form showed (`epoch`): on anything newer it is only shown.
    """
    invited = await _invited(token, parts)
    form = await request.form()
    by = form.get("by", invited.recipients[0] if len(invited.recipients) == 1 else None)
    if by not in invited.recipients:
        raise Problem(400, f"Say who you are: `by` is one of {', '.join(invited.recipients)}.")
    name, seen = form.get("act", "acknowledge"), str(form.get("epoch"))
    if name not in _ACTS:
        raise Problem(400, f"`act` is one of {', '.join(_ACTS)}.")
    if name != "acknowledge" and not _NUMBER.fullmatch(seen):
        raise Problem(400, "`epoch` is the number that the form was shown with.")
    now, expected = parts.now(), None if name == "acknowledge" else int(seen)
    act = _ACTS[name][1](now)
    try:
        change, _ = await tell_run(parts.house, invited.ticket, invited.run, act, by, now, expected=expected)
    except Stale:
        return await _shown(invited, parts)
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


async def _shown(invited: Invited, parts: Parts) -> Response[str]:
    ticket = await parts.house.tickets.read(invited.ticket)
    if ticket is None:
        raise NotFound("this ticket is gone")
    return _page(ticket, invited)


def _page(ticket: Ticket, invited: Invited) -> Response[str]:
    run = find_run(ticket, invited.run)
    recipients = invited.recipients if run.is_live else ()
    several = len(recipients) > 1
    text = _PAGE.format(
        number=ticket.number,
        subject=escape(ticket.subject),
        state=escape(_STATES[run.state].format(by=", ".join(run.acknowledged_by))),
        forms="".join(
            _FORM.format(
                epoch=ticket.epoch,
                by=escape(name),
                who=f"{escape(name)}: " if several else "",
                buttons=_buttons(run.state, mine=name in run.acknowledged_by),
            )
            for name in recipients
        ),
    )
    return Response(text, media_type="text/html", headers=_ONLY_THIS)


def _buttons(state: str, *, mine: bool) -> str:
    return "".join(_BUTTON.format(act=act, words=_ACTS[act][0]) for act in _offered(state, mine=mine))


def _offered(state: str, *, mine: bool) -> tuple[str, ...]:
    """What there is to do with a live run for somebody who has it, or has not; the most likely first."""
    if mine:
        return "unacknowledge", "escalate", "resolve"
    if state == "acknowledged":
        return "take-over", "acknowledge", "escalate", "resolve"
    return "acknowledge", "escalate", "snooze", "resolve"


ROUTES = (show_by_link, act_by_link)
