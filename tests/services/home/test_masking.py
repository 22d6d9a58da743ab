"""Each role sees of a name what the table says: in the list, a record, its past, a search, an export and by machine."""

import io
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select

from services.ledger import queries
from services.ledger.export import request_export
from services.ledger.listing import Filters, ledger_page
from services.ledger.models import export_job
from services.ledger.tasks import write_export
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tenants.masking import NAMES, VALUES, document, institution_roles, masked
from tenants.permissions import ROLES
from tests.services.ledger.test_workflow import registered
from tests.web import Site
from tests.world import World

NAME = "欧阳示范丙"
MASKED = "欧＊＊＊＊"
DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "who-sees-what.md"
READERS = [role.code for role in institution_roles() if "institution:ledger:read" in role.permissions]


async def ledger_of(world: World) -> None:
    from services.ledger.entry import Completer

    async with world.acting(world.university) as tx:
        await registered(tx, team=(Completer(name=NAME),))


def seen(role: str) -> tuple[str, str]:
    """(what stands there, what must not) for a role, as the table says."""
    said = VALUES[0].seen_by(ROLES[role])
    assert said in ("全文", "遮盖")
    return (NAME, MASKED) if said == "全文" else (MASKED, NAME)


def test_the_document_is_the_table() -> None:
    assert DOCUMENT.read_text("utf-8") == document()
    assert (masked("李四"), masked("王"), masked("（已删除）")) == ("李＊", "王＊", "（已删除）")


@pytest.mark.requirement("R200", "R192")
@pytest.mark.parametrize("role", READERS)
async def test_pages_show_what_the_table_says(site: Site, world: World, role: str) -> None:
    await ledger_of(world)
    shown, hidden = seen(role)
    async with world.acting(world.university, role) as tx:
        (row,) = (await ledger_page(tx, Filters())).rows
    visitor = await site.signed_in(world, world.university, role)
    home = f"/institution/ledger/{row['id']}"
    for address in ("/institution/ledger", home, f"{home}?as_of=2026-03-16", f"{home}/timeline", "/institution"):
        text = (await visitor.get(address)).text
        assert hidden not in text, address
        if address in ("/institution/ledger", home):
            assert shown in text, address
    found = (await visitor.get("/institution/ledger", q="欧阳")).text
    assert (row["code"] in found) == (role_sees_all(role)), "nobody is found by a name that is masked"


def role_sees_all(role: str) -> bool:
    return NAMES in ROLES[role].permissions


@pytest.mark.requirement("R200")
@pytest.mark.parametrize("role", READERS)
async def test_an_export_carries_what_its_asker_sees(world: World, configuration: Settings, role: str) -> None:
    await ledger_of(world)
    shown, hidden = seen(role)
    async with world.acting(world.university, role) as tx:
        export_id = await request_export(tx, Filters(), "-number")
    async with world.working(world.university) as tx:
        await write_export.function(tx, export_id=str(export_id))
    async with world.acting(world.university, role) as tx:
        digest = await tx.scalar(select(export_job.c.object_hash).where(export_job.c.id == export_id))
    content = await ObjectStore(configuration).get(world.university, digest)
    cells = [str(cell) for row in openpyxl.load_workbook(io.BytesIO(content)).active.values for cell in row]
    assert any(shown in cell for cell in cells)
    assert not any(hidden in cell for cell in cells)


@pytest.mark.requirement("R200")
async def test_shares_are_told_to_those_who_see_the_names(world: World) -> None:
    from fractions import Fraction

    from services.ledger.entry import Completer

    async with world.acting(world.university) as tx:
        row_id = await registered(tx, team=(Completer(name=NAME, share=Fraction(1)),))
    for role in READERS:
        async with world.acting(world.university, role) as tx:
            detail = await queries.achievement_detail(tx, row_id)
            assert detail is not None
            assert (detail.team[0].share is not None) == role_sees_all(role)


async def test_the_page_lists_every_role_and_value(site: Site, world: World) -> None:
    visitor = await site.signed_in(world, world.university, "finance")
    text = (await visitor.get("/institution/settings/privacy")).text
    assert all(value.label in text for value in VALUES)
    assert all(role.label in text for role in institution_roles())
