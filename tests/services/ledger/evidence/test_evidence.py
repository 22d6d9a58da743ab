"""The papers of a disclosure: attached, listed, opened by those who verify, taken away, kept with the achievement, wiped."""

import re
from typing import Any

import pytest
from sqlalchemy import text

from services.home.erasing.commands import carry_out_all
from shared.errors import NotFound
from shared.ids import new_id
from shared.keys.keyring import Keyring
from shared.storage.objects import ObjectStore
from tests.services.ledger.disclosure.test_pages import FORM, begun
from tests.web import Site, Visitor
from tests.world import World

CANARY = b"%PDF-1.7 wolfram nightingale nine"
ADDRESS = re.compile(r'/institution/disclosures/[0-9a-f-]{36}/papers/[0-9a-f-]{36}(?=")')
KIND = {"kind": "project_contract"}
BARE = {**FORM, "evidence_elsewhere": ""}


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return Keyring.create(tmp_path_factory.mktemp("evidence-keys"))


def paper(content: bytes = CANARY, name: str = "夜莺合同.pdf") -> dict[str, Any]:
    return {"file": (name, content, "application/pdf")}


async def attached(visitor: Visitor, edit: str, **more: str) -> str:
    answer = await visitor.upload(edit.replace("/edit", "/papers"), paper(), {**KIND, **more}, page=edit)
    assert answer.status_code == 303, answer.text
    found = ADDRESS.search((await visitor.get(edit)).text)
    assert found is not None
    return found[0]


@pytest.mark.requirement("R059", "R184")
async def test_a_paper_is_opened_by_those_who_verify_and_kept_with_the_achievement(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    case = edit.removesuffix("/edit")
    address = await attached(researcher, edit, confidential="yes")
    sent = await researcher.post(edit, {name: value for name, value in BARE.items() if name != "evidence"})
    assert sent.status_code == 303, "the paper stands for its kind"
    clerk = await site.signed_in(world, world.university, "clerk")
    page = (await clerk.get(case)).text
    assert "夜莺合同.pdf" in page
    assert "含商业秘密" in page
    read = await clerk.get(address)
    assert read.content == CANARY
    assert read.headers["cache-control"] == "no-store"
    async with world.maintenance.connect() as connection:
        asked = "select count(*) from app.audit_entry where action = 'disclosure.read_paper' and tenant_id = :id"
        assert await connection.scalar(text(asked), {"id": world.university}) == 1
    done = await clerk.post(f"{case}/register", page=case)
    assert address in (await clerk.get(done.headers["location"])).text
    late = await researcher.post(f"{address}/withdraw", page="/institution/disclosures/new")
    assert late.status_code == 409


@pytest.mark.requirement("R059", "R060")
async def test_a_kind_has_a_paper_or_the_place_where_its_original_is(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    answer = await researcher.post(edit, BARE)
    assert answer.status_code == 422
    assert 'href="#f-evidence_elsewhere"' in answer.text
    address = await attached(researcher, edit)
    gone = await researcher.post(f"{address}/withdraw", page=edit)
    assert gone.status_code == 303
    assert (await researcher.get(address)).status_code == 404
    assert (await researcher.post(edit, BARE)).status_code == 422
    assert (await researcher.post(edit, FORM)).status_code == 303


@pytest.mark.requirement("R184")
@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("合同.pdf", b"MZ\x90\x00", "没有保存"),
        ("秘密★10年 合同.pdf", CANARY, "密级标志"),
        ("合同.pdf", b"", "不能是空的"),
    ],
)
async def test_what_is_no_paper_is_kept_nowhere(site: Site, world: World, name: str, content: bytes, told: str) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    answer = await researcher.upload(edit.replace("/edit", "/papers"), paper(content, name), KIND, page=edit)
    assert answer.status_code == 422
    assert told in answer.text
    assert ADDRESS.search((await researcher.get(edit)).text) is None


async def test_the_same_paper_twice_and_another_version(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    await attached(researcher, edit)
    papers = edit.replace("/edit", "/papers")
    assert (await researcher.upload(papers, paper(), KIND, page=edit)).status_code == 409
    assert (await researcher.upload(papers, paper(CANARY + b"b"), KIND, page=edit)).status_code == 303
    assert "第 2 版" in (await researcher.get(edit)).text
    unknown = await researcher.upload(papers, paper(), {"kind": "photo"}, page=edit)
    assert unknown.status_code == 422


async def test_nobody_else_attaches_opens_or_takes_away(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    address = await attached(researcher, edit)
    stranger = await site.signed_in(world, world.institute, "clerk")
    unknown = address.rsplit("/", 1)[0] + f"/{new_id()}"
    answers = [await stranger.get(one) for one in (address, unknown)]
    assert [one.status_code for one in answers] == [404, 404]
    new = "/institution/disclosures/new"
    assert (await stranger.post(f"{address}/withdraw", page=new)).status_code == 404
    tried = await stranger.upload(edit.replace("/edit", "/papers"), paper(), KIND, page=new)
    assert tried.status_code == 404
    clerk = await site.signed_in(world, world.university, "clerk")
    assert (await clerk.post(f"{address}/withdraw", page=new)).status_code == 404, "the department takes nothing away"


@pytest.mark.requirement("R213")
async def test_a_wiped_draft_leaves_no_paper(site: Site, world: World, keyring: Keyring) -> None:
    objects: ObjectStore = site.app.state.objects
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    address = await attached(researcher, edit)
    digest = await _stored(world, "object_hash")
    assert await objects.get(world.university, digest) == CANARY
    assert (await researcher.post(edit.replace("/edit", "/wipe"), page=edit)).status_code == 303
    assert (await researcher.get(address)).status_code == 404, "closed before the order is carried out"
    assert await _stored(world, "file_name") is None
    await carry_out_all(world.maintenance, objects, keyring)
    with pytest.raises(NotFound):
        await objects.get(world.university, digest)
    assert await _stored(world, "object_hash") != digest


async def _stored(world: World, column: str) -> Any:
    async with world.maintenance.connect() as connection:
        return await connection.scalar(
            text(f"select {column} from app.disclosure_paper where tenant_id = :id order by added_at desc limit 1"),
            {"id": world.university},
        )
