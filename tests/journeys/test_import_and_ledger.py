"""A clerk's morning: the to-do list, the ledger brought in, found again in every way, taken out again."""

import json
import re
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect
from python_calamine import CalamineWorkbook

from tests.journeys.walking import CLOCK_WAIT, Enter, Walk

DATA = Path(__file__).resolve().parents[1] / "data"
EXPECTED = json.loads((DATA / "yunnan_university.expected.json").read_text("utf-8"))
IMPORTS = "/institution/imports"


async def upload(walk: Walk, name: str, content: bytes, *, status: int = 200) -> None:
    await walk.page.goto(IMPORTS)
    await walk.page.locator("[name=file]").set_input_files({"name": name, "mimeType": "", "buffer": content})
    await walk.press("上传并核对", status=status)


async def test_a_clerk_imports_the_universitys_ledger_and_finds_it(enter: Enter, tmp_path: Path) -> None:
    walk = await enter("dianchi-clerk")
    await walk.look("workbench")
    await walk.sees("待办")
    await walk.open(IMPORTS, "imports")
    sample = await walk.download("下载样例台账", tmp_path)
    assert sample.read_bytes() == (DATA / "yunnan_university.xlsx").read_bytes()
    await upload(walk, "本单位台账.xlsx", sample.read_bytes())
    await expect(walk.page.get_by_role("heading", name="确认导入")).to_be_visible(timeout=CLOCK_WAIT)
    await walk.look("import-checked")
    await walk.sees("可以导入353", "待人工确认60", "退回6")
    returned = await walk.download("下载未导入的行", tmp_path)
    assert "错误原因" in "".join(str(cell) for sheet in sheets(returned.read_bytes()) for row in sheet for cell in row)
    await walk.press("导入 353 项")
    await expect(walk.page.locator("main")).to_contain_text("已登记 353 项", timeout=CLOCK_WAIT)
    await walk.look("import-applied")
    await walk.press("待人工确认", "import-questions")
    await walk.open("/institution/ledger", "ledger")
    await walk.open("/institution/", "workbench-after-import")
    await walk.sees("353", "60")


def sheets(content: bytes) -> list[list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(BytesIO(content))
    return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]


async def names(walk: Walk) -> list[str]:
    return await walk.page.locator("td.name a").all_inner_texts()


async def test_the_ledger_is_filtered_sorted_searched_and_turned_over(enter: Enter) -> None:
    walk = await enter("dianchi-clerk")
    await walk.open("/institution/ledger", "ledger-first")
    first = await names(walk)
    assert len(first) == 20
    await walk.page.get_by_role("link", name="下一页").click()
    await expect(walk.page.locator("td.name a").first).not_to_have_text(first[0])
    second = await names(walk)
    assert not set(first) & set(second)
    await walk.page.get_by_role("link", name="上一页").click()
    await expect(walk.page.locator("td.name a").first).to_have_text(first[0])
    await walk.page.get_by_role("link", name=re.compile("^转化价值")).click()
    await expect(walk.page.locator("th[aria-sort=ascending], th[aria-sort=descending]")).to_contain_text("转化价值")
    await walk.open("/institution/ledger")
    await walk.page.locator("#f-status").select_option("converted")
    await walk.page.locator("#q").fill("装置")
    await walk.press("查询", "ledger-found")
    found = await names(walk)
    assert found
    assert all("装置" in name for name in found)
    await expect(walk.page.locator("tbody .badge").first).to_have_text("已转化")
    await walk.open("/institution/ledger?q=没有这样的成果", "ledger-empty")
    await walk.sees("没有符合条件的成果")


async def test_an_address_with_a_filter_that_there_is_not_says_what_it_passed_over(enter: Enter) -> None:
    walk = await enter("dianchi-clerk")
    await walk.open("/institution/ledger?type=gift&status=converted&sort=price&after=three", "ledger-passed-over")
    await walk.sees("地址中有不能采用的条件", "成果类型：没有这个代码", "排序：没有这种排序")
    await expect(walk.page.locator("tbody .badge").first).to_have_text("已转化")


async def test_one_achievement_has_its_history_and_its_past_days(enter: Enter) -> None:
    walk = await enter("dianchi-clerk")
    await walk.page.goto("/institution/ledger?as_of=2025-12-31")
    await walk.look("ledger-as-of")
    await walk.sees("正在查看历史时点：2025-12-31")
    await walk.page.goto("/institution/ledger")
    await walk.page.locator("td.name a").first.click()
    await walk.page.wait_for_url(re.compile("/ledger/[0-9a-f-]{36}"))
    await walk.look("achievement")
    await walk.sees("版本", "办理记录", "第九条")
    here = walk.page.url.partition("?")[0]
    await walk.press("更正", "achievement-correct")
    await walk.fill(reason="核对权利证书后更正")
    await walk.page.locator("[name=remark]").fill("已核对原件")
    await walk.press("保存为新版本", exact=False)
    await walk.sees("已核对原件")
    await walk.look("achievement-corrected")
    await walk.page.goto(f"{here}?as_of=2026-03-15")
    await expect(walk.page.locator("main")).not_to_contain_text("备注已核对原件")


