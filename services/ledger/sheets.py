"""The other lists of the ledger as a sheet each: conversions, rights, disclosures; as of a day, and as known on a day."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import text

from services.ledger.display import RIGHT_STATES
from services.ledger.listing import Filters, conditions_of
from services.ledger.models import DISCLOSURE_STATES
from services.ledger.rules import Vocabulary
from shared.clock import local_day
from shared.db.hot import HotStatement
from shared.db.transaction import Transaction
from shared.documents.workbook_writing import Style, Styled
from tenants.masking import masked

_PORTION = 1_000
Cells = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """``columns`` are (label, width); ``select`` gives rows with ``place``, by which the next portion goes on; ``personal``:
    columns that name people. ``filtered``: what filters the ledger filters it too.
    """

    title: str
    columns: tuple[tuple[str, int], ...]
    select: Callable[[Filters], str]
    cells: Callable[[Any, Vocabulary], Cells]
    personal: tuple[str, ...] = ()

    def line(self, row: Any, words: Vocabulary, filters: Filters) -> Cells:
        """The cells of a row; names by their first character for whoever may not see them."""
        cells = self.cells(row, words)
        if not filters.masked or not self.personal:
            return cells
        named = [label in self.personal for label, _ in self.columns]
        return tuple(
            masked(cell) if name and isinstance(cell, str) else cell for name, cell in zip(named, cells, strict=True)
        )


def _held(filters: Filters, of: str) -> str:
    known = f"{of}.recorded @> cast(:known as timestamptz)" if filters.known_at else f"upper_inf({of}.recorded)"
    held = f"{of}.held @> cast(:day as date)" if filters.as_of else f"upper_inf({of}.held)"
    return f"{known} and {held}"


def _conversions(filters: Filters) -> str:
    source, where, _ = conditions_of(filters)
    return (
        "select array[a.number, c.position]::bigint[] as place, a.code, a.name, a.type, c.mode, c.counterparty, c.credit_code, "
        f"c.contract_number, c.signed_on, c.amount, c.terms, c.remark from {source} a join app.conversion_record_version c "
        f"on c.tenant_id = :tenant and c.achievement_id = a.id and c.live and {_held(filters, 'c')} where {where}"
    )


def _rights(filters: Filters) -> str:
    source, where, _ = conditions_of(filters)
    days = ("applied_on", "granted_on", "published_on", "expires_on", "fee_due_on", "ended_on")
    if not filters.point.past:
        fields = ", ".join(f"r.{name}" for name in ("number", "kind", "category", "status", *days))
        rights = "join app.achievement_right r on r.tenant_id = :tenant and r.achievement_id = a.id"
        place = "r.position"
    else:
        fields = ", ".join(f"r.value ->> '{name}' as {name}" for name in ("number", "kind", "category", "status"))
        fields += "".join(f", (r.value ->> '{name}')::date as {name}" for name in days)
        rights, place = (
            "cross join lateral jsonb_array_elements(a.rights) with ordinality r (value, position)",
            "r.position",
        )
    return f"select array[a.number, {place}]::bigint[] as place, a.code, a.name, {fields} from {source} a {rights} where {where}"


def _disclosures(filters: Filters) -> str:
    """The state of each by its own events, which say when it came about and when that was recorded; of a past day what it
    said when it was last handed in by then.
    """

    def past(one: str) -> str:
        day = f" and {one}.at < :until" if filters.as_of else ""
        return day + (f" and {one}.recorded_at <= cast(:known as timestamptz)" if filters.known_at else "")

    said, told = "", "d.name, d.type, d.submitted_at"
    if filters.point.past:
        told = "v.said ->> 'name' as name, v.said ->> 'type' as type, s.submitted_at"
        said = (
            "left join lateral (select k.said from app.disclosure_statement k where k.tenant_id = :tenant "
            f"and k.disclosure_id = d.id{past('k')} order by k.number desc limit 1) v on true "
        )
    return (
        "select array[extract(epoch from d.submitted_at)::bigint, ('x' || substr(d.id::text, 25, 12))::bit(48)::bigint] "
        f"as place, {told}, p.name as discloser, s.to_state as state, s.at as since, a.code "
        "from app.disclosure d join app.person p on p.tenant_id = :tenant and p.id = d.person_id "
        "cross join lateral (select e.to_state, e.at, max(e.at) filter (where e.event = 'submitted') over () as submitted_at "
        "from app.workflow_event e where e.tenant_id = :tenant "
        f"and e.case_kind = 'disclosure' and e.case_id = d.id and e.to_state is not null{past('e')} "
        f"order by e.recorded_at desc, e.id desc limit 1) s {said}"
        "left join app.achievement a on a.tenant_id = :tenant and a.id = d.achievement_id and s.to_state = 'registered' "
        "where d.tenant_id = :tenant and d.submitted_at is not null and s.to_state not in ('draft') "
        "and (d.achievement_id is null or d.achievement_id <> all (array(select q.id from app.achievement q "
        "where q.tenant_id = :tenant and q.state = 'quarantined')))"
    )


def _conversion(row: Any, words: Vocabulary) -> Cells:
    amount = None if row["amount"] is None else Styled(float(row["amount"]), Style.MONEY)
    return (
        row["code"], row["name"], words.label("type", row["type"]), words.label("mode", row["mode"]), row["counterparty"],
        row["credit_code"], row["contract_number"], _day(row["signed_on"]), amount, row["terms"], row["remark"],
    )  # fmt: skip


def _right(row: Any, words: Vocabulary) -> Cells:
    days = (row[f"{name}_on"] for name in ("applied", "granted", "published", "expires", "fee_due", "ended"))
    return (
        row["code"], row["name"], row["number"], words.label("type", row["kind"]), row["category"],
        RIGHT_STATES.get(row["status"], row["status"]), *map(_day, days),
    )  # fmt: skip


def _disclosure(row: Any, words: Vocabulary) -> Cells:
    return (
        row["name"], words.label("type", row["type"]), row["discloser"] or "（已删除）", _day_of(row["submitted_at"]),
        DISCLOSURE_STATES.get(row["state"], row["state"]), _day_of(row["since"]), row["code"],
    )  # fmt: skip


def _day_of(instant: Any) -> str:
    return _day(local_day(instant)) if instant is not None else ""


def _day(value: Any) -> str:
    return value.isoformat() if value is not None else ""


_OF = (("编号", 14), ("成果名称", 44))
SHEETS: Mapping[str, Sheet] = {
    "conversions": Sheet(
        "职务科技成果转化清单",
        (*_OF, ("成果类型", 18), ("转化方式", 12), ("受让方或者合作方", 32), ("统一社会信用代码", 22), ("合同编号", 20),
         ("签订日期", 12), ("金额（元）", 18), ("付款约定", 30), ("备注", 30)),
        _conversions, _conversion,
    ),
    "rights": Sheet(
        "职务科技成果权利清单",
        (*_OF, ("权利号", 22), ("种类", 18), ("类别", 12), ("状态", 10), ("申请日", 12), ("授权（登记）日", 14),
         ("首次发表或使用日", 16), ("届满日", 12), ("下一次年费", 12), ("终止或转移日", 14)),
        _rights, _right,
    ),
    "disclosures": Sheet(
        "职务科技成果披露清单",
        (("成果名称", 44), ("成果类型", 18), ("披露人", 14), ("提交日期", 12), ("状态", 12), ("自", 12), ("台账编号", 14)),
        _disclosures, _disclosure, ("披露人",),
    ),
}  # fmt: skip


async def portions(tx: Transaction, sheet: Sheet, filters: Filters) -> "AsyncIterator[list[asyncpg.Record]]":
    """The sheet's rows in their order, in portions, so that they are never in memory together."""
    _, _, asked = conditions_of(filters)
    statement = HotStatement(
        text(
            f"select * from ({sheet.select(filters)}) one where place > cast(:after as bigint[]) order by place limit :limit"
        )
    )
    values = {**asked, "tenant": tx.tenant_id, "limit": _PORTION, "known": filters.known_at, "day": filters.as_of}
    values["until"] = filters.point.until(tx.today)
    after: list[int] = []
    while True:
        rows = await statement.fetch(tx.driver, {**values, "after": after})
        if rows:
            yield rows
        if len(rows) < _PORTION:
            return
        after = list(rows[-1]["place"])
