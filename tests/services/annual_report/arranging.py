"""Ledgers and reports for the tests of the yearly reports."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import insert

from services.annual_report import workflow
from services.ledger import workflow as ledger
from services.ledger.entry import Completer, Deal, Entry
from shared.db.transaction import Transaction
from tenants.packs import store_pack
from tests.world import START, World

REPORT, YEAR = "annual_report", 2025
TEXTS = {
    "rewards": "奖励报酬按规定分配。",
    "implementation": "单列管理制度已经建立。",
    "problems": "专业人员不足。",
    "suggestions": "建议加强培训。",
}


def entry(name: str, **changes: object) -> Entry:
    values: dict[str, object] = {
        "name": name,
        "type": "patent_right",
        "status": "not_converted",
        "stage_declared": "research",
        "stage_recognised": "research",
        "team": (Completer(name="杨思远"),),
        **changes,
    }
    return Entry(**values)  # type: ignore[arg-type]


async def imported(tx: Transaction, names: Sequence[str], held_from: date, **changes: object) -> None:
    """An existing ledger that was imported with its as-of day."""
    await ledger.register_many(tx, [entry(name, **changes) for name in names], held_from=held_from, source="imported")


async def entered(tx: Transaction, name: str, held_from: date, **changes: object) -> UUID:
    """A new achievement of a day."""
    done = await ledger.register(tx, entry(name, **changes), held_from=held_from)
    assert isinstance(done, UUID), done
    return done


def deal(signed_on: date, amount: int | None = 500_000) -> Deal:
    return Deal("licence", "示例公司", signed_on=signed_on, amount=None if amount is None else Decimal(amount))


async def small_ledger(world: World, tenant: UUID | None = None) -> dict[str, UUID]:
    """Three imported as of 2024, two imported as of mid-2025, one new in 2025, one revoked, one converted on 2025-12-30."""
    async with world.acting(tenant or world.university) as tx:
        await imported(tx, ["旧一", "旧二", "旧三"], date(2024, 6, 30))
        await imported(tx, ["并入一", "并入二"], date(2025, 6, 30), type="software_copyright")
        new = await entered(tx, "新增", date(2025, 9, 1))
        sold = await entered(tx, "转化", date(2024, 9, 1))
        await entered(tx, "次年", date(2026, 1, 5))
    async with world.acting(tenant or world.university) as tx:
        done = await ledger.record_conversion(tx, sold, deal(date(2025, 12, 30)))
        assert isinstance(done, UUID), done
    return {"new": new, "sold": sold}


async def frozen(world: World, tenant: UUID | None = None, report: str = REPORT, *, at: datetime = START) -> UUID:
    async with world.acting(tenant or world.university, at=at) as tx:
        done = await workflow.freeze(tx, report, YEAR)
    assert isinstance(done, UUID), done
    return done


async def written(
    world: World, tenant: UUID | None = None, report: str = REPORT, texts: dict[str, str] | None = None
) -> None:
    async with world.acting(tenant or world.university) as tx:
        assert await workflow.save_narrative(tx, report, YEAR, texts or TEXTS) is None


async def submitted(
    world: World, tenant: UUID | None = None, report: str = REPORT, *, at: datetime = START,
    texts: dict[str, str] | None = None,
) -> UUID:  # fmt: skip
    """A report handed over; the id of the first recipient's row."""
    await frozen(world, tenant, report)
    await written(world, tenant, report, texts)
    return await handed_over(world, tenant, report, at=at)


async def handed_over(world: World, tenant: UUID | None = None, report: str = REPORT, *, at: datetime = START) -> UUID:
    async with world.acting(tenant or world.university, "department_head", at=at) as tx:
        done = await workflow.submit(tx, report, YEAR)
    assert isinstance(done, list), done
    return UUID(str(done[0]))


async def under_pack(world: World, region: str) -> None:
    """Put another region's pack in force for the world's transactions."""
    async with world.maintenance.connect() as connection:
        from shared.db.transaction import Actor, Scope, driver_of

        tx = Transaction(
            connection, await driver_of(connection),
            Scope("web_operator", world.operator, world.province_id, world.operator, world.operator),
            Actor(None, world.operator), START,
        )  # fmt: skip
        world.pack_version_id = await store_pack(tx, region)


async def another_unit(world: World, name: str) -> UUID:
    """One more institution of the world's competent department."""
    from shared.ids import new_id
    from tenants.registry import organisation

    id_ = new_id()
    async with world.maintenance.begin() as connection:
        await connection.execute(
            insert(organisation).values(
                id=id_, province_id=world.province_id, kind="institution", unit_kind="university", name=name,
                short_name=name, number_prefix="CS", department_id=world.department,
            )
        )  # fmt: skip
    return id_
