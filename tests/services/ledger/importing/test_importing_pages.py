"""The import pages as a clerk's browser sees them: upload to ledger, bad files, other tenants, forms sent twice."""

import io
import json
import re
import zipfile
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from python_calamine import CalamineWorkbook

from services.ledger.importing import workflow
from services.ledger.importing.models import ledger_import
from shared.documents.uploads import Upload
from shared.storage.objects import ObjectStore
from tests.services.ledger.importing.arranging import (
    AS_OF,
    DATA,
    SAMPLE,
    checked,
    counted,
    ledger,
    plain_rows,
    read_through,
    sample,
    workbook,
)
from tests.web import Site, Visitor
from tests.world import World

HOME = "/institution/imports"
EXPECTED = json.loads((DATA / "yunnan_university.expected.json").read_text("utf-8"))
_STORED = "select (select count(*) from app.ledger_import where tenant_id = :t)"


async def upload(visitor: Visitor, content: bytes, name: str = "台账.xlsx") -> httpx.Response:
    return await visitor.upload(HOME, {"file": (name, content, "application/octet-stream")})


def text_of(answer: httpx.Response) -> str:
    """The page's words, without marks and word joiners."""
    return re.sub(r"<[^>]+>|\u2060", "", answer.text)


async def test_the_sample_goes_from_upload_to_the_ledger(world: World, site: Site, objects: ObjectStore) -> None:
    clerk = await site.signed_in(world, world.university)
    answer = await upload(clerk, SAMPLE.read_bytes(), SAMPLE.name)
    assert answer.status_code == 303
    address = answer.headers["location"]
    import_id = UUID(address.rsplit("/", 1)[1])

    waiting = await clerk.get(address)
    assert "等待核对" in waiting.text
    assert 'hx-trigger="every 2s"' in waiting.text
    assert 'http-equiv="refresh"' in waiting.text
    await read_through(world, world.university, objects, import_id)
    progress = await clerk.get(f"{address}/progress")
    assert progress.headers["hx-redirect"] == address

    check = await clerk.get(address)
    words = text_of(check)
    for told in ("可以导入353项", "待人工确认60项", "退回6项", "共 419 项"):
        assert told in words.replace("\n", "")
    assert 'value="2025-12-31"' in check.text
    answer = await clerk.post(f"{address}/confirm", {"as_of": "2025-12-31"}, page=address)
    assert answer.status_code == 303
    async with world.working(world.university) as tx:
        await workflow.apply(tx, import_id)
    done = text_of(await clerk.get(address))
    assert "已登记 353 项，台账序号 1 至 353；自 2025-12-31 起有效" in done
    listed = text_of(await clerk.get(HOME))
    assert SAMPLE.name in listed
    assert "已导入" in listed


async def test_rows_that_are_not_imported_are_listed_and_given_back(
    world: World, site: Site, objects: ObjectStore
) -> None:
    import_id = await checked(world, world.university, objects, sample())
    clerk = await site.signed_in(world, world.university)
    first = await clerk.get(f"{HOME}/{import_id}/rows", kind="question")
    assert first.text.count('data-label="原表位置"') == 50
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert following is not None
    second = await clerk.get(following[1].replace("&amp;", "&"))
    assert second.text.count('data-label="原表位置"') == 10
    refused = await clerk.get(f"{HOME}/{import_id}/rows", kind="refused")
    assert refused.text.count("未保存</span>") == len(EXPECTED["classified_rows"]) == 2

    file = await clerk.get(f"{HOME}/{import_id}/returned")
    with CalamineWorkbook.from_filelike(io.BytesIO(file.content)) as book:
        rows = [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()[1:]]
        heads = {book.get_sheet_by_name(name).to_python()[0][-1] for name in book.sheet_names}
    assert heads == {"错误原因"}
    assert sum(bool(row[-1]) for row in rows) == 66
    secret = [row for row in rows if "密" in str(row[-1]) and not any(row[:-2])]
    assert len(secret) == 2


async def test_rows_that_the_ledger_has_come_back_with_their_cells(
    world: World, site: Site, objects: ObjectStore
) -> None:
    clerk = await site.signed_in(world, world.university)
    for count in (2, 3):
        import_id = await checked(world, world.university, objects, ledger(count))
        async with world.acting(world.university) as tx:
            await workflow.confirm(tx, import_id, AS_OF)
        async with world.working(world.university) as tx:
            await workflow.apply(tx, import_id)
    page = text_of(await clerk.get(f"{HOME}/{import_id}/rows"))
    assert "台账中已有同名成果，内容一致" in page
    assert "台账编号 CS-0001" in page
    file = await clerk.get(f"{HOME}/{import_id}/returned")
    with CalamineWorkbook.from_filelike(io.BytesIO(file.content)) as book:
        rows = book.get_sheet_by_name("台账").to_python()
    assert [row[0] for row in rows[1:]] == ["第1号示例工艺", "第2号示例工艺"]


