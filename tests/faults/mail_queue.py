"""A mail server in front of ours: it queues, hands over by LMTP, and tries again, as Postfix does."""

import asyncio
import smtplib
from collections import Counter

SHOP = "cskh@shop.example.vn"


class MailQueue:
    """Mails on their way to one place. What was answered 250 leaves the queue, whatever else was not.

    A connection that ends between the last byte and the answer leaves the sender in doubt: then the mail is
    handed over again, as RFC 5321 §4.5.4.1 has it, and the receiver must see that it is the same.
    """

    def __init__(self, port: int, pause: float = 0.05) -> None:
        self.port = port
        self.pause = pause
        self.taken: list[str] = []
        self.tries: Counter[str] = Counter()
        self.in_doubt = 0

    async def deliver(self, name: str, raw: bytes) -> None:
        """Hand a mail over, as often as it takes."""
        while not await asyncio.to_thread(self._try, name, raw):  # noqa: ASYNC110 - that is what queues do
            await asyncio.sleep(self.pause)
        self.taken.append(name)

    def _try(self, name: str, raw: bytes) -> bool:
        self.tries[name] += 1
        said_all = False
        try:
            with smtplib.LMTP("127.0.0.1", self.port, timeout=20) as client:
                client.ehlo_or_helo_if_needed()
                client.mail("khach@khach.example")
                code, said = client.rcpt(SHOP)
                if code == 250:
                    said_all = True
                    code, said = client.data(raw)
        except (OSError, smtplib.SMTPException):
            self.in_doubt += said_all
            return False
        # 5xx would lose it.
        assert code == 250 or 400 <= code < 500, (code, said)
        return code == 250
