"""What a mail repeats of earlier ones and its signature stand beside its text."""

from tickets.persistence.migrate import Script

ID = "0026"

SQL = """
ALTER TABLE message
    ADD COLUMN signature text NOT NULL DEFAULT '',
    ADD COLUMN quoted text NOT NULL DEFAULT '';
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
