"""Which webhooks of the desk hear of which events of tickets."""

from collections.abc import Iterable

from tickets.application.desk.model import Webhook
from tickets.domain.history import event_name

EVERYTHING = "*"


class Listeners:
    """Answers for one revision of the desk; false when no webhook asked for anything."""

    def __init__(self, webhooks: Iterable[Webhook]) -> None:
        self._asking = tuple(webhook for webhook in webhooks if webhook.events)
        self._found: dict[str, tuple[Webhook, ...]] = {}

    def __bool__(self) -> bool:
        """Whether anybody listens at all."""
        return bool(self._asking)

    def of(self, line: str) -> tuple[Webhook, ...]:
        """Those who hear of a type of line of a ticket's history."""
        if line not in self._found:
            event = event_name(line)
            names = {event, f"{event.partition('.')[0]}.*", EVERYTHING}
            self._found[line] = tuple(each for each in self._asking if names.intersection(each.events))
        return self._found[line]
