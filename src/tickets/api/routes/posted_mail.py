"""`/v1/intake/inbox/{mailbox}/mime`: mail that providers post, raw, with the checks of each."""

from typing import Any

import structlog
from litestar import Request, post
from litestar.params import FromPath

from tickets.api.auth import PUBLIC
from tickets.api.document import accepts
from tickets.api.idempotency import given_key
from tickets.api.parameters import ANY_QUERY
from tickets.api.parts import FromParts, Parts
from tickets.api.problems import Problem
from tickets.api.routes.receiving import Received
from tickets.domain.errors import NotFound
from tickets.intake.mail_source import PostedMail
from tickets.intake.posted_mail import read_posted
from tickets.intake.sns import NotProven, SnsNotice

_BODIES = {
    "multipart/form-data": bytes,
    "application/x-www-form-urlencoded": dict[str, str],
    "application/json": dict[str, object],
    "text/plain": bytes,
}
_log = structlog.get_logger("tickets.inbox")


@post(
    "/v1/intake/inbox/{mailbox:str}/mime",
    opt=PUBLIC | ANY_QUERY | accepts(_BODIES),
    tags=["Intake"],
    operation_id="postMail",
    status_code=200,
)
async def post_mail(mailbox: FromPath[str], request: Request[Any, Any, Any], parts: FromParts) -> Received:
    """A provider posts a mail. Its signature, or the password in its URL, proves it."""
    given_key(request)
    found = await parts.take_mail.mailbox(mailbox)
    source = None if found is None else found.posted
    if found is None or source is None:
        raise NotFound(f"there is no mailbox {mailbox!r} that mail is posted to")
    if not (secret := parts.environment.get(source.secret_env)):
        _log.error("secret_missing", mailbox=mailbox, variable=source.secret_env)
        raise Problem(503, "The secret of this mailbox is not set.", headers={"Retry-After": "60"})
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        posted = read_posted(source, secret, headers, await request.body(), parts.now())
        if posted.notice is not None and await _heeded(parts, source, posted.notice):
            _log.info("subscribed", mailbox=mailbox, topic=source.topic)
            return Received()
    except NotProven as missing:
        parts.metrics.mail_in.labels("posted", "refused").inc()
        raise Problem(401, f"This is not {source.provider}: {missing}.") from missing
    if posted.aside is not None:
        _log.warning("mail_set_aside", mailbox=mailbox, reason=posted.aside)
        await parts.take_mail.set_aside(found.key, posted.raw, posted.aside)
        return Received()
    await parts.take_mail(found.key, posted.raw, posted.token)
    parts.metrics.mail_in.labels("posted", "taken").inc()
    return Received()


async def _heeded(parts: Parts, source: PostedMail, notice: SnsNotice) -> bool:
    """See that SNS signed it; whether that was all, since it asked for the subscription of our own topic.

    Raises:
        NotProven: SNS did not.
        Problem: 503, Amazon cannot be asked now, or what reads certificates is not installed.
    """
    try:
        await parts.sns.prove(notice)
        if source.topic is None or notice.type != "SubscriptionConfirmation":
            return False
        await parts.sns.confirm(notice)
    except OSError as error:
        _log.error("sns_not_proven", error=str(error))
        parts.metrics.mail_in.labels("posted", "deferred").inc()
        raise Problem(
            503, "Signatures of SNS cannot be checked now.", headers={"Retry-After": "60"}
        ) from error
    return True


ROUTES = (post_mail,)
