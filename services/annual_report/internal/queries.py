"""The day that the unit set, the versions, what waits for whom."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, case, literal, select

from services.annual_report.internal import rules
from services.annual_report.internal.models import asset_report, asset_report_plan
from services.annual_report.rules import Form
from services.ledger.points import NOW, Point
from shared.db.transaction import Transaction
from shared.todo import Todo
from shared.ui.words import of_year
from tenants.packs import governing

SEE = "institution:report:read"
SEND = "institution:report:write"
RECEIVE = "institution:asset:receive"
HOME = "/institution/reports/internal"
_RECEIPT = ("received_at", "received_by", "receipt")


async def plan(tx: Transaction) -> Row[Any] | None:
    """The day that holds; None where the unit has set none."""
    table = asset_report_plan
    return await tx.row(
        select(table)
        .where(table.c.tenant_id == tx.tenant_id)
        .order_by(table.c.set_at.desc(), table.c.id.desc())
        .limit(1)
    )


async def has_plan(tx: Transaction) -> bool:
    """Whether the daily task has anything to look at."""
    return await plan(tx) is not None


async def forms_now(tx: Transaction, year: int) -> list[Form]:
    """The reports of a year with the unit's day."""
    pack, holding = (await governing(tx)).pack, await plan(tx)
    due = rules.day_in(year + 1, holding.month, holding.day) if holding is not None else None
    return rules.internal_forms(pack, year, tx.today, due)


def _received(point: Point, tx: Transaction) -> ColumnElement[bool]:
    known = [asset_report.c.receipt_recorded_at <= point.known_at] if point.known_at is not None else []
    return and_(asset_report.c.received_at < point.until(tx.today), *known)


async def versions(tx: Transaction, point: Point = NOW) -> Sequence[Row[Any]]:
    """Every version without its content, the newest year and version first; of a past day, those that stood then."""
    table = asset_report
    columns = [one for one in table.c if one.name not in ("payload", "receipt_recorded_at")]
    statement = select(*columns).where(table.c.tenant_id == tx.tenant_id)
    if point.past:
        then = {name: case((_received(point, tx), table.c[name])) for name in _RECEIPT}
        then["state"] = case((_received(point, tx), literal("received")), else_=literal("sent"))
        statement = select(*(then.get(one.name, one).label(one.name) for one in columns)).where(
            table.c.tenant_id == tx.tenant_id, *_stood(tx, point)
        )
    return await tx.rows(statement.order_by(table.c.year.desc(), table.c.report, table.c.version.desc()))


def _stood(tx: Transaction, point: Point) -> list[ColumnElement[bool]]:
    known = [asset_report.c.known_at <= point.known_at] if point.known_at is not None else []
    return [asset_report.c.sent_at < point.until(tx.today), *known]


async def find_version(tx: Transaction, version_id: UUID, *, lock: bool = False) -> Row[Any] | None:
    """One version with its content."""
    table = asset_report
    statement = select(table).where(table.c.tenant_id == tx.tenant_id, table.c.id == version_id)
    return await tx.row(statement.with_for_update() if lock else statement)


async def newest_version(tx: Transaction, report: str, year: int, *, lock: bool = False) -> Row[Any] | None:
    """The newest version of a year's report."""
    table = asset_report
    statement = (
        select(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.report == report, table.c.year == year)
        .order_by(table.c.version.desc())
        .limit(1)
    )
    return await tx.row(statement.with_for_update() if lock else statement)


async def unconfirmed(tx: Transaction) -> Sequence[Row[Any]]:
    """Versions that nobody of finance or asset management has confirmed yet."""
    table = asset_report
    return await tx.rows(
        select(table.c.id, table.c.version, table.c.sent_at, table.c.payload["title"].astext.label("title"))
        .where(table.c.tenant_id == tx.tenant_id, table.c.state == "sent")
        .order_by(table.c.sent_at)
    )


async def todos(tx: Transaction) -> list[Todo]:
    """Last year's report while its day comes near or is over; a version that waits for its receipt."""
    found, holding = [], await plan(tx)
    year = tx.today.year - 1
    for form in await forms_now(tx, year):
        stage = rules.stage_of(form)
        if await newest_version(tx, form.code, year) is not None:
            continue
        if holding is not None and stage.due is not None:
            if tx.today < stage.due - timedelta(days=holding.ahead_days):
                continue
            basis = f"{form.citation.article}；日期由本单位设定（{holding.basis}）"
        else:
            basis = f"{form.citation.article}；本单位还没有设定报送日期"
        title = f"报送{of_year(form.label, year)}"
        found.append(
            Todo("内部报送", title, "、".join(stage.recipient_labels), HOME, "报送", SEND, basis, due_on=stage.due)
        )
    for row in await unconfirmed(tx):
        found.append(
            Todo("内部报送", f"确认接收{row.title}", f"第 {row.version} 版", f"{HOME}/{row.id}", "确认", RECEIVE,
                 "条文没有规定确认的天数")
        )  # fmt: skip
    return found
