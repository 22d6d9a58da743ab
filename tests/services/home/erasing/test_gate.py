"""After a classified answer nothing of what came with it is anywhere: pages, a cell of an import, a machine."""

import pytest

from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tests.services.home.erasing.test_wiping import kept, objects, saying, stored
from tests.services.ledger.disclosure.test_disclosure_api import account, ask
from tests.services.ledger.disclosure.test_pages import FORM, NEW, begun
from tests.services.ledger.importing.arranging import HEAD, checked, workbook
from tests.tenants.test_idempotency import API
from tests.web import Site
from tests.world import World

__all__ = ["account", "objects"]
CANARY = "绛紫九号金丝雀"


@pytest.mark.requirement("R213")
async def test_a_classified_answer_keeps_nothing_of_what_was_sent_with_it(
    site: Site,
    world: World,
    objects: ObjectStore,
    configuration: Settings,
    account: dict[str, object],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    for answer in ("yes", "suspected"):
        sent = {**FORM, "name": CANARY, "team": CANARY, "remark": CANARY, "classified": answer, "key_technology": "no"}
        page = await researcher.post(NEW, sent)
        assert page.status_code == 422
        assert "没有保存任何内容" in page.text
        assert CANARY not in page.text
        machine = await ask(site, "POST", "/api/disclosures", {**API, "name": CANARY, "classified": answer})
        assert machine.status_code >= 400
        assert CANARY not in machine.text
    edit = await begun(researcher)
    key = await researcher.form_key(edit)
    form = {**FORM, "name": CANARY, "team": f"{CANARY} 1/1"}
    await researcher.client.post(edit.replace("/edit", "/draft"), params={"form_key": key}, data=form)
    assert saying(await stored(configuration), CANARY), "the test finds what is kept"
    assert (await researcher.post(edit.replace("/edit", "/wipe"), page=edit)).status_code == 303
    rows = [
        ["普通工艺", "甘棠", "非专利技术", "", "未转化", "", "", "公开"],
        [CANARY, "伍文", "非专利技术", "", "未转化", "", "", "机密"],
    ]
    from shared.documents.uploads import Upload

    upload = Upload("台账.xlsx", workbook(rows, (*HEAD, "密级"), title="截至2025年12月31日"))
    await checked(world, world.university, objects, upload)
    said = capfd.readouterr()
    assert saying(await stored(configuration), CANARY) == []
    files = kept(objects, world.university)
    assert "普通工艺" in files, "the copy is there, without the row"
    assert CANARY not in files
    assert CANARY not in said.out + said.err + caplog.text
