"""The verbs of administration that people do on pages; packs and tenants are put in place by ``tenants.provisioning``."""

from sqlalchemy import select, text

from services.annual_report import workflow as reports
from services.ledger import totals
from services.ledger.past import rolling as past
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound
from tenants.departments import department_on, put_department
from tenants.registry import organisation


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


async def follow_department(tx: Transaction) -> None:
    """Bring a unit over to the department that is competent for it today: its row, its people, its report in hand and its
    totals. What was submitted, and every past row, keeps the department it had. Doing it again changes nothing.
    """
    department_id = await department_on(tx, tx.today)
    if department_id is None:
        return
    own = (organisation.c.id == tx.tenant_id, organisation.c.province_id == tx.province_id)
    before = await tx.scalar(select(organisation.c.department_id).where(*own))
    if before != department_id:
        await put_department(tx, tx.tenant_id, department_id)
    moved = {
        "reports": await reports.follow_department(tx, department_id),
        "totals": await totals.follow_department(tx, department_id) + await past.follow_department(tx, department_id),
    }
    if before != department_id or any(moved.values()):
        changes = {"department_id": [str(before), str(department_id)]} if before != department_id else {}
        details = {"changes": changes, **moved}
        await write_audit(tx, "organisation.follow_department", "organisation", tx.tenant_id, details=details)
