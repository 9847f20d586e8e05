"""Since when an agent has nothing to do, for teams that give work to whoever is idle longest."""

from tickets.persistence.migrate import Script

ID = "0013"

SQL = """
ALTER TABLE agent_state ADD COLUMN idle_since timestamptz;  -- came free, or came online; NULL while busy
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
