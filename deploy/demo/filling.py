"""The demo's ledgers as they came about: what existed was brought in, the rest was entered half-year by half-year."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random

from sqlalchemy import func, select

from deploy.demo.acting import Demo, at, done, held, researchers_of
from deploy.demo.ledgers import HELD_FROM, Researcher, entries, held_from, later_conversions
from deploy.demo.organisations import Organisation
from services.ledger.entry import Deal, Entry
from services.ledger.models import achievement
from services.ledger.rules import complete
from services.ledger.workflow import correct, record_conversion, register_many
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.workflow import record_event
from tenants.packs import governing

_CORRECTIONS = 8
# These two took over the achievements of another unit in the middle of 2025: a first entry, no increase of the year.
_TOOK_OVER = ("fuxian", "chaganhu")


async def fill_ledger(demo: Demo, institution: Organisation) -> None:
    """A ledger with its history, unless the institution has one already."""
    clerk = f"{institution.key}-clerk"
    researchers = [Researcher(demo.people[one.username], one.unit) for one in researchers_of(institution)]
    async with demo.acting(clerk) as tx:
        if await tx.scalar(select(func.count()).where(achievement.c.tenant_id == tx.tenant_id)):
            return
        made = entries(institution, researchers)
        for day in HELD_FROM:
            part = [entry for entry in made if entry.obtained_on and held_from(entry.obtained_on) == day]
            # Nobody enters anything before the platform stands: what is older was brought in then, as of its own day.
            tx.now = max(at(day, 9), at(institution.province.since, 9))
            taken_over = institution.key in _TOOK_OVER and day == date(2025, 6, 30)
            existed = day == HELD_FROM[0] or taken_over
            await _register(tx, part, day, "imported" if existed else "entered")
    for achievement_id, deal in later_conversions(institution, made):
        assert deal.signed_on is not None
        async with demo.acting(clerk, max(at(deal.signed_on), at(institution.province.since))) as tx:
            done(await record_conversion(tx, achievement_id, deal))
    known = [entry for entry in made if entry.obtained_on and entry.obtained_on <= HELD_FROM[-2]]
    converted = {achievement_id for achievement_id, _ in later_conversions(institution, made)}
    for number, entry in enumerate(Random(institution.key).sample(known, _CORRECTIONS)):
        async with demo.acting(clerk, at(date(2026, 2, 2 + number))) as tx:
            await _revise(tx, entry, number, institution, converted=entry.id in converted)


async def _register(tx: Transaction, part: list[Entry], day: date, source: str) -> None:
    pack = (await governing(tx)).pack
    completed = [complete(entry, pack, tx.today) for entry in part]
    held(next((one.refusal for one in completed if one.refusal is not None), None))
    made = await register_many(
        tx, (one.entry for one in completed), held_from=day, source=source, reason="建立单列管理台账"
    )
    details = {"count": made.count, "first": made.first_number, "last": made.last_number}
    await record_event(tx, "ledger", tx.tenant_id, "registered", details=details)
    await write_audit(tx, "ledger.register_many", "ledger", None, details=details)


async def _revise(tx: Transaction, entry: Entry, number: int, institution: Organisation, *, converted: bool) -> None:
    """What the yearly check of February found: a contract signed since, or a remark."""
    assert entry.id is not None
    if entry.status in ("intended", "converting") and not converted:
        deal = Deal(
            mode="licence",
            counterparty="示范新材料有限公司",
            signed_on=tx.today,
            amount=Decimal(120_000 + 10_000 * number),
        )
        done(await record_conversion(tx, entry.id, deal))
    else:
        agency = f"{institution.province.short_name}示范技术转移中心"
        remark = {"remark": "2026 年清查时核对权利证书，信息一致", "agency": agency}
        done(await correct(tx, entry.id, remark, since=tx.today, reason="年度清查补充"))
