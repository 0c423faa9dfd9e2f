"""Sealing: about once a second what was logged and posted since is drawn into a chain of hashes.

Each seal is over the one before, the log's rows since, and the digests that the triggers posted since. A fact that has
a view of its own (`watched.view`) gets its digest here, from its event: nobody waits for that while he records. What
was done to it by hand before is in that digest, and noted by triggers. Verify waits until what it compares is sealed.
"""

from __future__ import annotations

from threading import Event as Flag
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared import alive
from shared.db import Database, Session
from shared.messaging.floor import Bounds
from shared.messaging.log import ROW
from shared.telemetry import logger

log = logger(__name__)

LOCK = 72616467  # advisory lock of whoever seals, per database
PERIOD = 1.0
EVENTS, POSTINGS = 2000, 500  # in one seal, at most

#: How rows are written out must not depend on the server's or the role's settings.
PLAINLY = text("""
    SELECT set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true),
           set_config('intervalstyle', 'postgres', true), set_config('bytea_output', 'hex', true),
           set_config('extra_float_digits', '1', true)
""")
_TURN = text(f"SELECT pg_try_advisory_xact_lock({LOCK})")
_WORK = text(f"""
    SELECT EXISTS (SELECT FROM posting WHERE id > :floor) AS postings,
           (SELECT last_seq {ROW}) > coalesce((SELECT hi FROM seal ORDER BY number DESC LIMIT 1), 0) AS events
""")
_LAST = text(f"""
    SELECT s.last_seq AS head, coalesce(last.number, 0) AS number, coalesce(last.hi, 0) AS hi,
           coalesce(last.chain, '') AS chain
      FROM (SELECT last_seq {ROW}) s
      LEFT JOIN (SELECT number, hi, chain FROM seal ORDER BY number DESC LIMIT 1) last ON true
""")
_TAKE = text("""
    WITH taken AS (
        DELETE FROM posting
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM posting WHERE id > :floor ORDER BY id LIMIT :limit)) RETURNING *
    ), kept AS (
        INSERT INTO posted (id, seal, table_name, keys, digests, hand, posted_at)
        SELECT id, :number, table_name, keys, digests, hand, posted_at FROM taken
    )
    SELECT count(*), CASE WHEN count(*) < :limit THEN :sure ELSE least(:sure, max(id)) END FROM taken
""")
_FACTS = text("""
    SELECT table_name, quote_ident(view), event FROM watched
     WHERE keeps = 'facts' AND to_regclass(view) IS NOT NULL ORDER BY table_name
""")
# The view is looked up by id, one fact after the other; OFFSET 0 keeps it from being read as a whole.
_POST_FACTS = """
    INSERT INTO posted (id, seal, table_name, keys, digests)
    SELECT nextval(pg_get_serial_sequence('posting', 'id')), :number, :table, array_agg(fact.id::text ORDER BY e.seq),
           array_agg(fact.digest ORDER BY e.seq)
      FROM event_log e
      CROSS JOIN LATERAL (SELECT f.id, f.digest FROM {view} f WHERE f.id = e.subject::uuid OFFSET 0) fact
     WHERE e.seq > :lo AND e.seq <= :hi AND e.type = :event AND pg_input_is_valid(e.subject, 'uuid') HAVING count(*) > 0
"""
#: One seal's own digest, of the rows of log and postings that it covers; `chain` follows from it and the one before.
CONTENT = """
    SELECT coalesce(string_agg(row_digest(e::text), '' ORDER BY e.seq), '') FROM event_log e
     WHERE e.seq > {lo} AND e.seq <= {hi}
"""
POSTED = "SELECT coalesce(string_agg(row_digest(p::text), '' ORDER BY p.id), '') FROM posted p WHERE p.seal = {number}"
_SEAL = text(f"""
    WITH content AS MATERIALIZED (
        SELECT ({CONTENT.format(lo=":lo", hi=":hi")}) AS events, ({POSTED.format(number=":number")}) AS postings
    )
    INSERT INTO seal (number, lo, hi, events, postings, chain)
    SELECT :number, :lo, :hi, heads(events), heads(postings),
           sha256(:before || link(:number, :lo, :hi, now(), events, postings))
      FROM content
""")


class Sealed(NamedTuple):
    """How many events and postings were sealed, and the floor once this has committed (see Bounds)."""

    rows: int
    floor: int


def seal(session: Session, bounds: Bounds) -> Sealed:
    """Seal what is there, up to a limit. Nothing when another one seals."""
    work = session.execute(_WORK, {"floor": bounds.floor}).one()
    if not work.postings and not work.events:
        return Sealed(0, max(bounds.floor, bounds.sure))
    if not session.scalar(_TURN):
        return Sealed(0, bounds.floor)
    session.execute(PLAINLY)
    last = session.execute(_LAST).one()
    at = {"number": last.number + 1, "lo": last.hi, "hi": min(last.head, last.hi + EVENTS)}
    asked = {"floor": bounds.floor, "sure": bounds.sure, "limit": POSTINGS}
    taken, floor = session.execute(_TAKE, at | asked).one()
    for table, view, event in session.execute(_FACTS).all():
        session.execute(text(_POST_FACTS.format(view=view)), at | {"table": table, "event": event})
    if done := at["hi"] - at["lo"] + taken:
        session.execute(_SEAL, at | {"before": bytes(last.chain)})
    return Sealed(int(done), floor)


class Sealer:
    """The loop of the courier that seals. `run` until the flag is set."""

    def __init__(self, database: Database) -> None:
        self.database, self.bounds = database, Bounds("posting")

    def run(self, stop: Flag) -> None:
        """Seal once a second, at once again while there is more than one seal holds; survive lost connections."""
        while not stop.is_set():
            alive.beat("sealer")
            try:
                done = self.once()
            except SQLAlchemyError as error:
                log.warning("could not seal", error=type(error).__name__)
                done = 0
            stop.wait(0.05 if done >= EVENTS or done >= POSTINGS else PERIOD)

    def once(self) -> int:
        """Seal once; how many events and postings."""
        with self.database.transaction() as session:
            self.bounds.look(session)
            sealed = seal(session, self.bounds)
        self.bounds.raised(sealed.floor)
        return sealed.rows


def seal_all(database: Database) -> None:
    """Seal until nothing is left."""
    sealer = Sealer(database)
    while sealer.once():
        pass
