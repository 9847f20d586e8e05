"""What a simulation of routing has read so far, until it ends."""

from tickets.persistence.migrate import Script

ID = "0018"

SQL = """
CREATE TABLE job_stay (
    job_id uuid NOT NULL REFERENCES job (id),
    ticket_id uuid NOT NULL,
    stay jsonb NOT NULL,                            -- how the ticket came, waited and was held
    PRIMARY KEY (job_id, ticket_id)
);
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
