"""The editable calendar table (rule 20): days off and make-up days by hand, for a province or one area of it, and the years
whose arrangement stands there as a whole. Entered by the operator, each with the document that says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Row,
    SmallInteger,
    String,
    Table,
    Uuid,
    and_,
    bindparam,
    delete,
    extract,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from shared.audit.writing import write_audit
from shared.calendar.calendar import Calendar, CalendarEntry, missing_holidays, official_calendar
from shared.db.tables import global_table
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound
from tenants.registry import organisation

KINDS = {"off": "放假", "working": "上班"}
DAYS_AT_MOST = 31
# How far from this year a day may be entered: a correction of the last one, and arrangements that are published early.
_YEARS_BACK, _YEARS_AHEAD = 1, 3

calendar_day = global_table(
    "calendar_day",
    Column("province_id", Uuid, primary_key=True),
    Column(
        "area",
        String(40),
        primary_key=True,
        server_default="",
        comment="empty: the whole province; else one autonomous prefecture or city",
    ),
    Column("day", Date, primary_key=True),
    Column("working", String(8), nullable=False, comment="off or working"),
    Column("name", String(40), nullable=False),
    Column("source", String(200), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(["province_id"], ["app.province.province_id"]),
)

calendar_year = global_table(
    "calendar_year",
    Column("province_id", Uuid, primary_key=True),
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("source", String(200), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(["province_id"], ["app.province.province_id"]),
    comment="years whose arrangement stands in calendar_day as a whole",
)


@dataclass(frozen=True, slots=True)
class NewDays:
    """One stretch of days off, or of days worked, both ends included. ``area`` empty: the whole province."""

    first_day: date
    last_day: date
    kind: Literal["off", "working"]
    name: str
    source: str
    area: str = ""

    @property
    def days(self) -> list[date]:
        return [self.first_day + timedelta(days=n) for n in range((self.last_day - self.first_day).days + 1)]


# Reading ------------------------------------------------------------------------------------------------------------------


def last_change(table: Table) -> ColumnElement[Any]:
    """A text that is another one after any change of the rows of ``:province``; a subquery for the select list."""
    # a sum, not the latest: two changes may be committed in another order than they were made
    text = func.concat(func.count(), "/", func.sum(extract("epoch", table.c.changed_at)))
    return select(text).where(table.c.province_id == bindparam("province")).scalar_subquery()


async def load_calendar(tx: Transaction, area: str) -> Calendar:
    """The official arrangement with the province's own entries and, over both, those of one area."""
    rows = await tx.rows(
        select(calendar_day)
        .where(calendar_day.c.province_id == tx.province_id, calendar_day.c.area.in_(("", area)))
        .order_by(calendar_day.c.area)
    )
    years = await arranged_years(tx)
    if not rows and not years:
        return official_calendar()
    return Calendar(
        [CalendarEntry(row.day, row.working, row.name, row.source) for row in rows],
        arranged_years=[row.year for row in years],
    )


async def arranged_years(tx: Transaction) -> Sequence[Row[Any]]:
    """The years that somebody marked as arranged, with the document, ascending."""
    return await tx.rows(
        select(calendar_year.c.year, calendar_year.c.source)
        .where(calendar_year.c.province_id == tx.province_id)
        .order_by(calendar_year.c.year)
    )


async def entered_days(tx: Transaction, year: int | None = None) -> Sequence[Row[Any]]:
    """What was entered by hand, by day; ``year`` keeps to one."""
    wanted = [calendar_day.c.province_id == tx.province_id]
    if year is not None:
        wanted.append(calendar_day.c.day.between(date(year, 1, 1), date(year, 12, 31)))
    return await tx.rows(select(calendar_day).where(*wanted).order_by(calendar_day.c.day, calendar_day.c.area))


async def areas(tx: Transaction) -> list[str]:
    """The areas that units of the province are registered in."""
    rows = await tx.rows(
        select(organisation.c.area)
        .where(organisation.c.province_id == tx.province_id, organisation.c.area != "")
        .distinct()
        .order_by(organisation.c.area)
    )
    return [row.area for row in rows]


# Writing ------------------------------------------------------------------------------------------------------------------


