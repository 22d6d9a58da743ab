"""Mergers of the province, and what of an institution goes over, stays, or stands in the way."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, func, null, select

from services.administration.merging.models import organisation_merger
from services.annual_report.models import annual_report
from services.empowerment.models import State, application
from services.ledger.disclosure.models import disclosure
from services.ledger.importing.models import OVER, ledger_import
from services.ledger.marking.models import asset_mark
from services.ledger.models import achievement, agency_task
from services.ledger.papers.models import ledger_paper
from services.ledger.screening.models import screening_round
from services.notices.models import NoticeState, ObjectionState, notice, notice_objection
from services.pilot.models import pilot_membership
from shared.db.tables import SCHEMA, metadata
from shared.db.transaction import Transaction
from tenants.registry import organisation

LIVE = ("proposed", "confirmed")
_ENDED = (State.DRAFT, State.FORMALISED, State.REJECTED, State.WITHDRAWN)

# What must be finished first, each with the words that say so: it runs by days, or waits for a person, who then works elsewhere.
STANDS: Mapping[str, tuple[str, Table, ColumnElement[bool]]] = {
    "notice": ("正在公示的事项；公示期满或者撤回后办理", notice, notice.c.state == NoticeState.RUNNING),
    "objection": (
        "未答复的异议；答复后办理", notice_objection, notice_objection.c.state.in_((ObjectionState.OPEN, ObjectionState.LATE)),
    ),
    "application": (
        "未办结的赋权申请；办结或者撤回后办理", application, application.c.state.not_in(_ENDED),
    ),
    "disclosure": ("待核实的成果披露；登记、退回或者撤回后办理", disclosure, disclosure.c.state == "submitted"),
    "import": (
        "未了结的台账导入；确认或者取消后办理", ledger_import, ledger_import.c.state.not_in((*OVER, "applied")),
    ),
    "screening": ("进行中的筛查自评；结束后办理", screening_round, screening_round.c.state == "open"),
    "agency": ("服务中的第三方委托；终止后办理", agency_task, agency_task.c.ended_at.is_(None)),
    "report": ("退回待改的年度报告；重新报送后办理", annual_report, annual_report.c.state == "returned"),
    "quarantined": ("已隔离的成果；解除隔离或者清除后办理", achievement, achievement.c.state == "quarantined"),
}  # fmt: skip
ERASURE, PILOT = "erasure", "pilot"
_ERASURE = "未执行的清除；执行后办理"
_PILOT = "仍有效的试点资格；资格不随机构并入转移，由科技主管部门先终止，并入的单位需要资格的另行遴选"
TWICE = "twice"
_GOES = {
    "achievements": ("在册成果", achievement, achievement.c.state == "registered"),
    "papers": ("佐证材料", ledger_paper, ledger_paper.c.tenant_id.is_not(None)),
}
_STAYS = {
    "applications": (
        "已办结的赋权事项", application, application.c.state == State.FORMALISED,
    ),
    "reports": ("年度报告", annual_report, annual_report.c.state != "draft"),
    "marks": ("资产标识", asset_mark, asset_mark.c.unmarked_on.is_(None)),
}  # fmt: skip


async def find_merger(tx: Transaction, merger_id: UUID, *, for_update: bool = False) -> Row[Any] | None:
    """One merger of the province."""
    table = organisation_merger
    wanted = select(table).where(table.c.province_id == tx.province_id, table.c.id == merger_id)
    return await tx.row(wanted.with_for_update() if for_update else wanted)


async def merger_of(tx: Transaction, source_id: UUID) -> Row[Any] | None:
    """The newest merger of an institution that was not withdrawn, with the names of both."""
    target = organisation.alias("target")
    table = organisation_merger
    return await tx.row(
        select(table, target.c.name.label("target"))
        .join(target, (target.c.id == table.c.target_id) & (target.c.province_id == table.c.province_id))
        .where(table.c.province_id == tx.province_id, table.c.source_id == source_id, table.c.state != "withdrawn")
    )


async def entangled(tx: Transaction, ids: Sequence[UUID]) -> bool:
    """Whether one of these institutions is part of a merger that is not over, or has gone over already."""
    table = organisation_merger.c
    found = select(table.id).where(
        table.province_id == tx.province_id,
        (table.source_id.in_(ids) & (table.state != "withdrawn")) | (table.target_id.in_(ids) & table.state.in_(LIVE)),
    )
    return bool(await tx.scalar(select(found.exists())))


async def institutions(tx: Transaction, but: UUID) -> list[tuple[str, str]]:
    """Institutions of the province that another one may go over to."""
    table = organisation.c
    rows = await tx.rows(
        select(table.id, table.name)
        .where(
            table.province_id == tx.province_id,
            table.kind == "institution",
            table.state == "active",
            table.id != but,
        )
        .order_by(table.name)
    )
    return [(str(row.id), row.name) for row in rows]


async def findings(tx: Transaction, since: date) -> dict[str, list[tuple[str, str, int]]]:
    """Of the transaction's tenant: (code, words, how many) under goes, stays and stands; of stands only what there is."""
    stands = [(code, words, await _count(tx, table, which)) for code, (words, table, which) in STANDS.items()]
    orders = metadata.tables[f"{SCHEMA}.erasure_order"]  # of a slice beside this one
    stands.append((ERASURE, _ERASURE, await _count(tx, orders, orders.c.done_at.is_(None))))
    member = pilot_membership.c.held.op("&&")(func.daterange(since, null()))
    stands.append((PILOT, _PILOT, await _count(tx, pilot_membership, member)))
    return {
        "goes": [(code, words, await _count(tx, table, which)) for code, (words, table, which) in _GOES.items()],
        "stays": [(code, words, await _count(tx, table, which)) for code, (words, table, which) in _STAYS.items()],
        "stands": [one for one in stands if one[2]],
    }


async def _count(tx: Transaction, table: Table, which: ColumnElement[bool]) -> int:
    return int(await tx.scalar(select(func.count()).select_from(table).where(table.c.tenant_id == tx.tenant_id, which)))
