"""The verbs of administration that people do on pages; packs and tenants are put in place by ``tenants.provisioning``."""

from sqlalchemy import text

from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound


async def end_session(tx: Transaction, reference: bytes) -> None:
    """End one of the person's own sessions, on whatever machine it is.

    :raises NotFound: no such live session of this person.
    """
    ended = await tx.scalar(
        text("select app.end_session_of(:person, :reference)"),
        {"person": tx.actor.person_id, "reference": reference},
    )
    if not ended:
        raise NotFound
    await write_audit(tx, "session.ended", "session", None)


async def note_export(tx: Transaction, lines: int) -> None:
    """An export of the log is itself on the log."""
    await write_audit(tx, "audit.exported", "audit", None, outcome="read", details={"count": lines})
