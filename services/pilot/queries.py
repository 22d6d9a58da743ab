"""Everything read of pilots: memberships of a tenant or a province, and the validity that the pack states."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, select

from services.pilot.models import GUIDELINES, pilot_membership
from shared.db.transaction import Transaction
from shared.policy.answer import Citation
from tenants.packs import governing
from tenants.registry import organisation


@dataclass(frozen=True, slots=True)
class Membership:
    """A unit's place in one guideline's pilot; ``last_day`` (inclusive) is None while it is not ended."""

    guideline: str
    first_day: date
    last_day: date | None
    document: str

    @property
    def label(self) -> str:
        return GUIDELINES[self.guideline]

    def holds_on(self, day: date) -> bool:
        """Whether the unit is in the pilot on a day."""
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


@dataclass(frozen=True, slots=True)
class MembershipRow(Membership):
    """A membership with its unit, as the console and the public page list it."""

    id: UUID | None
    tenant_id: UUID
    name: str
    unit_kind: str
    selected_on: date
    ended_by: str = ""


@dataclass(frozen=True, slots=True)
class Validity:
    """How long a guideline is in force, as the pack states it; nothing here is computed from a length."""

    guideline: str
    label: str
    first_day: date | None
    last_day: date | None
    disputed_days: tuple[date, ...]
    ask: str
    citation: Citation
    reading: dict[str, str] | None

    def days_left(self, today: date) -> int | None:
        """Days on which something may still begin, today included; 0 when over, None without an end."""
        if self.last_day is None:
            return None
        return max(0, (self.last_day - today).days + 1)


def _held() -> tuple[ColumnElement[date], ColumnElement[date]]:
    held = pilot_membership.c.held
    return func.lower(held).label("first_day"), func.upper(held).label("after")


def _last_day(row: Row[tuple[object, ...]]) -> date | None:
    after: date | None = row.after
    return after - timedelta(days=1) if after is not None else None


async def memberships(tx: Transaction, tenant_id: UUID | None = None) -> list[Membership]:
    """The pilots that a tenant (by default the transaction's own) is or was in, in order of their first day."""
    first_day, after = _held()
    rows = await tx.rows(
        select(pilot_membership.c.guideline, first_day, after, pilot_membership.c.document)
        .where(pilot_membership.c.tenant_id == (tenant_id or tx.tenant_id))
        .order_by(first_day, pilot_membership.c.guideline)
    )
    return [Membership(row.guideline, row.first_day, _last_day(row), row.document) for row in rows]


def _of_province(tx: Transaction) -> Select[tuple[object, ...]]:
    first_day, after = _held()
    return (
        select(
            pilot_membership.c.tenant_id,
            pilot_membership.c.guideline,
            pilot_membership.c.document,
            pilot_membership.c.selected_on,
            first_day,
            after,
            organisation.c.name,
            organisation.c.unit_kind,
        )
        .join(organisation, organisation.c.id == pilot_membership.c.tenant_id)
        .where(
            pilot_membership.c.province_id == tx.province_id,
            organisation.c.province_id == tx.province_id,
            organisation.c.kind == "institution",
        )
        .order_by(organisation.c.name, pilot_membership.c.guideline, first_day)
    )


async def public_memberships(tx: Transaction) -> list[MembershipRow]:
    """Every selected unit of the province, as anybody may read it."""
    return [_row(row) for row in await tx.rows(_of_province(tx))]


async def province_memberships(tx: Transaction) -> list[MembershipRow]:
    """Every membership of the province with its id, for the science department."""
    statement = _of_province(tx).add_columns(pilot_membership.c.id, pilot_membership.c.ended_by)
    return [_row(row) for row in await tx.rows(statement)]


def _row(row: Row[tuple[object, ...]]) -> MembershipRow:
    return MembershipRow(
        row.guideline,
        row.first_day,
        _last_day(row),
        row.document,
        getattr(row, "id", None),
        row.tenant_id,
        row.name,
        row.unit_kind or "",
        row.selected_on,
        getattr(row, "ended_by", None) or "",
    )


async def validity(tx: Transaction) -> list[Validity]:
    """The validity of each guideline of the pack in force, with its source and its disputed reading."""
    pack = (await governing(tx)).pack
    found = []
    for code, guideline in pack.content.guidelines.items():
        reading = pack.content.readings.get(guideline.reading or "")
        found.append(
            Validity(
                code,
                guideline.label,
                guideline.first_day,
                guideline.last_day,
                tuple(guideline.disputed_days),
                guideline.ask,
                pack.citation(f"guidelines.{code}.last_day"),
                {"question": reading.question, "used": reading.used, "other": reading.other, "effect": reading.effect}
                if reading
                else None,
            )
        )
    return found


async def institutions(tx: Transaction) -> list[tuple[UUID, str]]:
    """The institutions of the province that may be selected, by name."""
    rows = await tx.rows(
        select(organisation.c.id, organisation.c.name)
        .where(
            organisation.c.province_id == tx.province_id,
            organisation.c.kind == "institution",
            organisation.c.state == "active",
        )
        .order_by(organisation.c.name)
    )
    return [(row.id, row.name) for row in rows]


async def membership_with_id(tx: Transaction, membership_id: UUID) -> MembershipRow | None:
    """One membership of the province, for the science department."""
    return next((row for row in await province_memberships(tx) if row.id == membership_id), None)
