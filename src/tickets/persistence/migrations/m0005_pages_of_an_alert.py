"""An index over the alerts that outbox rows carry: when one dies, is there another page of its alert?"""

from tickets.persistence.migrate import Script

ID = "0005"

SQL = """
CREATE INDEX outbox_alert ON outbox ((cause ->> 'alert')) WHERE cause ->> 'alert' IS NOT NULL;
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
