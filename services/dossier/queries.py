"""Every SELECT of the decision file: one case with all that was decided, done and logged about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, String, Table, Uuid, and_, cast, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from services.dossier.packing import Checkpoint, Sealed
from services.empowerment import queries as empowerment
from services.empowerment.models import agreement, feasibility, formality, member, screening
from services.ledger import queries as ledger
from services.negative_list.models import list_version
from services.notices.models import notice, notice_check, notice_objection, notice_text
from shared.audit.sealing import entry_text
from shared.audit.tables import audit_checkpoint, audit_entry, audit_head, audit_seal
from shared.db.records import decision, workflow_event
from shared.db.transaction import Transaction
from tenants.packs import pack_version
from tenants.people import names_of

KINDS = {"empowerment": "赋权申请", "achievement": "成果登记与变更"}
# What a page must be allowed to show before its case may be taken out as a file.
PERMISSIONS = {"empowerment": "institution:empowerment:read", "achievement": "institution:ledger:read"}


@dataclass(frozen=True, slots=True)
class Case:
    """One case: ``parts`` are the (kind, id) pairs under which its decisions, events and audit rows stand."""

    kind: str
    id: UUID
    title: str
    parts: tuple[tuple[str, UUID], ...]

    @property
    def label(self) -> str:
        return KINDS[self.kind]


async def find_case(tx: Transaction, kind: str, case_id: UUID) -> Case | None:
    """A case that the actor may see; None for anything else."""
    if PERMISSIONS.get(kind) not in tx.actor.permissions:
        return None
    if kind == "achievement":
        row = await ledger.find_achievement(tx, case_id)
        if row is None or row.state == "quarantined":
            return None
        return Case(kind, case_id, row.name, ((kind, case_id),))
    found = await empowerment.find_application(tx, case_id)
    if found is None:
        return None
    notices = await empowerment.notice_ids_of(tx, case_id)
    objections = await tx.rows(_own(tx, notice_objection, notice_objection.c.notice_id.in_(notices)))
    parts = (
        (kind, case_id),
        *(("notice", one) for one in notices),
        *(("objection", one.id) for one in objections),
    )
    return Case(kind, case_id, found.achievement_name, parts)


def _own(tx: Transaction, table: Table, *wanted: ColumnElement[bool]) -> Any:
    return select(table).where(table.c.tenant_id == tx.tenant_id, *wanted)


def _of(case: Case, kind: Any, case_id: Any) -> ColumnElement[bool]:
    return or_(*(and_(kind == name, case_id == one) for name, one in case.parts))


async def decisions_of(tx: Transaction, case: Case) -> Sequence[Row[Any]]:
    """What was decided about a case, refused or not, in the order of deciding; with what its log vouches for of another case."""
    table, entry = decision.c, audit_entry.c
    named = func.jsonb_object_keys(func.coalesce(entry.details["decisions"], cast({}, JSONB)), type_=String)
    vouched = select(cast(named, Uuid)).where(
        entry.tenant_id == tx.tenant_id, _of(case, entry.object_kind, entry.object_id)
    )
    wanted = or_(_of(case, table.case_kind, table.case_id), table.id.in_(vouched))
    return await tx.rows(_own(tx, decision, wanted).order_by(table.recorded_at))


async def events_of(tx: Transaction, case: Case) -> Sequence[Row[Any]]:
    """What happened to a case, in order."""
    table = workflow_event.c
    return await tx.rows(
        _own(tx, workflow_event, _of(case, table.case_kind, table.case_id)).order_by(table.recorded_at)
    )


async def contents_of(tx: Transaction, case: Case) -> Mapping[str, Any]:
    """The case's own rows by name of table, as they stand now, with the proofs of its notices."""
    if case.kind == "achievement":
        row = await ledger.find_achievement(tx, case.id)
        versions = await ledger.versions_of(tx, case.id)
        return {"achievement": plain([row] if row else []), "versions": plain(versions)}
    found = await empowerment.find_application(tx, case.id)
    assert found is not None
    application = {one.name: getattr(found, one.name) for one in fields(found)}
    notices = [one for kind, one in case.parts if kind == "notice"]
    return {
        "application": application,
        **{
            table.name: plain(await tx.rows(_own(tx, table, table.c.application_id == case.id)))
            for table in (member, screening, feasibility, agreement, formality)
        },
        "notice": plain(await tx.rows(_own(tx, notice, notice.c.id.in_(notices)))),
        **{
            table.name: plain(await tx.rows(_own(tx, table, table.c.notice_id.in_(notices))))
            for table in (notice_text, notice_check, notice_objection)
        },
    }


