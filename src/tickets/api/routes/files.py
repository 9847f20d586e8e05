"""What came in, as it came: files of messages, and raw envelopes."""

from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from tickets.api.auth import needs
from tickets.api.file_answer import as_file
from tickets.api.parts import FromParts
from tickets.api.problems import Problem
from tickets.domain.errors import NotFound


@get(
    "/v1/tickets/{id:uuid}/attachments/{attachment:uuid}",
    opt=needs("tickets:read"),
    tags=["Tickets"],
    operation_id="getAttachment",
    media_type="application/octet-stream",
)
async def get_attachment(
    id: FromPath[UUID],
    attachment: FromPath[UUID],
    parts: FromParts,
) -> Response[bytes]:
    """A file of a message, to be saved: it is a stranger's, and no browser is to show it."""
    file = await parts.attachments.read(id, attachment)
    if file is None:
        raise NotFound(f"there is no attachment {attachment} on a ticket {id}")
    return as_file(file.name, file.media_type, file.content)


@get(
    "/v1/envelopes/{id:uuid}/raw",
    opt=needs("tickets:read"),
    tags=["Intake"],
    operation_id="getRawEnvelope",
    media_type="application/octet-stream",
)
async def get_raw_envelope(id: FromPath[UUID], parts: FromParts) -> Response[bytes]:
    """What arrived, byte by byte; 410 once it was dropped."""
    envelope = await parts.envelopes.read(id)
    if envelope is None:
        if await parts.envelopes.show(id) is None:
            raise NotFound(f"there is no envelope {id}")
        raise Problem(410, "Its bytes were dropped after the time they are kept.")
    is_mail = envelope.media_type.startswith("message/rfc822")
    return as_file(f"{id}{'.eml' if is_mail else '.bin'}", envelope.media_type, envelope.body)


ROUTES = (get_attachment, get_raw_envelope)
