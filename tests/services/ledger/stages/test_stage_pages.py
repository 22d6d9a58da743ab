"""The page of the stage as people of an institution see it."""

import re
from uuid import UUID

import pytest

from shared.ids import new_id
from tests.services.ledger.test_pages import made
from tests.web import Site, Visitor
from tests.world import World

HOME = "/institution/ledger"
CODES = ("feasible", "intended_use", "benefit", "resources", "measurable")
DATES = {f"criterion-{code}": f"2026-03-0{place}" for place, code in enumerate(CODES, 3)}
PDF = ("技术评估报告.pdf", b"%PDF-1.7 report", "application/pdf")


async def uploaded(visitor: Visitor, page: str, file: tuple[str, bytes, str] = PDF, **form: str) -> tuple[int, str]:
    said = {"kind": "assessment_report", "subject-feasible": "yes", "reference": "评字〔2026〕3号", **form}
    answer = await visitor.upload(f"{page}/papers", {"file": file}, said, page=page)
    return answer.status_code, answer.text


@pytest.mark.requirement("R067", "R069")
async def test_a_clerk_records_five_days_and_a_paper_and_development_is_recognised(site: Site, world: World) -> None:
    row_id = await made(world)
    visitor = await site.signed_in(world, world.university)
    page = f"{HOME}/{row_id}/stage"
    empty = await visitor.get(page)
    assert "第九条(四)2" in empty.text
    assert "样品样机试制成功" in empty.text
    assert "还没有佐证材料" in empty.text
    done = await visitor.post(page, {**DATES, "reason": "学术委员会认定"})
    assert done.status_code == 303, done.text
    assert (await uploaded(visitor, page))[0] == 303
    shown = await visitor.get(page)
    assert "自 2026-03-07 起" in shown.text
    assert "评字〔2026〕3号" in shown.text
    found = re.search(rf'href="({HOME}/{row_id}/papers/[0-9a-f-]+)"', shown.text)
    assert found is not None
    file = await visitor.get(found[1])
    assert file.content == PDF[1]
    assert file.headers["content-type"].startswith("application/pdf")
    assert "2026-03-07" in (await visitor.get(f"{HOME}/{row_id}")).text
    paper = found[1].rsplit("/", 1)[-1]
    taken = await visitor.post(f"{page}/papers/{paper}/withdraw", {"reason": "报告作废"}, page=page)
    assert taken.status_code == 303
    after = await visitor.get(page)
    assert "撤下：报告作废" in after.text
    assert "自 2026-03-07 起" not in after.text


async def test_wrong_days_and_files_come_back_all_at_once_with_what_was_typed(site: Site, world: World) -> None:
    row_id = await made(world)
    visitor = await site.signed_in(world, world.university)
    page = f"{HOME}/{row_id}/stage"
    wrong = {"criterion-feasible": "2026-02-30", "criterion-benefit": "2999-03-20", "reason": ""}
    answer = await visitor.post(page, wrong)
    assert answer.status_code == 422
    for name in ("criterion-feasible", "criterion-benefit", "reason"):
        assert f'href="#f-{name}"' in answer.text, name
    assert 'value="2999-03-20"' in answer.text
    program = ("评估报告.pdf", b"MZ\x90\x00\x03\x00\x00\x00", "application/pdf")
    status, text = await uploaded(visitor, page, program, kind="")
    assert status == 422
    assert "Windows 程序" in text
    assert 'href="#f-kind"' in text
    assert (await uploaded(visitor, page, kind="photo"))[0] == 422
    assert (await uploaded(visitor, page))[0] == 303
    assert (await uploaded(visitor, page))[0] == 409, "the same bytes twice are one paper"


async def test_the_start_of_research_by_form(site: Site, world: World) -> None:
    row_id = await made(world)
    visitor = await site.signed_in(world, world.university)
    page = f"{HOME}/{row_id}/stage"
    form = {"funding": "fiscal", "start-project_approved": "2025-03-03", "chosen": "2025-01-15"}
    refused = await visitor.post(f"{page}/start", form, page=page)
    assert refused.status_code == 422
    assert "应说明理由" in refused.text
    assert "第九条(四)1" in refused.text
    done = await visitor.post(f"{page}/start", {**form, "chosen_reason": "先行执行"}, page=page)
    assert done.status_code == 303
    assert "先行执行" in (await visitor.get(page)).text
    assert "2025-01-15" in (await visitor.get(f"{HOME}/{row_id}")).text


async def test_who_may_not_write_reads_and_who_is_elsewhere_finds_nothing(site: Site, world: World) -> None:
    row_id = await made(world)
    page = f"{HOME}/{row_id}/stage"
    anonymous = await site.anonymous().get(page)
    assert anonymous.status_code == 303
    assert anonymous.headers["location"].startswith("/sign-in")
    completer = await site.signed_in(world, world.university, "completer")
    seen = await completer.get(page)
    assert seen.status_code == 200
    assert 'method="post"' not in seen.text.split("<main")[-1]
    key = await completer.form_key(HOME)
    assert (await completer.post(page, {}, key=key)).status_code == 403
    assert (await completer.get(f"{HOME}/{row_id}/papers/{new_id()}")).status_code == 403
    elsewhere = await site.signed_in(world, world.institute)
    other, unknown_id = await elsewhere.get(page), new_id()
    unknown = await elsewhere.get(f"{HOME}/{unknown_id}/stage")
    assert (other.status_code, unknown.status_code) == (404, 404)

    def body(text: str, own: UUID, request_id: str) -> str:
        text = re.sub(r'name="form_key" value="[^"]+"', "", text).replace(str(own), "ID")
        return text.replace(request_id, "R") if request_id else text

    assert body(other.text, row_id, other.headers.get("x-request-id", "")) == body(
        unknown.text, unknown_id, unknown.headers.get("x-request-id", "")
    )
    assert (await elsewhere.get(f"{HOME}/{row_id}/papers/{new_id()}")).status_code == 404


async def test_nothing_of_a_quarantined_achievement_is_shown_or_fetched(site: Site, world: World) -> None:
    row_id = await made(world)
    visitor = await site.signed_in(world, world.university)
    page = f"{HOME}/{row_id}/stage"
    assert (await uploaded(visitor, page))[0] == 303
    found = re.search(rf"{HOME}/{row_id}/papers/[0-9a-f-]+", (await visitor.get(page)).text)
    assert found is not None
    await visitor.post(f"{HOME}/{row_id}/moves/quarantine", {"reason": "疑似"})
    assert (await visitor.get(page)).status_code == 404
    assert (await visitor.get(found[0])).status_code == 404
