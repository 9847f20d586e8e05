"""What ends a command before it began: one sentence for the operator, and a non-zero exit."""

from pathlib import Path


class CannotStart(Exception):  # noqa: N818 - a condition, not a bug
    """A condition only the operator can change. `str()` is the whole message, one sentence or one a line."""


class DatabaseUnavailable(CannotStart):
    """No usable PostgreSQL: wrong URL, nobody listening, no binaries, or older than 15."""


class DatabaseTooNew(CannotStart):
    """The database was migrated by a later release than this one."""


class DataFolderBusy(CannotStart):
    """Another server already runs on this data folder."""


class DataFolderUnusable(CannotStart):
    """The data folder cannot be made, read or written."""

    def __init__(self, folder: Path, error: OSError) -> None:
        reason = error.strerror or str(error)
        where = f" ({error.filename})" if error.filename and Path(error.filename) != folder else ""
        super().__init__(
            f"The data folder {folder} cannot be used: {reason}{where}; mend it, "
            "or set TICKETS_DATA_DIR to another folder."
        )


class SettingsInvalid(CannotStart):
    """One or more settings cannot be used; every fault is named, one a line."""
