"""One object of every kind for the authorities of a province."""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import insert, select, text

from services.annual_report.models import report_submission
from services.annual_report.reviewing import workflow as reviewing
from services.home.models import message
from services.negative_list.models import list_version
from services.negative_list.opinions.workflow import record_letter
from services.negative_list.workflow import open_consultation
from shared.ids import new_id
from tenants.activation import propose
from tenants.calendar import calendar_day, calendar_year
from tenants.registry import organisation
from tests.services.annual_report.arranging import REPORT, YEAR
from tests.services.negative_list import steps
from tests.tenancy.grounds.unit import Ids
from tests.world import START, World


async def new_organisation(world: World, kind: str, name: str, department: UUID | None = None) -> UUID:
    """One more organisation of the province: an agency, a training unit."""
    id_ = new_id()
    async with world.maintenance.begin() as connection:
        await connection.execute(
            insert(organisation).values(
                id=id_, province_id=world.province_id, kind=kind, unit_kind="university" if kind == "training" else None,
                name=name, short_name=name, number_prefix="CS", department_id=department or id_,
            )
        )  # fmt: skip
        await connection.execute(
            text("select app.put_tenant(:id, :province, :kind, :department, :alias, :name, true)"),
            {
                "id": id_, "province": world.province_id, "kind": kind, "department": department or id_,
                "alias": id_.hex, "name": name,
            },
        )  # fmt: skip
    return id_


async def arrange_province(world: World) -> Ids:
    """A list in force, a draft, a round with an opinion, a proposal for the rules, a calendar, what a department added up."""
    in_force = await steps.published(
        world, ("赋权一",), at=steps.instant(date(2026, 1, 5)), opened=steps.instant(date(2025, 11, 20))
    )
    ids: Ids = {"province": world.slug, "list_in_force": str(in_force), "code": await _code_in(world, in_force)}
    consulted = await steps.drafted(world, ("草案一",), at=START - timedelta(days=10))
    ids["draft"], ids["draft_code"] = str(consulted), await _code_in(world, consulted)
    async with steps.officer(world, at=START - timedelta(days=9)) as tx:
        assert await open_consultation(tx, consulted, 30) is None
        ids["round"] = str(
            await tx.scalar(text("select id from app.list_consultation where version_id = :v"), {"v": consulted})
        )
    async with steps.officer(world) as tx:
        assert isinstance(await record_letter(tx, UUID(ids["round"]), "letter", "建议"), str)
        ids["opinion"] = str(await tx.scalar(text("select id from app.list_opinion")))
    async with world.acting(world.science, "science_officer", "science") as tx:
        ids["pack_version"] = str(world.pack_version_id)
        made = await propose(tx, world.pack_version_id, date(2026, 6, 1))
        assert isinstance(made, UUID), made
        ids["activation"] = str(made)
    async with world.maintenance.begin() as connection:
        own = {"province_id": world.province_id, "source": "通知"}
        await connection.execute(insert(calendar_year).values(**own, year=2027))
        await connection.execute(
            insert(calendar_day).values(**own, area="", day=date(2027, 1, 1), working="off", name="元旦")
        )
    return ids


async def _code_in(world: World, version_id: UUID) -> str:
    async with world.maintenance.connect() as connection:
        draft = await connection.scalar(select(list_version.c.draft).where(list_version.c.id == version_id))
    assert draft is not None
    return str(draft["items"][0]["code"])


async def forward(world: World, department: UUID, submission_id: UUID) -> Ids:
    """A department's sheet that adds up what it accepted, and copies of what it received at the other recipients."""
    ids: Ids = {}
    async with world.acting(department, "department_officer", "department") as tx:
        assert await reviewing.accept(tx, submission_id) is None
        made = await reviewing.aggregate(tx, REPORT, YEAR)
        assert isinstance(made, UUID), made
        ids["aggregate"] = str(made)
    table = report_submission
    async with world.maintenance.begin() as connection:
        found = (await connection.execute(select(table).where(table.c.id == submission_id))).one()
        for kind, recipient in (("science", world.science), ("finance", world.finance)):
            copy = {**found._mapping, "id": new_id(), "recipient_id": recipient, "recipient_kind": kind}
            await connection.execute(insert(table).values(copy))
            ids[f"submission:{kind}"] = str(copy["id"])
    return ids


async def tell(world: World, organisation_id: UUID, permission: str) -> str:
    """A message in an authority's own rooms; its id."""
    id_ = new_id()
    async with world.maintenance.begin() as connection:
        await connection.execute(
            insert(message).values(
                tenant_id=organisation_id, id=id_, province_id=world.province_id, department_id=organisation_id,
                recipient_id=organisation_id, actor_organisation_id=organisation_id, permission=permission,
                title="消息", text="正文", href="", at=START,
            )
        )  # fmt: skip
    return str(id_)
