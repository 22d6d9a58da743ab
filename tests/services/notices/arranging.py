"""What the tests of notices and of empowerment stand on: a registered achievement with its completers."""

import re
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import insert, text

from services.ledger.history import ACHIEVEMENTS
from services.ledger.models import achievement, achievement_completer
from services.notices.rules import NewNotice
from shared.clock import SHANGHAI
from shared.ids import new_id
from tenants.people import new_salt, person
from tests.world import World

_COPIED = ", ".join(name for name in ACHIEVEMENTS.copied if name in achievement.c)
_FIRST_VERSION = text(
    f"insert into app.achievement_version (tenant_id, id, version, held, recorded, team, rights, revision, {_COPIED}) "
    f"select tenant_id, id, gen_random_uuid(), daterange(began_on, null), tstzrange(recorded_at, null), '[]', '[]', 1, "
    f"{_COPIED} from app.achievement where id = :id"
)
_DIFFERS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(\.[0-9a-f]{32})?|[0-9a-f]{32}")


def at(day: str, hour: int = 10, minute: int = 0) -> datetime:
    """A legal instant in China: ``at("2026-03-17", 16)``."""
    year, month, number = map(int, day.split("-"))
    return datetime(year, month, number, hour, minute, tzinfo=SHANGHAI)


async def add_person(world: World, tenant: UUID, name: str) -> UUID:
    person_id = new_id()
    async with world.maintenance.begin() as connection:
        await connection.execute(
            insert(person).values(
                tenant_id=tenant, id=person_id, province_id=world.province_id, name=name, salt=new_salt()
            )
        )
    return person_id


async def add_achievement(
    world: World,
    tenant: UUID,
    name: str = "一种高原湖泊蓝藻原位絮凝装置",
    *,
    type: str = "patent_right",
    status: str = "not_converted",
    completers: tuple[UUID, ...] = (),
    number: int = 1,
) -> UUID:
    """A registered achievement of the tenant with its first version, put there without the ledger's verbs."""
    achievement_id = new_id()
    async with world.maintenance.begin() as connection:
        await connection.execute(
            insert(achievement).values(
                tenant_id=tenant,
                id=achievement_id,
                province_id=world.province_id,
                number=number,
                code=f"CS-{number:04d}",
                state="registered",
                name=name,
                name_key=f"{name}{number}",
                sort_key=name,
                type=type,
                status=status,
                source="entered",
                team_size=len(completers),
                held_from=date(2026, 1, 5),
                began_on=date(2026, 1, 5),
                recorded_at=at("2026-01-05"),
                created_at=at("2026-01-05"),
            )
        )
        for position, person_id in enumerate(completers, 1):
            await connection.execute(
                insert(achievement_completer).values(
                    tenant_id=tenant, achievement_id=achievement_id, position=position, person_id=person_id
                )
            )
        await connection.execute(_FIRST_VERSION, {"id": achievement_id})
    return achievement_id


def new_notice(
    achievement_id: UUID, *people: UUID, days: int | None = None, title: str = "一种装置的赋权"
) -> NewNotice:
    """A notice with everything that the pack asks for."""
    return NewNotice(
        "empowerment",
        achievement_id,
        title,
        {
            "achievement_name": title,
            "achievement_type": "专利权",
            "achievement_summary": "用于湖泊治理",
            "grant_type": "所有权赋权",
            "ownership": "单位 30%，完成人 70%",
        },
        {"applicants": list(people)},
        days=days,
    )


def without_keys(page: str) -> str:
    """A page without what differs on every request: ids, and the keys of its forms."""
    return _DIFFERS.sub("-", page)