def plain(rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    return [{name: _value(value) for name, value in row._mapping.items()} for row in rows]


def _value(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if type(value).__name__ == "Range" else value


async def packs_of(tx: Transaction, decisions: Sequence[Row[Any]]) -> dict[str, bytes]:
    """Hash → text of the policy packs that were decided by."""
    table = pack_version.c
    rows = await tx.rows(
        select(table.hash, table.body).where(
            table.province_id == tx.province_id, table.id.in_({row.pack_version_id for row in decisions})
        )
    )
    return {row.hash: row.body.encode() for row in rows}


async def lists_of(tx: Transaction, decisions: Sequence[Row[Any]]) -> dict[str, bytes]:
    """Hash → canonical text of the negative lists that were decided by."""
    table = list_version.c
    rows = await tx.rows(
        select(table.hash, table.content).where(
            table.province_id == tx.province_id,
            table.published_at.is_not(None),
            table.id.in_({row.list_version_id for row in decisions if row.list_version_id}),
        )
    )
    return {row.hash: row.content.encode() for row in rows}


async def people_of(tx: Transaction, rows: Sequence[Row[Any]]) -> Mapping[UUID, str]:
    """Names of those who acted."""
    return await names_of(tx, sorted({row.actor_id for row in rows if row.actor_id}))


async def sealed_entries(tx: Transaction, case: Case) -> tuple[list[Sealed], int]:
    """The case's audit rows with their seals in the order of the chain, and how many are not sealed yet."""
    entry, seal = audit_entry.c, audit_seal.c
    rows = await tx.rows(
        select(audit_entry, seal.number, seal.previous, seal.hash)
        .outerjoin(audit_seal, and_(seal.tenant_id == entry.tenant_id, seal.entry_id == entry.id))
        .where(entry.tenant_id == tx.tenant_id, _of(case, entry.object_kind, entry.object_id))
        .order_by(seal.number)
    )
    names = [column.name for column in audit_entry.c]
    sealed = [
        Sealed(
            row.number, bytes(row.previous), bytes(row.hash), entry_text({name: row._mapping[name] for name in names})
        )
        for row in rows
        if row.number is not None
    ]
    return sealed, len(rows) - len(sealed)


async def seals_from(tx: Transaction, first: int) -> list[bytes]:
    """The hashes of the tenant's chain from a seal to the head."""
    table = audit_seal.c
    last = select(audit_head.c.sealed).where(audit_head.c.tenant_id == tx.tenant_id).scalar_subquery()
    rows = await tx.rows(
        select(table.hash)
        .where(table.tenant_id == tx.tenant_id, table.number >= first, table.number <= last)
        .order_by(table.number)
    )
    return [bytes(row.hash) for row in rows]


async def checkpoints_over(tx: Transaction, entries: Sequence[Sealed]) -> list[Checkpoint]:
    """Of each of the rows, the first signed state of the chain that covers it."""
    table = audit_checkpoint.c
    rows = await tx.rows(
        select(table.number, table.statement, table.key_id, table.signature)
        .where(table.tenant_id == tx.tenant_id, table.number >= min(one.number for one in entries))
        .order_by(table.number)
    )
    covering, at = [], 0
    for row in rows:
        before = at
        while at < len(entries) and entries[at].number <= row.number:
            at += 1
        if at > before:
            covering.append(Checkpoint(row.number, row.statement, row.key_id, bytes(row.signature)))
    return covering