async def test_the_check_page_asks_for_a_missing_as_of_day(world: World, site: Site, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, ledger(2, title=""))
    clerk = await site.signed_in(world, world.university)
    address = f"{HOME}/{import_id}"
    assert "文件没有写明截止日期" in text_of(await clerk.get(address))
    for value in ("", "三月"):
        answer = await clerk.post(f"{address}/confirm", {"as_of": value}, page=address)
        assert answer.status_code == 422
        assert "台账截止日期请按 2026-03-16 的格式填写" in text_of(answer)
    answer = await clerk.post(f"{address}/confirm", {"as_of": "2031-01-01"}, page=address)
    assert answer.status_code == 422
    assert "晚于今天" in text_of(answer)


async def test_the_same_form_twice_is_one_confirmation(world: World, site: Site, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, ledger(2))
    clerk = await site.signed_in(world, world.university)
    address = f"{HOME}/{import_id}"
    key = await clerk.form_key(address)
    first = await clerk.post(f"{address}/confirm", {"as_of": "2025-12-31"}, key=key)
    again = await clerk.post(f"{address}/confirm", {"as_of": "2025-12-31"}, key=key)
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.headers["location"] == again.headers["location"]
    other = await clerk.post(f"{address}/confirm", {"as_of": "2025-12-31"}, page=address)
    assert other.status_code == 409
    assert "正在导入" in text_of(other)


async def test_the_same_file_again_says_so_and_leads_to_the_first(world: World, site: Site) -> None:
    clerk = await site.signed_in(world, world.university)
    content = workbook(plain_rows(2))
    first = await upload(clerk, content)
    again = await upload(clerk, content, "另一个名字.xlsx")
    assert again.status_code == 409
    assert "没有重复导入" in text_of(again)
    assert f'href="{first.headers["location"]}"' in again.text
    assert await counted(world, _STORED, t=world.university) == 1


async def test_an_import_can_be_cancelled(world: World, site: Site, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, ledger(2))
    clerk = await site.signed_in(world, world.university)
    answer = await clerk.post(f"{HOME}/{import_id}/cancel", page=f"{HOME}/{import_id}")
    assert answer.status_code == 303
    assert "没有导入任何一行" in text_of(await clerk.get(f"{HOME}/{import_id}"))


async def test_the_template_can_be_imported_back(world: World, site: Site) -> None:
    clerk = await site.signed_in(world, world.university)
    answer = await clerk.get(f"{HOME}/template")
    assert answer.status_code == 200
    assert (await upload(clerk, answer.content, "台账模板.xlsx")).status_code == 303


def _bomb() -> bytes:
    """A workbook whose one sheet unpacks to 500 MB."""
    buffer, honest = io.BytesIO(), workbook(plain_rows(1))
    with zipfile.ZipFile(io.BytesIO(honest)) as parts, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in parts.namelist():
            if not name.startswith("xl/worksheets/"):
                archive.writestr(name, parts.read(name))
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(500):
                part.write(b" " * 2**20)
    return buffer.getvalue()


_ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600
_TEXT = "成果名称,完成人,转化状态\r\n某成果,甘棠,未转化\r\n".encode()
BAD = {
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, ("不是 Excel 工作簿", "PNG 图片")),
    "a program": (b"MZ\x90\0" + b"\0" * 200, ("不是 Excel 工作簿", "Windows 程序")),
    "a PDF": (b"%PDF-1.7 some pages", ("不是 Excel 工作簿", "PDF 文件", "另存为 .xlsx")),
    "a web page": (b"<html><table><tr><td>x</td></tr></table>", ("不是 Excel 工作簿", "网页（HTML）", "另存为 .xlsx")),
    "text": (_TEXT, ("不是 Excel 工作簿", "文件名虽以 .xlsx 结尾", "纯文本", "改为 .csv")),
    "a program renamed": (b"MZ\x90\x00" + b"\0" * 60, ("文件名虽以 .xlsx 结尾", "Windows 程序", "请选择填有台账")),
    "encrypted": (_ENCRYPTED, ("已加密", "取消密码")),
    "damaged": (b"PK\x03\x04" + b"\1" * 100, ("已损坏", "另存为")),
    "no known header": (
        workbook([["甲", 1], ["乙", 2]], ("姓名", "工资")),
        ("“成果名称”和以下至少两列", "没有一个列名认得出", "下载模板对照"),
    ),
    "half a header": (
        workbook([["甲", "转让"]], ("完成人", "转化方式")),
        ("第 1 行，认出“完成人”“转化方式”，没有“成果名称”",),
    ),
    "empty": (b"", ("请选择要导入的台账文件",)),
    "blank": (b"  \n", ("请选择填有数据的台账文件",)),
}


