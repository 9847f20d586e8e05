"""The broker's own tables, in a schema of their own; and an index over what was given up."""

from dramatiq_postgres.schema import generate_init_sql  # type: ignore[import-untyped]

from tickets.persistence.migrate import Script

ID = "0002"

SQL = """
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead';
-- Rows here change several times within seconds: clean up after hundreds, not after a fifth of a table.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0.01);
ALTER TABLE dramatiq.queue SET (autovacuum_vacuum_scale_factor = 0.01);
"""


async def forwards() -> Script:
    """The broker's script as its package ships it, then ours."""
    return Script(ID, generate_init_sql(schema="dramatiq") + SQL)
