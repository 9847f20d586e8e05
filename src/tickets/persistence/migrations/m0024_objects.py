"""What is too large for a row stands in an object store, and envelopes may be dropped after a time."""

from tickets.persistence.migrate import Script

ID = "0024"

SQL = """
-- Which store the objects of this database are in: its mark `store/<id>` lies there.
CREATE TABLE object_store (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    id uuid NOT NULL,
    place text NOT NULL
);
-- Keys no row refers to: told before the object is put, taken back by the row that refers to it, told again
-- when that row goes. What stays here longer than an upload can take is to be deleted from the store.
CREATE TABLE object_unclaimed (
    key text PRIMARY KEY,
    since timestamptz NOT NULL,
    doomed boolean NOT NULL DEFAULT false           -- somebody is deleting it: too late to refer to it
);
ALTER TABLE envelope
    ALTER COLUMN body DROP NOT NULL,
    ADD COLUMN object text,                         -- the key of the body that is not here
    ADD COLUMN head bytea,                          -- how that body begins: erasing looks here for names
    ADD COLUMN bytes integer,                       -- of the body, wherever it is; NULL: count them
    ADD COLUMN dropped_at timestamptz,              -- the body is kept nowhere any more
    ADD CONSTRAINT envelope_one_body CHECK (body IS NULL OR object IS NULL) NOT VALID;
CREATE INDEX envelope_kept ON envelope (received_at) WHERE state = 'accepted' AND dropped_at IS NULL;
ALTER TABLE attachment
    ALTER COLUMN content DROP NOT NULL,
    ADD COLUMN object text,
    ADD COLUMN bytes integer,
    ADD CONSTRAINT attachment_one_content CHECK (num_nonnulls(content, object) = 1) NOT VALID;

CREATE FUNCTION claim_object() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM object_unclaimed WHERE key = NEW.object AND NOT doomed;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'object % was swept before its row came', NEW.object USING ERRCODE = '40001';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION give_up_object() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO object_unclaimed (key, since) VALUES (OLD.object, '-infinity');
    RETURN NULL;
END $$;
CREATE TRIGGER envelope_claims AFTER INSERT ON envelope
    FOR EACH ROW WHEN (NEW.object IS NOT NULL) EXECUTE FUNCTION claim_object();
CREATE TRIGGER envelope_dropped AFTER UPDATE OF object ON envelope
    FOR EACH ROW WHEN (OLD.object IS NOT NULL AND NEW.object IS NULL) EXECUTE FUNCTION give_up_object();
CREATE TRIGGER envelope_gone AFTER DELETE ON envelope
    FOR EACH ROW WHEN (OLD.object IS NOT NULL) EXECUTE FUNCTION give_up_object();
CREATE TRIGGER attachment_claims AFTER INSERT ON attachment
    FOR EACH ROW WHEN (NEW.object IS NOT NULL) EXECUTE FUNCTION claim_object();
CREATE TRIGGER attachment_gone AFTER DELETE ON attachment
    FOR EACH ROW WHEN (OLD.object IS NOT NULL) EXECUTE FUNCTION give_up_object();
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