def _objects_of(objects: ObjectStore, tenant: UUID) -> list[str]:
    listed = objects._client.list_objects_v2(Bucket=objects._bucket, Prefix=str(tenant))
    return [one["Key"] for one in listed.get("Contents", [])]


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_file_is_told_in_chinese_and_nothing_is_stored(
    world: World, site: Site, objects: ObjectStore, name: str
) -> None:
    content, told = BAD[name]
    clerk = await site.signed_in(world, world.university)
    answer = await upload(clerk, content, "台账.xlsx")
    assert answer.status_code == 422
    words = text_of(answer)
    assert [part for part in told if part not in words] == []
    assert await counted(world, _STORED, t=world.university) == 0
    assert _objects_of(objects, world.university) == []


async def test_a_csv_under_its_own_name_goes_on(world: World, site: Site, objects: ObjectStore) -> None:
    clerk = await site.signed_in(world, world.university)
    answer = await upload(clerk, _TEXT, "台账.csv")
    assert answer.status_code == 303
    assert len(_objects_of(objects, world.university)) == 1


async def test_a_zip_bomb_is_refused_with_its_limit(world: World, site: Site, objects: ObjectStore) -> None:
    clerk = await site.signed_in(world, world.university)
    answer = await upload(clerk, _bomb())
    assert answer.status_code == 422
    assert re.search(r"解压后的内容异常庞大（超过 [^）]+）", text_of(answer))
    assert await counted(world, _STORED, t=world.university) == 0
    assert _objects_of(objects, world.university) == []


async def test_a_file_over_the_limit_is_413(world: World, site: Site) -> None:
    clerk = await site.signed_in(world, world.university)
    answer = await upload(clerk, b"P" * (51 * 2**20))
    assert answer.status_code == 413
    assert "拆分或压缩" in text_of(answer)
    assert await counted(world, _STORED, t=world.university) == 0


async def test_a_form_that_is_no_upload_is_told_so(world: World, site: Site) -> None:
    clerk = await site.signed_in(world, world.university)
    key = await clerk.form_key(HOME)
    answer = await clerk.client.post(
        HOME, params={"form_key": key}, content=b"x", headers={"content-type": "text/plain"}
    )
    assert answer.status_code == 400
    assert "请重新选择文件上传" in text_of(answer)


async def test_a_formula_as_name_waits_for_a_person_and_is_shown_as_text(
    world: World, site: Site, objects: ObjectStore
) -> None:
    rows: list[list[Any]] = plain_rows(1)
    rows.append(['=HYPERLINK("http://example.invalid","点我")', "甘棠", "非专利技术", "", "未转化", "", ""])
    clerk = await site.signed_in(world, world.university)
    address = (await upload(clerk, workbook(rows))).headers["location"]
    await read_through(world, world.university, objects, UUID(address.rsplit("/", 1)[1]))
    page = await clerk.get(f"{address}/rows")
    assert "名称是一段公式文字" in text_of(page)
    assert "=HYPERLINK(&#34;http://example.invalid" in page.text
    file = await clerk.get(f"{address}/returned")
    with CalamineWorkbook.from_filelike(io.BytesIO(file.content)) as book:
        assert book.get_sheet_by_name("台账").to_python()[1][0] == f"'{rows[1][0]}"


async def test_very_many_wrong_rows_make_one_page(world: World, site: Site, objects: ObjectStore) -> None:
    rows = [[f"第{n}号工艺", "甘棠", "非专利技术", "", "待定" if n % 2 else "", "", ""] for n in range(20_000)]
    import_id = await checked_in_large_chunks(world, objects, workbook(rows))
    clerk = await site.signed_in(world, world.university)
    page = await clerk.get(f"{HOME}/{import_id}")
    assert len(page.content) < 60_000
    assert "另有 9,988 处" in text_of(page)
    assert "没有可以导入的行" in text_of(page)


async def checked_in_large_chunks(world: World, objects: ObjectStore, content: bytes) -> UUID:
    async with world.acting(world.university) as tx:
        import_id = await workflow.receive(tx, objects, Upload("台账.xlsx", content))
    assert isinstance(import_id, UUID)
    await read_through(world, world.university, objects, import_id, size=5_000)
    return import_id


async def test_nobody_sees_another_tenants_import(world: World, site: Site, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, ledger(2))
    other = await site.signed_in(world, world.institute)
    for tail in ("", "/progress", "/rows", "/returned"):
        theirs, unknown = await other.get(f"{HOME}/{import_id}{tail}"), await other.get(f"{HOME}/{uuid4()}{tail}")
        assert theirs.status_code == unknown.status_code == 404
    for verb in ("confirm", "cancel"):
        answer = await other.post(f"{HOME}/{import_id}/{verb}", {"as_of": "2025-12-31"}, page=HOME)
        assert answer.status_code == 404
    async with world.acting(world.university) as tx:
        row = await tx.row(ledger_import.select().where(ledger_import.c.id == import_id))
    assert row is not None
    assert row.state == "checked"


async def test_who_may_not_import_is_turned_away(world: World, site: Site) -> None:
    answer = await site.anonymous().get(HOME)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")
    researcher = await site.signed_in(world, world.university, "completer")
    assert (await researcher.get(HOME)).status_code == 403
