"""Customers: several on one number, merged and split, searched by name, erased."""

from tickets.persistence.migrate import Script

ID = "0017"

SQL = r"""
ALTER TABLE customer
    ADD COLUMN segment text,
    ADD COLUMN epoch integer NOT NULL DEFAULT 1,    -- moves with every change: ETag
    ADD COLUMN merged_into uuid REFERENCES customer,
    ADD COLUMN erased_at timestamptz,
    ADD COLUMN erased_by text;
CREATE INDEX customer_name ON customer USING gin (to_tsvector('simple', fold(name)));
CREATE INDEX customer_merged ON customer (merged_into) WHERE merged_into IS NOT NULL;

-- An identity may be several people's. One of them has it as `main`: whoever is new by it meets that one
-- before they become another customer, so two requests at once make one customer.
ALTER TABLE customer_identity ADD COLUMN main boolean NOT NULL DEFAULT true;
ALTER TABLE customer_identity DROP CONSTRAINT customer_identity_pkey;
ALTER TABLE customer_identity ADD PRIMARY KEY (kind, value, customer_id);
CREATE UNIQUE INDEX customer_identity_main ON customer_identity (kind, value) WHERE main;
CREATE INDEX customer_identity_shared ON customer_identity (kind, value) WHERE NOT main;
-- What two spellings of one address or number have in common.
CREATE INDEX customer_identity_local ON customer_identity (split_part(value, '@', 1)) WHERE kind = 'email';
CREATE INDEX customer_identity_digits ON customer_identity (right(regexp_replace(value, '\D', '', 'g'), 8))
    WHERE kind IN ('phone', 'whatsapp');

-- What a merge moved, so that a split moves exactly that back.
CREATE TABLE customer_merge (
    id uuid PRIMARY KEY,
    into_id uuid NOT NULL REFERENCES customer,
    other_id uuid NOT NULL REFERENCES customer,
    moved jsonb NOT NULL,
    merged_by text NOT NULL,
    merged_at timestamptz NOT NULL,
    split_by text,
    split_at timestamptz
);
CREATE UNIQUE INDEX customer_merge_standing ON customer_merge (other_id) WHERE split_at IS NULL;
CREATE INDEX customer_merge_into ON customer_merge (into_id);

ALTER TABLE ticket
    ADD COLUMN customer_segment text,
    ADD COLUMN customer_candidates uuid[] NOT NULL DEFAULT '{}';  -- who else it may be from
-- Newest first: who of several was seen last.
DROP INDEX ticket_customer;
CREATE INDEX ticket_customer ON ticket (customer_id, id);
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
