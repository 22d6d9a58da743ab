"""An institution in the pilot, a list in force, an achievement with its team: what every case starts from."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import Range

from services.empowerment import queries
from services.empowerment.applying.workflow import apply
from services.empowerment.reviewing.workflow import publish, record_feasibility, screen
from services.empowerment.rules import Screened, Submission, TeamMember
from services.empowerment.signing.workflow import Agreement, sign_agreement
from services.ledger.claiming.models import person_claim
from services.negative_list.models import list_item, list_version, list_wording
from services.pilot.models import pilot_membership
from shared.errors import Refusal
from shared.ids import new_id
from tests.services.notices.arranging import add_achievement, add_person, at
from tests.world import World

CLAUSES = {
    "scope": "成果内容",
    "shares": "七三",
    "income": "七三",
    "costs": "按共有比例",
    "improvements": "归改进方",
    "breach": "赔偿",
}
ANSWERS: dict[str, dict[str, Any]] = {
    "major_interest": {"answer": "no"},
    "state_secret": {"answer": "no"},
    "ethics": {"answer": "no"},
}
DIMENSIONS = {"technology_maturity": "样机通过测试", "market_prospect": "已有意向", "conversion_conditions": "具备"}


async def select_for_pilot(
    world: World, tenant: UUID, first_day: date = date(2025, 12, 1), guideline: str = "empowerment"
) -> None:
    async with world.maintenance.begin() as connection:
        await connection.execute(
            insert(pilot_membership).values(
                tenant_id=tenant,
                id=new_id(),
                province_id=world.province_id,
                guideline=guideline,
                held=Range(first_day, None),
                document="试点单位名单（第一批）",
                selected_on=first_day,
            )
        )


def list_content(number: int) -> str:
    """What stands for the text of a published version."""
    return f'{{"number":{number}}}'


def list_hash(number: int) -> str:
    return sha256(list_content(number).encode()).hexdigest()


async def put_list_in_force(world: World, number: int = 1, effective_on: date = date(2026, 1, 1)) -> UUID:
    """A published version with one item, without the consultation that a real one needs."""
    version_id, item_id, content = new_id(), new_id(), list_content(number)
    published = datetime(effective_on.year, effective_on.month, effective_on.day, 9, tzinfo=at("2026-01-01").tzinfo)
    async with world.maintenance.begin() as connection:
        await connection.execute(
            insert(list_version).values(
                id=version_id,
                province_id=world.province_id,
                kind="empowerment",
                rule="provincial_empowerment",
                owner="province",
                purpose="不纳入赋权改革范畴的职务科技成果",
                number=number,
                title="省职务科技成果赋权负面清单",
                state="published",
                basis={},
                draft=[],
                drafted_at=published,
                decided_on=effective_on,
                published_at=published,
                effective_on=effective_on,
                content=content,
                hash=list_hash(number),
            )
        )
        await connection.execute(
            insert(list_item).values(
                id=item_id,
                province_id=world.province_id,
                kind="empowerment",
                code=f"A-{number}",
                category="major_interest",
                decided_on=effective_on,
                published_at=published,
                effective_on=effective_on,
            )
        )
        await connection.execute(
            insert(list_wording).values(
                version_id=version_id,
                item_id=item_id,
                province_id=world.province_id,
                position=1,
                title="可能危害公共安全的成果",
                note="说明",
                mark="new",
                published_at=published,
            )
        )
    return version_id


async def is_completer(world: World, tenant: UUID, completer: UUID, role: str = "completer") -> None:
    """Who signs in with the role was confirmed to be this completer of the ledger."""
    async with world.maintenance.begin() as connection:
        await connection.execute(
            insert(person_claim).values(
                tenant_id=tenant,
                id=new_id(),
                province_id=world.province_id,
                person_id=await world.person(tenant, role),
                completer_id=completer,
                state="confirmed",
                claimed_at=at("2026-01-05"),
                decided_at=at("2026-01-05"),
            )
        )


@dataclass(frozen=True, slots=True)
class Prepared:
    """An institution ready to apply. ``team`` are the completers of the achievement in the ledger."""

    tenant: UUID
    achievement_id: UUID
    team: tuple[UUID, ...]
    list_version_id: UUID


async def prepare(world: World, tenant: UUID | None = None, *, selected: bool = True) -> Prepared:
    owner = tenant or world.university
    team = (await add_person(world, owner, "甲完成人"), await add_person(world, owner, "乙完成人"))
    await is_completer(world, owner, team[0])
    achievement_id = await add_achievement(world, owner, completers=team)
    if selected:
        await select_for_pilot(world, owner)
    return Prepared(owner, achievement_id, team, await put_list_in_force(world))


def submission(ready: Prepared, **changes: Any) -> Submission:
    """An application for ownership that meets every condition."""
    met = {
        "clear_ownership": "ownership_certificate",
        "clear_prospect": "market_study",
        "clear_receiver": "partner_statement",
        "strong_will": "voluntary_statement",
    }
    full = Submission(
        "ownership",
        ready.team[0],
        tuple(TeamMember(person, confirmed=True, share=Fraction(1, len(ready.team))) for person in ready.team),
        "用于湖泊治理的装置",
        "两名完成人，均为本单位职工",
        "与企业合作实施",
        {code: {"met": True, "evidence": [evidence]} for code, evidence in met.items()},
        Fraction(3, 10),
        Fraction(7, 10),
        "by_share",
    )
    return replace(full, **changes)


def agreement(day: date, **changes: Any) -> Agreement:
    return replace(Agreement(day, day, CLAUSES), **changes)


async def applied(world: World, ready: Prepared, day: str = "2026-02-20") -> UUID:
    async with world.acting(ready.tenant, "completer", at=at(day)) as tx:
        done = await apply(tx, ready.achievement_id, submission(ready))
    assert isinstance(done, UUID), done
    return done


async def screened(world: World, ready: Prepared, day: str = "2026-02-24") -> UUID:
    application_id = await applied(world, ready)
    async with world.acting(ready.tenant, "clerk", at=at(day)) as tx:
        passed = await screen(tx, application_id, ready.list_version_id, Screened(ANSWERS, {"A-1": "no"}))
    assert passed is None, passed
    return application_id


async def approved(world: World, ready: Prepared, day: str = "2026-02-26") -> UUID:
    application_id = await screened(world, ready)
    async with world.acting(ready.tenant, "clerk", at=at(day)) as tx:
        passed = await record_feasibility(tx, application_id, DIMENSIONS, ["丙专家"], "feasible")
    assert passed is None, passed
    return application_id


async def announced(world: World, ready: Prepared, day: str = "2026-03-02") -> UUID:
    application_id = await approved(world, ready)
    async with world.acting(ready.tenant, "clerk", at=at(day)) as tx:
        passed = await publish(tx, application_id)
    assert passed is None, passed
    return application_id


async def state_of(world: World, tenant: UUID, application_id: UUID) -> str:
    async with world.acting(tenant) as tx:
        found = await queries.find_application(tx, application_id)
    assert found is not None
    return found.state


def is_refused(outcome: object, code: str) -> Refusal:
    assert isinstance(outcome, Refusal), outcome
    assert outcome.code == code, outcome
    return outcome


async def sign(world: World, tenant: UUID, application_id: UUID, day: str, hour: int = 10) -> Refusal | None:
    moment = at(day, hour)
    async with world.acting(tenant, "department_head", at=moment) as tx:
        return await sign_agreement(tx, application_id, agreement(moment.date()))


async def notice_of(world: World, tenant: UUID, application_id: UUID) -> UUID:
    async with world.acting(tenant) as tx:
        return (await queries.notice_ids_of(tx, application_id))[0]
