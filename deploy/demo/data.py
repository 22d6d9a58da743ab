"""The demo's provinces with their organisations, people, lists, ledgers, cases and reports, made once.

Each step looks whether it was made, so that a demo of an earlier version is completed. Run with the settings in the
environment: ``python -m deploy.demo.data``.
"""

from __future__ import annotations

import asyncio
import sys

from sqlalchemy import text

from deploy.demo.acting import START, Demo
from deploy.demo.cases import open_cases
from deploy.demo.filling import fill_ledger
from deploy.demo.lists import publish_lists
from deploy.demo.organisations import INSTITUTIONS
from deploy.demo.pricing import announce_prices
from deploy.demo.provinces import PROVINCES, YUNNAN
from deploy.demo.registry import activate_pack, open_province, record_rules, register_people, select_pilots
from deploy.demo.reports import file_reports
from deploy.demo.training import fill_training
from shared.db.engine import make_engine
from shared.settings import Settings, settings


async def seed(configuration: Settings) -> None:
    """Make what is missing of the demo; running it again changes nothing.

    :raises SettingsError: outside demo and test mode.
    """
    configuration.require_demo("演示数据")
    assert configuration.database_maintenance_url is not None
    await start_clock(configuration.database_maintenance_url.get_secret_value())
    engine = make_engine(configuration.database_web_url.get_secret_value(), pool_size=2, application="demo data")
    demo = Demo(engine, configuration.oidc_issuer.rstrip("/"))
    try:
        for province in PROVINCES:
            await open_province(demo, province)
        await register_people(demo)
        for province in PROVINCES:
            await activate_pack(demo, province)
            await select_pilots(demo, province)
            await record_rules(demo, province)
        await publish_lists(demo, YUNNAN)
        for institution in INSTITUTIONS:
            await fill_ledger(demo, institution)
            await open_cases(demo, institution)
            await announce_prices(demo, institution)
        for province in PROVINCES:
            await file_reports(demo, province)
        await fill_training(configuration, demo)
    finally:
        await engine.dispose()


async def start_clock(maintenance_url: str) -> None:
    """The demo clock begins at 2026-03-16 09:00 in Asia/Shanghai, once."""
    engine = make_engine(maintenance_url, pool_size=1, application="demo data")
    async with engine.connect() as connection:
        await connection.execute(text("select app.start_clock(:at)"), {"at": START})
    await engine.dispose()


def seed_now() -> None:
    """The same, for a command; with `--clock` the demo clock alone, for a demo without provinces."""
    configuration = settings()
    if "--clock" not in sys.argv:
        asyncio.run(seed(configuration))
        return
    configuration.require_demo("演示时钟")
    assert configuration.database_maintenance_url is not None
    asyncio.run(start_clock(configuration.database_maintenance_url.get_secret_value()))


if __name__ == "__main__":
    seed_now()