async def test_what_is_filtered_is_what_is_exported(enter: Enter, tmp_path: Path) -> None:
    walk = await enter("fuxian-clerk")
    await walk.page.goto("/institution/ledger?status=converted")
    await walk.press("导出当前筛选")
    link = walk.page.get_by_role("link", name=re.compile("^下载 "))
    await expect(link).to_be_visible(timeout=CLOCK_WAIT)
    await walk.look("ledger-export")
    said = await walk.page.locator("main").inner_text()
    number = int(re.search(r"共 ([\d,]+) 项", said)[1].replace(",", ""))  # type: ignore[index]
    got = await walk.download(await link.inner_text(), tmp_path)
    rows = [[str(cell) for cell in row] for row in max(sheets(got.read_bytes()), key=len)]
    head = next(position for position, row in enumerate(rows) if "成果名称" in row)
    body = [row for row in rows[head + 1 :] if any(row)]
    assert len(body) == number
    status = next(position for position, cell in enumerate(rows[head]) if "转化状态" in cell)
    assert {row[status] for row in body} == {"已转化"}


ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)


def bomb() -> bytes:
    """A workbook of a few hundred kilobytes that unpacks to 450 MB."""
    buffer = BytesIO()
    with (
        zipfile.ZipFile(DATA / "yunnan_university.xlsx") as parts,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in parts.namelist():
            archive.writestr(name, parts.read(name))
        with archive.open("xl/media/image9.xml", "w", force_zip64=True) as part:
            for _ in range(450):
                part.write(bytes(2**20))
    return buffer.getvalue()


REFUSED: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "pdf": ("台账.xlsx", lambda: b"%PDF-1.7 not a workbook", "看起来是 PDF 文件"),
    "text": ("台账.xlsx", lambda: "成果名称,完成人\n".encode(), "看起来是纯文本"),
    "no-header": ("值班表.csv", lambda: "姓名,日期\n".encode(), "没有找到台账的表头"),
    "encrypted": ("台账.xlsx", lambda: ENCRYPTED, "文件已加密（设有打开密码）"),
    "bomb": ("台账.xlsx", bomb, "解压后的内容异常庞大（超过 "),
    "empty": ("空.xlsx", lambda: b"", "请选择要导入的台账文件"),
}


@pytest.mark.parametrize("kind", REFUSED)
async def test_a_file_that_is_no_ledger_is_refused_with_words(enter: Enter, kind: str) -> None:
    name, content, words = REFUSED[kind]
    walk = await enter("gaoligong-clerk")
    await walk.page.goto(IMPORTS)
    await walk.page.locator("[name=file]").set_input_files({"name": name, "mimeType": "", "buffer": content()})
    with walk.expecting(422):
        await walk.page.get_by_role("button", name="上传并核对").click()
        await expect(walk.page.locator("[role=alert]").first).to_contain_text(words, timeout=CLOCK_WAIT)
        await walk.look(f"import-refused-{kind}")
    await expect(walk.page.get_by_role("heading", level=1)).to_be_visible()
    await walk.page.goto(IMPORTS)
    assert await walk.page.locator("main table a", has_text=name).count() == 0


async def test_five_wrong_fields_are_all_named_and_every_value_is_kept(enter: Enter) -> None:
    walk = await enter("dianchi-clerk")
    await walk.page.goto("/institution/ledger")
    await walk.page.locator("td.name a").first.click()
    await walk.press("更正")
    wrong = {
        "name": "",
        "value": "一百万",
        "obtained_on": "",
        "team": "甲 50%\n乙 60%",
        "college": "部" * 80,
        "reason": "",
        "since": "",
    }
    for field, value in wrong.items():
        await walk.page.locator(f"main [name={field}]").evaluate("(e) => e.removeAttribute('maxlength')")
        await walk.page.locator(f"main [name={field}]").fill(value)
    await walk.page.locator("main [name=technical_field]").evaluate("(e) => { e.value = '域'.repeat(6000) }")
    await walk.press("保存为新版本", status=422, exact=False)
    await walk.look("five-wrong-fields")
    listed = await walk.page.locator("[role=alert] li").all_inner_texts()
    assert len(listed) >= 5, listed
    assert await walk.page.locator("[name=value]").input_value() == "一百万"
    assert await walk.page.locator("[name=team]").input_value() == "甲 50%\n乙 60%"
    # Every line of the summary leads to its field.
    for link in await walk.page.locator("[role=alert] li a").all():
        target = await link.get_attribute("href")
        assert target
        assert await walk.page.locator(target).count() == 1
