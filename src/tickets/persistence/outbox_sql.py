"""The statements of an outbox row's life, from the bell to the verdict."""

from tickets.application.outbox.deliver import Claimed
from tickets.application.outbox.endpoint import AT_ONCE, AT_ONCE_HERE, AT_ONCE_MAIL, FAILURES, PAUSES
from tickets.persistence.rows import Rows

CLAIMED = Rows(Claimed)

# What leaves for a ticket is written with it; this is for what leaves for something else.
PUT = """
INSERT INTO outbox (id, way, destination, body, cause, state, wake_at, created_at)
VALUES ($1, $2, $3, $4, $5, 'pending', $6, $6)
"""

_ALERT = """CASE WHEN o.cause ->> 'alert' ~ '^[0-9a-f-]{36}$' THEN (o.cause ->> 'alert')::uuid END"""
# A page nobody has to hear of any more: it is withdrawn, for which its endpoint need have no room.
_OVER = f"EXISTS (SELECT FROM alert WHERE id = {_ALERT} AND state <> 'open')"

# Through the index in the order rows fell due; rows another relay is ringing for are passed over. Of one
# endpoint no more are rung for than it may have room for, the others are held, as a claim would hold them:
# else a burst to one endpoint is a queue of messages that find no room. What was held too long is rung for
# without end: it is only to be given up, and an endpoint that is left alone wakes nothing. $4 is when a held
# row is looked at again, $5 since when one has been held too long.
RING = f"""
WITH due AS (
    SELECT id, endpoint, wake_at, held_since FROM outbox
    WHERE wake_at <= $1 ORDER BY wake_at LIMIT $3 FOR UPDATE SKIP LOCKED
), placed AS (
    SELECT due.id, e.open_until,
           coalesce(due.held_since <= $5, false)
           OR row_number() OVER (PARTITION BY due.endpoint ORDER BY due.wake_at)
              <= CASE due.endpoint WHEN 'email' THEN {AT_ONCE_MAIL} ELSE {AT_ONCE} END AS rung
    FROM due LEFT JOIN endpoint AS e ON e.name = due.endpoint
)
UPDATE outbox AS o SET
    wake_at = CASE WHEN placed.rung THEN $2 ELSE greatest(placed.open_until, $4) END,
    held_since = CASE WHEN placed.rung THEN o.held_since ELSE coalesce(o.held_since, $1) END
FROM placed WHERE o.id = placed.id
RETURNING o.id, placed.rung
"""
UNRING = "UPDATE outbox SET wake_at = $3 WHERE id = ANY ($1) AND wake_at = $2"

_COMPUTED = {
    "barred": "go.barred",
    "endpoint_error": "go.last_error",
    "since": "greatest(coalesce(o.replayed_at, o.created_at), o.put_off_until)",
    "priority": """(SELECT priority FROM ticket WHERE o.cause ? 'alert'
                    AND id = CASE WHEN o.cause ->> 'ticket' ~ '^[0-9a-f-]{36}$'
                             THEN (o.cause ->> 'ticket')::uuid END)""",
    "alert_state": f"(SELECT state FROM alert WHERE id = {_ALERT})",
}

_LIVE = "(l.value ->> 0)::numeric > extract(epoch FROM $2::timestamptz)"