async def faults_of_days(tx: Transaction, new: NewDays) -> dict[str, str]:
    """What is wrong with a stretch of days, by field; nothing when it may be entered."""
    errors: dict[str, str] = {}
    first, last = tx.today.year - _YEARS_BACK, tx.today.year + _YEARS_AHEAD
    for field, day in (("first_day", new.first_day), ("last_day", new.last_day)):
        if not first <= day.year <= last:
            errors[field] = f"日期须在 {first} 年至 {last} 年之间"
    if new.last_day < new.first_day:
        errors["last_day"] = "最后一日早于第一日"
    elif len(new.days) > DAYS_AT_MOST:
        errors["last_day"] = f"一次最多登记 {DAYS_AT_MOST} 天"
    if new.area and new.area not in await areas(tx):
        errors["area"] = "没有单位登记在该地区，请先在单位资料中填写所在地区"
    if new.kind == "working" and not errors:
        errors.update(await _already_working(tx, new))
    return errors


async def _already_working(tx: Transaction, new: NewDays) -> dict[str, str]:
    calendar = await load_calendar(tx, new.area)
    usual = [day for day in new.days if day.weekday() < 5 and not _is_off(calendar, day)]
    if not usual:
        return {}
    return {"first_day": f"{usual[0].isoformat()} 本来就是工作日：只登记周末或者放假日改为上班的日子"}


def _is_off(calendar: Calendar, day: date) -> bool:
    entry = calendar.entry(day)
    return entry is not None and entry.kind == "off"


async def enter_typed(tx: Transaction, sent: Mapping[str, Any]) -> NewDays:
    """Enter what an operator typed: ``first_day``, ``last_day`` (empty: one day), ``kind``, ``name``, ``source``, ``area``.

    :raises FormInvalid: every wrong field at once.
    """
    typed = {name: str(value or "").strip() for name, value in sent.items()}
    errors: dict[str, str] = {}
    days = {}
    for field, label, value in (
        ("first_day", "第一日", typed.get("first_day", "")),
        ("last_day", "最后一日", typed.get("last_day") or typed.get("first_day", "")),
    ):
        try:
            days[field] = date.fromisoformat(value)
        except ValueError:
            if field == "first_day" or typed.get("last_day"):
                errors[field] = f"{label}请按 2026-03-16 的格式填写" if value else f"请填写{label}"
    if typed.get("kind") not in KINDS:
        errors["kind"] = "请选择放假或者上班"
    for field, label, limit in (("name", "名称", 40), ("source", "依据文件", 200)):
        errors.update(_line_fault(field, label, typed.get(field, ""), limit))
    if len(days) == 2:
        kind: Literal["off", "working"] = "working" if typed.get("kind") == "working" else "off"
        new = NewDays(
            days["first_day"],
            days["last_day"],
            kind,
            typed.get("name", ""),
            typed.get("source", ""),
            typed.get("area", ""),
        )
        errors = {**await faults_of_days(tx, new), **errors}
    if errors:
        raise FormInvalid(errors, typed)
    await enter_days(tx, new)
    return new


def _line_fault(field: str, label: str, value: str, limit: int) -> dict[str, str]:
    if not value:
        return {field: f"请填写{label}"}
    return {field: f"{label}不能超过 {limit} 字，现有 {len(value)} 字"} if len(value) > limit else {}


async def enter_days(tx: Transaction, new: NewDays) -> None:
    """Enter a stretch of days; a day that stood otherwise is replaced, and the log has both.

    :raises FormInvalid: every wrong field at once.
    """
    errors = await faults_of_days(tx, new)
    if errors:
        raise FormInvalid(errors)
    known = {row.day: row for row in await tx.rows(select(calendar_day).where(*_within(tx, new.area, new.days)))}
    values = {"working": new.kind, "name": new.name, "source": new.source, "changed_at": func.clock_timestamp()}
    for day in new.days:
        await tx.execute(
            upsert(calendar_day)
            .values(province_id=tx.province_id, area=new.area, day=day, **values)
            .on_conflict_do_update(index_elements=["province_id", "area", "day"], set_=values)
        )
    changes = {
        day.isoformat(): [_words(known.get(day)), f"{KINDS[new.kind]}（{new.name}；{new.source}）"] for day in new.days
    }
    await write_audit(tx, "calendar.enter", "calendar", None, details={"area": new.area, "changes": changes})


