"""The ledger as a list: filter, search, sort, keyset pages; today, as of a past day, or as it was known then.

One statement per page and no other round trip. The text of a statement depends on which filters are used, the order and
the direction only; it is compiled once and kept.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

import asyncpg
from sqlalchemy import text

from services.ledger.points import Point
from services.ledger.searching import NO_WORDS, Words, ask_words, first_named, found, found_then
from shared.db.hot import HotStatement
from shared.db.transaction import Transaction
from tenants.masking import masked, names_shown

PAGE_SIZE = 20
SORTS: Mapping[str, tuple[str, str]] = {
    "number": ("number", "number"),
    "name": ("sort_key", "sort_key"),
    "value": ("value_cents", "value_cents"),
    "obtained": ("obtained_key", "obtained_key"),
}
_SIMPLE = ("type", "status", "mode", "college")
_COLUMNS = (
    "a.id, a.number, a.code, a.name, a.type, a.right_category, a.stage_declared, a.stage_recognised, a.status, a.mode, "
    "a.value, a.value_kind, a.conversions, a.obtained_on, a.obtained_precision, a.college, a.team_size, a.revision"
)
_NAMES = (
    "array(select coalesce(p.name, '（已删除）') from app.achievement_completer c join app.person p on p.tenant_id = :tenant "
    "and p.id = c.person_id where c.tenant_id = :tenant and c.achievement_id = a.id and c.position <= :people "
    "order by c.position) as people"
)
_NAMES_THEN = (
    "array(select coalesce(p.name, '（已删除）') from jsonb_array_elements(a.team) with ordinality m (member, place) "
    "join app.person p on p.tenant_id = :tenant and p.id = (m.member ->> 'person')::uuid where m.place <= :people "
    "order by m.place) as people"
)
_NUMBERS = (
    "array(select r.number from app.achievement_right r where r.tenant_id = :tenant and r.achievement_id = a.id "
    "order by r.position) as numbers"
)
_NUMBERS_THEN = "array(select r ->> 'number' from jsonb_array_elements(a.rights) r) as numbers"
# What is suspected to be classified is out of every list at once, those of former days too.
NOT_HIDDEN = (
    "a.id <> all (array(select q.id from app.achievement q where q.tenant_id = :tenant and q.state = 'quarantined'))"
)
_TOTAL = (
    "(select t.n from app.ledger_total t where t.tenant_id = :tenant and t.dimension = 'all' and t.first = '' "
    "and t.second = '')"
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the ledger is asked for; empty text filters nothing. ``year`` is that of the obtained date, ``ids`` are rows
    that were ticked, which no address repeats.
    """

    q: str = ""
    type: str = ""
    status: str = ""
    stage: str = ""
    mode: str = ""
    college: str = ""
    year: int | None = None
    import_id: UUID | None = None
    person_id: UUID | None = None
    as_of: date | None = None
    known_at: datetime | None = None
    ids: tuple[UUID, ...] = ()
    masked: bool = False
    """Nobody is found by their name, and names are told by their first character."""

    @property
    def point(self) -> Point:
        """As of which day, and as known when."""
        return Point(self.as_of, self.known_at)

    def as_query(self) -> dict[str, str]:
        """The filters as an address repeats them."""
        pairs = {
            "q": self.q,
            "type": self.type,
            "status": self.status,
            "stage": self.stage,
            "mode": self.mode,
            "college": self.college,
            "year": str(self.year or ""),
            **self.point.as_query(),
        }
        return {name: value for name, value in pairs.items() if value}


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """One page: rows, the cursors of its neighbours (None where there is none), and how many the ledger has in all.

    ``total`` counts the whole ledger of today without filters; None for a view of the past.
    """

    rows: "list[asyncpg.Record]"
    previous: str | None
    next: str | None
    total: int | None


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the text of a statement depends on."""

    filters: tuple[str, ...]
    sort: str
    descending: bool
    backward: bool
    cursor: bool
    words: Words
    wide: bool


@dataclass(slots=True)
class _Asked:
    filters: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    words: Words = NO_WORDS


def as_seen(tx: Transaction, filters: Filters) -> Filters:
    """The filters for whoever acts."""
    return filters if names_shown(tx) else replace(filters, masked=True)


async def ledger_page(
    tx: Transaction,
    filters: Filters,
    sort: str = "-number",
    *,
    after: str = "",
    before: str = "",
    limit: int = PAGE_SIZE,
    wide: bool = False,
) -> LedgerPage:
    """One page in one round trip. ``sort`` is number, name, value or obtained, ``-`` before it for descending; a cursor
    that cannot be read gives the first page. A row names the first three people; ``wide`` names all, and the rights' numbers.
    """
    filters = as_seen(tx, filters)
    statement, values = page_statement(tx.tenant_id, filters, sort, after, before, limit, wide=wide)
    rows = await statement.fetch(tx.driver, values)
    if filters.masked:
        rows = cast(Any, [{**row, "people": [masked(one) for one in row["people"]]} for row in rows])
    backward = bool(before) and "cursor_number" in values
    more = len(rows) > limit
    rows = rows[:limit]
    if backward:
        rows.reverse()
    moved = "cursor_number" in values
    key = _sort_of(sort)[0]
    return LedgerPage(
        rows,
        _cursor(rows[0], key) if rows and (more if backward else moved) else None,
        _cursor(rows[-1], key) if rows and (more or backward) else None,
        rows[0]["total"] if rows else None,
    )


async def ledger_pages(
    tx: Transaction, filters: Filters, sort: str = "-number", *, batch: int = 1_000
) -> "AsyncIterator[list[asyncpg.Record]]":
    """Every row that the filters let through, with all names, in portions, so that a large ledger is never in memory whole."""
    after: str | None = ""
    while after is not None:
        page = await ledger_page(tx, filters, sort, after=after, limit=batch, wide=True)
        yield page.rows
        after = page.next


async def count_rows(tx: Transaction, filters: Filters) -> int:
    """How many rows the filters let through."""
    source, where, values = conditions_of(as_seen(tx, filters))
    statement = HotStatement(text(f"select count(*) as n from {source} a where {where}"))
    rows = await statement.fetch(tx.driver, {"tenant": tx.tenant_id, **values})
    return int(rows[0]["n"])


def conditions_of(filters: Filters) -> tuple[str, str, dict[str, Any]]:
    """(table, condition on its rows ``a``, parameters without the tenant) of what the filters let through."""
    asked = _asked(filters)
    return _source(asked.filters), " and ".join(_conditions(asked)), asked.values


def page_statement(
    tenant_id: UUID,
    filters: Filters,
    sort: str,
    after: str = "",
    before: str = "",
    limit: int = PAGE_SIZE,
    *,
    wide: bool = False,
) -> tuple[HotStatement, dict[str, Any]]:
    """The statement of a page and its parameters; the bench measures against the same."""
    asked = _asked(filters)
    key, descending = _sort_of(sort)
    cursor = _read_cursor(after or before, key)
    shape = _Shape(
        tuple(asked.filters),
        key,
        descending,
        bool(before) and cursor is not None,
        cursor is not None,
        asked.words,
        wide,
    )
    values = {"tenant": tenant_id, "limit": limit + 1, "people": 1_000 if wide else 3, **asked.values}
    if cursor is not None:
        values["cursor_number"] = cursor[1]
        if key != "number":
            values["cursor_key"] = cursor[0]
    return _compiled(shape), values


@lru_cache(maxsize=1024)
def _compiled(shape: _Shape) -> HotStatement:
    column = SORTS[shape.sort][0]
    descending = shape.descending != shape.backward
    direction = " desc" if descending else ""
    conditions = list(_conditions(replace(shape, filters=tuple(name for name in shape.filters if name != "q"))))
    sign = "<" if descending else ">"
    then = "as_of" in shape.filters or "known_at" in shape.filters
    if "q" in shape.filters:
        first = ""
        if shape.words.one_gram and column == "obtained_key" and not then:
            beyond = f"(g.obtained_key, g.number) {sign} (:cursor_key, :cursor_number)" if shape.cursor else ""
            first = first_named(conditions, beyond, direction)
        known = "known_at" in shape.filters
        conditions.append(found_then(shape.words, known=known) if then else found(shape.words, first))
    if shape.cursor:
        conditions.append(
            f"a.number {sign} :cursor_number"
            if column == "number"
            else f"(a.{column}, a.number) {sign} (:cursor_key, :cursor_number)"
        )
    order = f"a.number{direction}" if column == "number" else f"a.{column}{direction}, a.number{direction}"
    total = "null::bigint" if then else _TOTAL
    numbers = f"{_NUMBERS_THEN if then else _NUMBERS}, " if shape.wide else ""
    return HotStatement(
        text(
            f"select {_COLUMNS}, a.sort_key, a.value_cents, a.obtained_key, {_NAMES_THEN if then else _NAMES}, "
            f"{numbers}{total} as total from (select * from {_source(shape.filters)} a where {' and '.join(conditions)} "
            f"order by {order} limit :limit) a order by {order}"
        )
    )


def _source(filters: "tuple[str, ...] | list[str]") -> str:
    return "app.achievement_version" if "as_of" in filters or "known_at" in filters else "app.achievement"


def _asked(filters: Filters) -> _Asked:
    asked = _Asked()
    for name in (*_SIMPLE, "stage", "import_id", "person_id", "ids"):
        value = getattr(filters, name)
        if value:
            asked.filters.append(name)
            asked.values[f"f_{name}"] = list(value) if name == "ids" else value
    if filters.year is not None and 1 < filters.year < 9999:
        asked.filters.append("year")
        asked.values.update(year_from=date(filters.year, 1, 1), year_until=date(filters.year + 1, 1, 1))
    if filters.as_of is not None or filters.known_at is not None:
        asked.filters.append("known_at" if filters.known_at is not None else "as_of")
        asked.values["day"] = filters.as_of
        if filters.known_at is not None:
            asked.values["known"] = filters.known_at
    if filters.q.strip():
        asked.filters.append("q")
        asked.words, values = ask_words(filters.q, people=not filters.masked)
        asked.values.update(values)
    return asked


def _conditions(asked: "_Asked | _Shape") -> Iterator[str]:
    filters = asked.filters
    yield "a.tenant_id = :tenant"
    yield "a.state = 'registered'"
    for name in _SIMPLE:
        if name in filters:
            yield f"a.{name} = :f_{name}"
    if "stage" in filters:
        yield "a.stage_recognised = :f_stage"
    if "ids" in filters:
        yield "a.id = any (cast(:f_ids as uuid[]))"
    if "import_id" in filters:
        yield "a.import_id = :f_import_id"
    if "year" in filters:
        yield "a.obtained_key >= :year_from and a.obtained_key < :year_until"
    then = "known_at" in filters or "as_of" in filters
    if "known_at" in filters:
        yield "a.recorded @> cast(:known as timestamptz)"
        yield "case when cast(:day as date) is null then upper_inf(a.held) else a.held @> cast(:day as date) end"
    elif "as_of" in filters:
        yield "upper_inf(a.recorded) and a.held @> cast(:day as date)"
    if then:
        yield NOT_HIDDEN
    if "person_id" in filters:
        yield (
            "a.team @> jsonb_build_array(jsonb_build_object('person', cast(:f_person_id as text)))"
            if then
            else "a.id in (select c.achievement_id from app.achievement_completer c where c.tenant_id = :tenant "
            "and c.person_id = :f_person_id)"
        )
    if "q" in filters:
        yield found_then(asked.words, known="known_at" in filters) if then else found(asked.words)


def _sort_of(sort: str) -> tuple[str, bool]:
    key = sort.removeprefix("-")
    return (key, sort.startswith("-")) if key in SORTS else ("number", True)


def _cursor(row: "asyncpg.Record", key: str) -> str:
    return f"{row['number']}~{row[SORTS[key][1]]}" if key != "number" else str(row["number"])


def is_cursor(cursor: str, sort: str) -> bool:
    """Whether this is a place in a list of that order."""
    return _read_cursor(cursor, _sort_of(sort)[0]) is not None


def _read_cursor(cursor: str, key: str) -> tuple[Any, int] | None:
    number, _, value = cursor.partition("~")
    try:
        place = int(number)
        if not 0 <= place < 2**31:
            return None
        match key:
            case "number":
                return place, place
            case "value":
                return int(value), place
            case "obtained":
                return date.fromisoformat(value), place
            case _:
                return value, place
    except ValueError:
        return None