# A row is taken when its endpoint has room for one more attempt; the endpoint's row is the lock of that, and
# its leases are counted as they are under it. Otherwise the row is held, without an attempt. One that can
# never leave is taken without an attempt, to be given up. $3 is when the lease ends, $4 who takes it, $5 when
# a held row is looked at again, $6 since when one has been held too long.
CLAIM = f"""
WITH asked AS (
    SELECT o.id, o.endpoint, o.held_since,
           CASE WHEN {_OVER} THEN 'over'
                WHEN e.disabled_at IS NOT NULL THEN 'disabled'
                WHEN o.held_since <= $6 THEN 'held' END AS barred,
           e.last_error, e.open_until
    FROM outbox AS o LEFT JOIN endpoint AS e ON e.name = o.endpoint
    WHERE o.id = $1 AND o.state = 'pending' AND (o.leased_until IS NULL OR o.leased_until <= $2)
    FOR UPDATE OF o SKIP LOCKED
), admitted AS (
    INSERT INTO endpoint AS e (name, leases)
    SELECT endpoint, jsonb_build_object(id::text, jsonb_build_array(
        extract(epoch FROM $3::timestamptz), $4::text, false))
    FROM asked WHERE barred IS NULL
    ON CONFLICT (name) DO UPDATE SET
        leases = (SELECT coalesce(jsonb_object_agg(l.key, l.value), '{{}}') FROM jsonb_each(e.leases) AS l
                  WHERE {_LIVE})
                 || CASE WHEN e.open_until IS NULL THEN excluded.leases
                         ELSE jsonb_set(excluded.leases, ARRAY[$1::text, '2'], 'true') END,
        open_until = CASE WHEN e.open_until IS NOT NULL THEN $3::timestamptz END
    WHERE e.disabled_at IS NULL AND (e.open_until IS NULL OR e.open_until <= $2)
      AND (SELECT count(*) < CASE e.name WHEN 'email' THEN {AT_ONCE_MAIL} ELSE {AT_ONCE} END
              AND count(*) FILTER (WHERE l.value ->> 1 = $4::text) < {AT_ONCE_HERE}
           FROM jsonb_each(e.leases) AS l WHERE {_LIVE})
    RETURNING name
), go AS (
    SELECT id, barred, last_error, open_until, EXISTS (SELECT FROM admitted) AS admitted FROM asked
)
UPDATE outbox AS o SET
    fence = o.fence + CASE WHEN go.admitted OR go.barred IS NOT NULL THEN 1 ELSE 0 END,
    attempts = o.attempts + CASE WHEN go.admitted THEN 1 ELSE 0 END,
    leased_until = CASE WHEN go.admitted OR go.barred IS NOT NULL THEN $3::timestamptz END,
    wake_at = CASE WHEN go.admitted OR go.barred IS NOT NULL THEN $3 ELSE greatest(go.open_until, $5) END,
    held_since = CASE WHEN go.admitted OR go.barred IS NOT NULL THEN NULL ELSE coalesce(o.held_since, $2) END
FROM go WHERE o.id = go.id
RETURNING go.admitted OR go.barred IS NOT NULL,
          {", ".join(_COMPUTED.get(field, f"o.{field}") for field in CLAIMED.fields)}
"""

