"""Where a mailbox's mail waits for us: an IMAP folder, or a provider that posts it. Configuration only."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Variable = Annotated[str, Meta(pattern="^[A-Za-z_][A-Za-z0-9_]*$")]
"""Name of an environment variable: secrets are no part of the desk."""


class ImapSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A folder whose mails are to become tickets, all of them. Taken mails are marked as seen, or moved.

    `tls` from the first byte, by STARTTLS, or not at all. `port` by default is that of `tls`.
    """

    host: Annotated[str, Meta(min_length=1, max_length=253)]
    user: Annotated[str, Meta(min_length=1, max_length=320)]
    password_env: Variable
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    tls: Literal["always", "starttls", "never"] = "always"
    folder: Annotated[str, Meta(min_length=1, max_length=200)] = "INBOX"
    move_to: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class PostedMail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider that posts mails to us. `secret_env` holds its signing key, or `user:password` it sends.

    `topic` is the ARN of the SNS topic that SES tells (`ses` only): no other is believed, and a subscription
    to it is confirmed without asking.
    """

    provider: Literal["mailgun", "postmark", "sendgrid", "ses"]
    secret_env: Variable
    topic: Annotated[str, Meta(pattern="^arn:aws[a-z-]*:sns:[^:]+:[0-9]+:[^:]+$")] | None = None
