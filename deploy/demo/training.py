"""The demo's training unit: made, thrown away and made again, with the maintenance login."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from uuid import UUID

from sqlalchemy import delete, exists, func, insert, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.demo.acting import Demo
from deploy.demo.filling import fill_ledger
from deploy.demo.organisations import BY_TENANT, TRAINING
from deploy.demo.people import PEOPLE
from services.home.training.workflow import ASKED, CASE
from services.models import metadata
from services.pilot.models import pilot_membership
from shared.audit.writing import write_audit
from shared.db.engine import make_engine
from shared.db.transaction import Actor, Scope, Transaction, transaction, unconfined
from shared.ids import NIL, new_id
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tenants.people import account, person
from tenants.registry import organisation
from tenants.training import KIND

_POLL_SECONDS = 2.0
# Who the unit is and who may sign in stays; everything else goes.
_KEPT = frozenset({"supervision", "account", "person"})


async def reset(configuration: Settings, tenant_id: UUID) -> None:
    """Throw away everything of a training unit and make it anew; run again it ends the same.

    :raises ValueError: the tenant is no training unit.
    """
    assert configuration.database_maintenance_url is not None
    engine = make_engine(configuration.database_maintenance_url.get_secret_value(), pool_size=1, application="training")
    try:
        async with _within(engine, tenant_id) as tx:
            await clear(tx)
        await asyncio.to_thread(ObjectStore(configuration).clear_now, tenant_id)
        if tenant_id in BY_TENANT:
            await _fill(configuration, engine, tenant_id)
    finally:
        await engine.dispose()


async def clear(tx: Transaction) -> None:
    """Delete every row of the transaction's tenant but the unit itself and those who sign in.

    :raises ValueError: the tenant is no training unit: nothing is touched.
    """
    kind = await tx.scalar(select(organisation.c.kind).where(organisation.c.id == tx.tenant_id))
    if kind != KIND:
        raise ValueError("只有练习单位可以恢复原样")
    for table in reversed(metadata.sorted_tables):
        if table.info["scope"] == "tenant" and table.name not in _KEPT:
            await tx.execute(delete(table).where(table.c.tenant_id == tx.tenant_id))
    signs_in = exists().where(account.c.tenant_id == person.c.tenant_id, account.c.person_id == person.c.id)
    await tx.execute(delete(person).where(person.c.tenant_id == tx.tenant_id, ~signs_in))
    own = {"tenant": str(tx.tenant_id)}
    await tx.execute(text("delete from app.task_queue where strpos(message::text, :tenant) > 0"), own)
    await tx.execute(text("delete from app.job_run where tenant_id = cast(:tenant as uuid)"), own)


async def fill_training(configuration: Settings, demo: Demo) -> None:
    """Make the training unit, unless it stands."""
    async with demo.acting(f"{TRAINING.key}-clerk") as tx:
        if await tx.scalar(select(func.count()).where(pilot_membership.c.tenant_id == tx.tenant_id)):
            return
    await reset(configuration, TRAINING.tenant_id)


def _within(engine: AsyncEngine, tenant_id: UUID) -> AbstractAsyncContextManager[Transaction]:
    scope = Scope("", tenant_id, TRAINING.province.id, tenant_id, tenant_id)
    return unconfined(engine, scope, Actor(None, tenant_id))


async def _fill(configuration: Settings, maintenance: AsyncEngine, tenant_id: UUID) -> None:
    """The unit's pilots and ledger, as the demo has them."""
    unit = BY_TENANT[tenant_id]
    engine = make_engine(configuration.database_web_url.get_secret_value(), pool_size=2, application="training")
    demo = Demo(engine, configuration.oidc_issuer.rstrip("/"))
    try:
        async with _within(maintenance, tenant_id) as tx:
            subjects = {str(one.subject): one.username for one in PEOPLE if one.organisation == unit.key}
            for row in await tx.rows(select(account).where(account.c.tenant_id == tenant_id)):
                demo.people[subjects[row.subject]] = row.person_id
            for pilot in unit.pilots:
                await tx.execute(
                    insert(pilot_membership).values(
                        tenant_id=tenant_id,
                        id=new_id(),
                        province_id=unit.province.id,
                        guideline=pilot.guideline,
                        held=Range(pilot.selected_on, None),
                        document=pilot.document,
                        selected_on=pilot.selected_on,
                    )
                )
            await write_audit(tx, "training.reset", CASE, tenant_id)
        scope = Scope("web_institution", tenant_id, unit.province.id, tenant_id, tenant_id)
        async with transaction(engine, scope, Actor(None, tenant_id)) as tx:
            demo.packs[unit.region] = tx.pack_version_id
        await fill_ledger(demo, unit)
    finally:
        await engine.dispose()


async def reset_asked(configuration: Settings) -> int:
    """Make anew whichever training unit somebody asked for; returns how many."""
    waiting = await _tenants(
        configuration,
        "select distinct o.id from app.workflow_event e join app.organisation o on o.id = e.tenant_id "
        "where o.kind = 'training' and e.case_kind = :case and e.event = :event",
        case=CASE,
        event=ASKED,
    )
    for one in waiting:
        await reset(configuration, one)
    return len(waiting)


async def reset_all(configuration: Settings) -> int:
    """Make every training unit anew; returns how many."""
    found = await _tenants(configuration, "select id from app.organisation where kind = 'training'")
    for one in found:
        await reset(configuration, one)
    return len(found)


async def _tenants(configuration: Settings, query: str, **values: str) -> list[UUID]:
    assert configuration.database_maintenance_url is not None
    engine = make_engine(configuration.database_maintenance_url.get_secret_value(), pool_size=1, application="training")
    try:
        async with unconfined(engine, Scope("", NIL, NIL, NIL, NIL), Actor(None, NIL)) as tx:
            return [row.id for row in await tx.rows(text(query), values)]
    finally:
        await engine.dispose()


async def watch(configuration: Settings) -> None:
    """Do what the button asks for, until the process ends."""
    while True:
        await reset_asked(configuration)
        await asyncio.sleep(_POLL_SECONDS)