# $7 is what the attempt says of the endpoint: it answers, it failed, or nothing; $9 how long it is left
# alone from the failure too many on. Whoever began before it was left alone has nothing more to say of it.
# A probe that asked it nothing (its page has expired, say) leaves that to the next row, at once.
# `was` is read under its lock, so that of those who fail at once one sees it come to be left alone.
# What was held takes the room that is free now: one row for this one, two while there is room for more, here
# and there. So the attempts under way grow to as many as may be, and stay that many. The endpoint is named by
# `=`: the index has its held rows in order, and however many there are, the first is enough.
CONCLUDE = f"""
WITH concluded AS (
    UPDATE outbox SET state = $3, wake_at = $4, leased_until = $4, last_error = $5::text, settled_at = $6,
                      held_since = NULL
    WHERE id = $1 AND fence = $2 AND state = 'pending'
    RETURNING endpoint
), was AS (
    SELECT e.* FROM endpoint AS e JOIN concluded ON e.name = concluded.endpoint FOR UPDATE OF e
), told AS (
    UPDATE endpoint AS e SET
        leases = e.leases - $1::text,
        failures = CASE WHEN new.says = 'failed' THEN e.failures + 1 WHEN new.says = 'answers' THEN 0
                        ELSE e.failures END,
        open_until = CASE WHEN new.says = 'failed' AND e.failures + 1 >= {FAILURES}
                          THEN $8::timestamptz
                               + ($9::interval[])[least(e.failures + 2 - {FAILURES}, {len(PAUSES)})]
                          WHEN new.says = 'answers' THEN NULL
                          WHEN new.says = '' AND new.probing THEN $8::timestamptz ELSE e.open_until END,
        last_error = CASE WHEN new.says = 'failed' THEN $5::text WHEN new.says = 'answers' THEN NULL
                          ELSE e.last_error END,
        failed_at = CASE WHEN new.says = 'failed' THEN $8::timestamptz ELSE e.failed_at END
    FROM was CROSS JOIN LATERAL (
        SELECT CASE WHEN $7::text = 'failed' AND was.open_until IS NOT NULL AND NOT probing THEN ''
                    ELSE $7::text END AS says, probing
        FROM (SELECT coalesce((was.leases -> $1::text ->> 2)::boolean, false)) AS it (probing)
    ) AS new
    WHERE e.name = was.name
    RETURNING e.name, e.open_until,
              coalesce(e.open_until <= $8::timestamptz, true) OR e.disabled_at IS NOT NULL AS goes_on,
              (SELECT count(*) < CASE e.name WHEN 'email' THEN {AT_ONCE_MAIL} ELSE {AT_ONCE} END - 1
                  AND count(*) FILTER (WHERE l.value ->> 1 = was.leases -> $1::text ->> 1)
                      < {AT_ONCE_HERE} - 1
               FROM jsonb_each(e.leases) AS l) AS roomy,
              CASE WHEN e.disabled_at IS NOT NULL THEN NULL
                   WHEN was.open_until IS NULL AND e.open_until IS NOT NULL THEN 'open'
                   WHEN was.open_until IS NOT NULL AND e.open_until IS NULL THEN 'ready' END AS turned
), woken AS (
    UPDATE outbox SET wake_at = $8::timestamptz WHERE id IN (
        SELECT id FROM outbox
        WHERE held_since IS NOT NULL AND endpoint = (SELECT name FROM told WHERE goes_on)
          AND wake_at > $8::timestamptz -- others are woken already, or due
        ORDER BY wake_at LIMIT (SELECT CASE WHEN roomy THEN 2 ELSE 1 END FROM told) FOR UPDATE SKIP LOCKED)
    RETURNING id
)
SELECT (SELECT count(*) FROM concluded), ARRAY(SELECT id FROM woken), told.turned, told.name, told.open_until
FROM (SELECT 1) AS one LEFT JOIN told ON true
"""

# As in CONCLUDE, for what was claimed and is not sent: its room is the next one's, and so is its probe. $4 is
# the present.
_NEXT = """freed AS (
    UPDATE endpoint SET
        leases = leases - $1::text,
        open_until = CASE WHEN (leases -> $1::text ->> 2)::boolean THEN $4::timestamptz ELSE open_until END
    FROM unsent WHERE name = unsent.endpoint
    RETURNING name, open_until
), woken AS (
    UPDATE outbox SET wake_at = $4::timestamptz WHERE id IN (
        SELECT id FROM outbox
        WHERE held_since IS NOT NULL AND wake_at > $4::timestamptz
          AND endpoint = (SELECT name FROM freed WHERE open_until IS NULL OR open_until <= $4::timestamptz)
        ORDER BY wake_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id
)
SELECT (SELECT count(*) FROM unsent), ARRAY(SELECT id FROM woken)
"""

# No attempt was made, so none was spent.
PUT_OFF = f"""
WITH unsent AS (
    UPDATE outbox SET leased_until = $3, wake_at = $3, put_off_until = $3, attempts = attempts - 1
    WHERE id = $1 AND fence = $2 AND state = 'pending'
    RETURNING endpoint
), {_NEXT.strip()}
"""
HEARD = """
SELECT EXISTS (
    SELECT FROM outbox
    WHERE cause ->> 'alert' = $1 AND id <> $2
      AND (state = 'settled' OR (state = 'pending' AND (put_off_until IS NULL OR put_off_until <= $3))))
"""