async def remove_day(tx: Transaction, day: date, area: str = "") -> None:
    """Take an entry back: the day is again what the official arrangement says.

    :raises NotFound: no such entry.
    :raises FormInvalid: the year counts as arranged and would lack a legal holiday.
    """
    held = _within(tx, area, [day])
    row = await tx.row(select(calendar_day).where(*held).with_for_update())
    if row is None:
        raise NotFound("没有登记这一天")
    if not area and any(one.year == day.year for one in await arranged_years(tx)):
        left = [one for one in await _provincial(tx, day.year) if one.day != day]
        if missing := missing_holidays(day.year, left):
            raise FormInvalid({"day": f"{day.year} 年已标记为整年安排完毕，缺少{'、'.join(missing)}：请先取消整年标记"})
    await tx.execute(delete(calendar_day).where(*held))
    details = {"area": area, "changes": {day.isoformat(): [_words(row), None]}}
    await write_audit(tx, "calendar.remove", "calendar", None, details=details)


async def arrange_typed(tx: Transaction, sent: Mapping[str, Any]) -> int:
    """Mark the ``year`` that an operator typed as arranged, by the document ``source``.

    :raises FormInvalid: every wrong field at once.
    """
    year, source = (str(sent.get(name) or "").strip() for name in ("year", "source"))
    errors = _line_fault("source", "依据文件", source, 200)
    if not (year.isascii() and year.isdigit() and len(year) == 4):
        errors["year"] = "年份请填写四位数字" if year else "请填写年份"
    else:
        errors = {**await faults_of_year(tx, int(year)), **errors}
    if errors:
        raise FormInvalid(errors, {"year": year, "source": source})
    await arrange_year(tx, int(year), source)
    return int(year)


async def faults_of_year(tx: Transaction, year: int) -> dict[str, str]:
    """Why a year may not be marked: it is official already, out of reach, or lacks a legal holiday."""
    if year in official_calendar().years:
        return {"year": f"{year} 年的安排随平台提供，不需要标记"}
    if not tx.today.year - _YEARS_BACK <= year <= tx.today.year + _YEARS_AHEAD:
        return {"year": f"年份须在 {tx.today.year - _YEARS_BACK} 至 {tx.today.year + _YEARS_AHEAD} 之间"}
    if missing := missing_holidays(year, await _provincial(tx, year)):
        return {"year": f"{year} 年还缺{'、'.join(missing)}的放假日，登记齐全后才能标记"}
    return {}


async def arrange_year(tx: Transaction, year: int, source: str) -> None:
    """Mark a year as arranged as a whole: from then on its plain weekends and weekdays count as known.

    :raises FormInvalid: it may not be marked.
    """
    errors = await faults_of_year(tx, year)
    if errors:
        raise FormInvalid(errors)
    values = {"source": source, "changed_at": func.clock_timestamp()}
    before = await tx.scalar(select(calendar_year.c.source).where(*_of_year(tx, year)))
    await tx.execute(
        upsert(calendar_year)
        .values(province_id=tx.province_id, year=year, **values)
        .on_conflict_do_update(index_elements=["province_id", "year"], set_=values)
    )
    details = {"changes": {str(year): [before, source]}}
    await write_audit(tx, "calendar.arrange_year", "calendar", None, details=details)


async def reopen_year(tx: Transaction, year: int) -> None:
    """Take the mark of a year away: what depends on its plain days is unknown again.

    :raises NotFound: the year is not marked.
    """
    before = await tx.scalar(select(calendar_year.c.source).where(*_of_year(tx, year)).with_for_update())
    if before is None:
        raise NotFound("该年度没有标记为整年安排完毕")
    await tx.execute(delete(calendar_year).where(*_of_year(tx, year)))
    details = {"changes": {str(year): [before, None]}}
    await write_audit(tx, "calendar.reopen_year", "calendar", None, details=details)


async def _provincial(tx: Transaction, year: int) -> list[CalendarEntry]:
    rows = await entered_days(tx, year)
    return [CalendarEntry(row.day, row.working, row.name, row.source) for row in rows if not row.area]


def _within(tx: Transaction, area: str, days: Sequence[date]) -> tuple[ColumnElement[bool], ...]:
    table = calendar_day.c
    return table.province_id == tx.province_id, table.area == area, table.day.in_(days)


def _of_year(tx: Transaction, year: int) -> tuple[ColumnElement[bool], ...]:
    return (and_(calendar_year.c.province_id == tx.province_id, calendar_year.c.year == year),)


def _words(row: Row[Any] | None) -> str | None:
    return None if row is None else f"{KINDS[row.working]}（{row.name}；{row.source}）"
