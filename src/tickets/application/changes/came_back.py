"""Mail of ours came back: what a ticket is told of it."""

from msgspec import Struct

from tickets.domain.draft import Attachment, Returned


class CameBack(Struct, frozen=True):
    """What the server that returned it says, in short and in `text`, as a draft has it."""

    returned: Returned
    text: str
    signature: str = ""
    quoted: str = ""
    attachments: tuple[Attachment, ...] = ()

    def told(self) -> dict[str, object]:
        """As the ticket's history has it; `returned_message` is which of our messages, if proven."""
        mail = self.returned
        return {
            "recipients": list(mail.recipients),
            "final": mail.final,
            "reason": mail.reason,
            "returned_message": str(mail.message) if mail.message else None,
        }
