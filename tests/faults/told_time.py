"""The time of a story, told to processes of their own: it stands still until the story moves it."""

from datetime import datetime, timedelta
from pathlib import Path


class ToldTime:
    """A clock for every process that knows the file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __call__(self) -> datetime:
        """The instant it is."""
        return datetime.fromisoformat(self.file.read_text(encoding="ascii"))

    def tell(self, instant: datetime) -> None:
        """It is this instant now, for all of them at once."""
        draft = self.file.with_suffix(".draft")
        draft.write_text(instant.isoformat(), encoding="ascii")
        draft.replace(self.file)

    def forward(self, **units: float) -> None:
        """So much later."""
        self.tell(self() + timedelta(**units))
