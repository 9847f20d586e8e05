"""What ends a command before it began: one sentence for the operator, and a non-zero exit."""


class CannotStart(Exception):  # noqa: N818 - a condition, not a bug
    """A condition only the operator can change. `str()` is the whole message, one sentence or one a line."""


class DatabaseUnavailable(CannotStart):
    """No usable PostgreSQL: wrong URL, nobody listening, no binaries, or older than 15."""


class DatabaseTooNew(CannotStart):
    """The database was migrated by a later release than this one."""


class DataFolderBusy(CannotStart):
    """Another server already runs on this data folder."""


class SettingsInvalid(CannotStart):
    """One or more settings cannot be used; every fault is named, one a line."""