# Of the pages of the last hour, as many as there may be: when the first of them is an hour old.
FULL = """
SELECT min(settled_at) FROM (
    SELECT settled_at FROM outbox
    WHERE way = $1 AND destination = $2 AND state = 'settled' AND cause ? 'alert' AND settled_at > $3
    ORDER BY settled_at DESC LIMIT $4
) AS latest HAVING count(*) >= $4
"""
# One digest at a time gathers for a destination; once it is claimed it takes no more.
OPEN_DIGEST = """
INSERT INTO outbox (id, way, destination, body, cause, state, wake_at, leased_until, put_off_until,
                    created_at)
VALUES ($1, $2, $3, '', '{"digest": true}', 'pending', $4, $4, $4, $5)
ON CONFLICT (way, destination) WHERE cause ? 'digest' AND state = 'pending' AND attempts = 0 DO NOTHING
"""
LOCK_DIGEST = """
SELECT id FROM outbox
WHERE way = $1 AND destination = $2 AND cause ? 'digest' AND state = 'pending' AND attempts = 0 FOR UPDATE
"""
GATHER = f"""
WITH unsent AS (
    UPDATE outbox SET state = 'gathered', gathered_into = $3, attempts = attempts - 1, wake_at = NULL,
                      leased_until = NULL, settled_at = $4
    WHERE id = $1 AND fence = $2 AND state = 'pending'
    RETURNING endpoint
), {_NEXT.strip()}
"""
GATHERED = """
SELECT a.id, a.state, a.metric, a.level, a.occurred_at, t.id, t.number, t.subject, t.priority
FROM outbox AS o JOIN alert AS a ON a.id = (o.cause ->> 'alert')::uuid JOIN ticket AS t ON t.id = a.ticket_id
WHERE o.gathered_into = $1 AND o.state = 'gathered' ORDER BY o.id
"""
WRITE = "UPDATE outbox SET body = $3 WHERE id = $1 AND fence = $2 AND state = 'pending'"
SCATTER = """
UPDATE outbox SET state = 'pending', cause = cause || '{"alone": true}', fence = fence + 1,
                  gathered_into = NULL, wake_at = $2, settled_at = NULL
WHERE gathered_into = $1 AND state = 'gathered'
"""

# What is queued for it is looked at at once, except what is under way; what another claims just now is later.
# Its name, when it was not disabled before.
DISABLE = """
WITH was AS (
    SELECT disabled_at FROM endpoint WHERE name = (SELECT endpoint FROM outbox WHERE id = $1) FOR UPDATE
), gone AS (
    INSERT INTO endpoint AS e (name, disabled_at, disabled_url, last_error, failed_at)
    SELECT endpoint, $2, $3, $4, $2 FROM outbox WHERE id = $1
    ON CONFLICT (name) DO UPDATE SET
        disabled_at = coalesce(e.disabled_at, $2), disabled_url = $3, last_error = $4, failed_at = $2
    RETURNING name, leases
), queued AS (
    UPDATE outbox SET wake_at = $2, leased_until = NULL WHERE id IN (
        SELECT o.id FROM outbox AS o JOIN gone ON gone.name = o.endpoint
        WHERE o.state = 'pending' AND NOT gone.leases ? o.id::text
        FOR UPDATE OF o SKIP LOCKED)
)
SELECT name FROM gone WHERE NOT EXISTS (SELECT FROM was WHERE disabled_at IS NOT NULL)
"""

# The fence moves, so that a sender who was frozen all the while has nothing to say any more.
_AGAIN = """
state = 'pending', attempts = 0, fence = fence + 1, leased_until = NULL, last_error = NULL, settled_at = NULL
"""
REPLAY = f"""
UPDATE outbox SET {_AGAIN.strip()}, wake_at = $2, replayed_at = $2
WHERE id = $1 AND state IN ('dead', 'expired')
"""
REPLAY_ALL = f"""
WITH again AS (
    UPDATE outbox SET {_AGAIN.strip()}, wake_at = $3, replayed_at = $3
    WHERE endpoint = $1 AND ($2::text IS NULL OR destination = $2) AND state IN ('dead', 'expired')
    RETURNING id
)
SELECT count(*) FROM again
"""

REACHES = """
SELECT EXISTS (SELECT FROM outbox WHERE cause ->> 'alert' = $1 AND state NOT IN ('dead', 'expired'))
"""
