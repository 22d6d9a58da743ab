"""Ledgers unlike the samples: other words, other orders, other files, other notes around them; each with its known answer."""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal

import pytest
import xlwt

from services.ledger.reading.columns import field_of_header
from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.reader import LedgerReader
from shared.documents.workbook import CellValue, Merge, read_workbook
from shared.documents.workbook_writing import WrittenSheet, write_workbook
from tests.services.ledger.reading.samples import FOUR_STATES, THREE_STATES, codes

HEAD = ["成果名称", "完成人", "成果类型", "授权号", "转化状态", "转化方式", "转化价值（万元）"]
Lines = Sequence[Sequence[CellValue]]


def plain(name: str, *rest: CellValue) -> list[CellValue]:
    return [name, "张三", "非专利技术", "", *(rest or ("未转化", "", ""))]


def book(*sheets: tuple[str, Lines, Sequence[Merge]]) -> bytes:
    return write_workbook(
        [WrittenSheet(name, [(n, list(row)) for n, row in enumerate(rows, 1)], merges=m) for name, rows, m in sheets]
    )


class Read(LedgerReader):
    """A ledger with the records found in it."""

    def __init__(self, data: bytes, name: str, profile: LedgerProfile) -> None:
        super().__init__(read_workbook(data, name), profile)
        self.found = list(self.records())


def read(data: bytes, name: str = "台账.xlsx", profile: LedgerProfile = FOUR_STATES) -> Read:
    return Read(data, name, profile)


def told(reader: Read) -> list[tuple[int, str | None, str | None, Decimal | None]]:
    return [(one.row, one.name, one.status, one.value) for one in reader.found]


def others(reader: Read) -> list[tuple[int, str]]:
    return [(one.row, one.kind) for one in reader.non_data_rows]


def test_other_words_in_another_order_with_title_unit_and_day() -> None:
    reader = read(
        book((
            "Sheet1",
            [
                ["云岭师范学院职务科技成果登记台账"],
                ["填报单位：科研处", "", "", "", "截至2025年6月30日", "", "单位：万元"],
                ["转化金额", "备注", "职务成果名称", "第一完成人", "全部完成人", "知识产权号", "成果所属类型", "转化现状",
                 "转化方式（许可/转让/作价）", "所在二级学院"],
                [12.5, "", "甲方法", "张三", "张三、李四", "ZL202217936306.7", "发明专利", "完成转化", "普通许可", "化学学院"],
                ["", "", "乙工艺", "王五", "王五；赵六", "", "技术秘密", "尚未转化", "", "化学学院"],
                ["合计", "", "2项"],
                ["制表：张三", "", "", "", "审核：李四"],
            ],
            [],
        ))
    )  # fmt: skip
    assert told(reader) == [(4, "甲方法", "已转化", Decimal("125000.00")), (5, "乙工艺", "未转化", None)]
    first, second = reader.found
    assert (first.completers, first.type, first.number, first.method, first.department) == (
        ("张三", "李四"), "专利权", "202217936306.7", "许可", "化学学院",
    )  # fmt: skip
    assert (second.completers, second.type, second.disposition) == (("王五", "赵六"), "非专利技术", "valid")
    assert others(reader) == [(6, "total"), (7, "footer")]
    assert (reader.layout.organisation, str(reader.layout.as_of)) == ("云岭师范学院", "2025-06-30")


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("全部完成人", "completers"), ("发明人姓名", "completers"), ("完成人及排序", "completers"),
        ("职务科技成果名称", "name"), ("专利中文名称", "name"), ("知识产权种类", "type"), ("专利证书编号", "number"),
        ("授权年月", "obtained"), ("专利申请日", "obtained"), ("技术转让合同金额", "value"), ("成交总价款（元）", "value"),
        ("资产评估价（万元）", "assessed"), ("实际转化方式", "method"), ("承接单位名称", "counterparty"),
        ("是否涉及国家秘密", "secrecy"), ("涉密等级", "secrecy"), ("定密情况", "secrecy"),
        ("转化类型说明", None), ("受让方联系人", None), ("专利年费", None), ("不涉密", None), ("到账金额", None),
    ],
)  # fmt: skip
def test_headings_are_known_by_how_they_are_built(header: str, field: str | None) -> None:
    assert field_of_header(header) == field


def test_a_narrower_column_gives_way_wherever_it_stands() -> None:
    head = ["成果名称", "第一完成人", "完成人", "成果类型", "申请号", "专利号", "转化状态"]
    row = ["甲", "张三", "张三、李四", "发明", "202217936306.7", "ZL202317953528.4", "未转化"]
    (record,) = read(book(("台账", [head, row], []))).found
    assert (record.completers, record.number) == (("张三", "李四"), "202317953528.4")


def test_cells_merged_down_count_for_every_row() -> None:
    rows: Lines = [
        ["序号", "成果名称", "成果类型", "完成人", "转化状态"],
        [1, "甲", "非专利技术", "张三、李四", "未转化"], [2, "乙", "", "", "未转化"], [3, "丙", "", "", "意向"],
        ["小计", "", "", "", ""],
    ]  # fmt: skip
    reader = read(book(("台账", rows, [(2, 3, 4, 3), (2, 4, 4, 4)])))
    assert [(one.name, one.completers, one.type) for one in reader.found] == [
        (name, ("张三", "李四"), "非专利技术") for name in "甲乙丙"
    ]
    assert others(reader) == [(5, "subtotal")]


def test_two_rows_of_header_with_groups_and_a_column_merged_over_them() -> None:
    rows: Lines = [
        ["学院", "成果信息", "", "", "转化信息", "", ""],
        ["", "名称", "完成人", "类型", "状态", "方式", "金额（万元）"],
        ["化学学院", "甲", "张三", "非专利技术", "未转化", "", ""],
        ["", "乙", "李四", "非专利技术", "已转化", "许可", "50"],
    ]
    reader = read(book(("台账", rows, [(1, 1, 2, 1), (1, 2, 1, 4), (1, 5, 1, 7), (3, 1, 4, 1)])))
    assert told(reader) == [(3, "甲", "未转化", None), (4, "乙", "已转化", Decimal("500000.00"))]
    assert [one.department for one in reader.found] == ["化学学院"] * 2


def test_a_row_of_units_and_one_of_column_numbers_below_the_header_are_no_data() -> None:
    rows: Lines = [
        ["某某大学台账"],
        [text.replace("（万元）", "") for text in HEAD],
        ["", "", "", "", "", "", "（万元）"],
        [1, 2, 3, 4, 5, 6, 7],
        plain("甲", "已转化", "许可", "50"),
    ]
    reader = read(book(("台账", rows, [(1, 1, 1, 7)])))
    assert told(reader) == [(5, "甲", "已转化", Decimal("500000.00"))]
    assert others(reader) == [(4, "repeated_header")]


def test_a_first_row_that_says_a_heading_s_word_is_still_a_row() -> None:
    rows: Lines = [HEAD, plain("甲", "已转化", "其他", "5"), plain("专利名称"), plain("说明")]
    reader = read(book(("台账", rows, [])))
    assert [one.name for one in reader.found] == ["甲", "专利名称", "说明"]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (["总计：1项"], "total"), (["合计（万元）", "", "", "", "", "", 5], "total"), (["共计3项"], "total"),
        (["填表人 张三", "", "审核人 李四"], "footer"), (["填报人（签字）：", "", "", "", "日期："], "footer"),
        (["联系人及电话：张三 13800000000"], "footer"), (["单位公章"], "footer"), (["2025年12月31日"], "footer"),
        (["第1页，共2页"], "footer"), (["科研处制"], "footer"), (["注1：以上金额含税"], "note"), (["以下空白"], "note"),
        (["一、化学学院"], "section_heading"), (["（二）2024年"], "section_heading"), (HEAD, "repeated_header"),
    ],
)  # fmt: skip
def test_what_stands_around_the_rows_is_no_achievement(line: list[CellValue], kind: str) -> None:
    reader = read(book(("台账", [HEAD, plain("甲"), line, plain("乙")], [])))
    assert [one.name for one in reader.found] == ["甲", "乙"]
    assert others(reader) == [(3, kind)]


def test_a_ledger_that_does_not_begin_in_the_corner() -> None:
    rows: Lines = [[], ["", "", *HEAD], [], ["", "", *plain("甲", "已转化", "转让", 5.0)]]
    reader = read(book(("台账", rows, [])))
    assert told(reader) == [(4, "甲", "已转化", Decimal("50000.00"))]


def test_sheets_that_are_no_ledger_are_left_alone() -> None:
    reader = read(
        book(
            ("封面", [["某某大学"], ["二〇二五年"]], []),
            ("目录", [["序号", "名称"], [1, "台账"]], []),
            ("台账（2025）", [HEAD, plain("甲")], []),
            ("人员名单", [["姓名", "学院", "电话"], ["张三", "化学", "123"]], []),
            ("专利年费", [["专利名称", "专利号", "年费", "缴费日期"], ["甲", "ZL202217936306.7", 900, "2025-1-1"]], []),
        )
    )
    assert [sheet.name for sheet in reader.layout.sheets if sheet.role == "ledger"] == ["台账（2025）"]


@pytest.mark.parametrize(
    ("cell", "yuan"),
    [
        ("50万整", "500000.00"), ("50 万 元", "500000.00"), ("伍拾万元整", "500000.00"), ("500000元（人民币）", "500000.00"),
        ("人民币500000元", "500000.00"), ("0.5亿", "50000000.00"), ("五十万元", "500000.00"), ("1,200.5", "12005000.00"),
        ("５０", "500000.00"), (0.30000000000000004, "3000.00"),
    ],
)  # fmt: skip
def test_amounts_in_other_spellings(cell: CellValue, yuan: str) -> None:
    reader = read(book(("台账", [HEAD, plain("甲", "已转化", "转让", cell)], [])))
    assert told(reader) == [(2, "甲", "已转化", Decimal(yuan))]
    assert reader.found[0].disposition == "valid"


@pytest.mark.parametrize("cell", ["50w", "50万左右", "50（含税）", "USD 5", "1,2", "80-100", "50万+提成"])
def test_amounts_that_nobody_may_guess(cell: str) -> None:
    reader = read(book(("台账", [HEAD, plain("甲", "已转化", "转让", cell)], [])))
    assert reader.found[0].disposition == "human"


_CSV = (
    "成果名称{0}完成人{0}成果类型{0}转化状态{0}转化方式{0}转化金额（元）\r\n"
    "甲{0}张三、李四{0}非专利技术{0}已转化{0}许可{0}500000\r\n"
)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_text_files_of_every_kind(separator: str, encoding: str) -> None:
    title = "某某大学台账\r\n"
    reader = read((title + _CSV.format(separator)).encode(encoding), "台账.csv")
    assert told(reader) == [(3, "甲", "已转化", Decimal("500000.00"))]


def test_text_files_with_quotes_line_breaks_and_notes() -> None:
    text = (
        '"成果名称";"完成人";"成果类型";"转化状态"\n"甲;乙\n及装置";"张三\n李四";"非专利技术";"未转化"\n'
        "合计：1项\n填表人：张三;;审核人：李四\n"
    )
    reader = read(text.encode("gbk"), "台账.csv")
    assert [(one.name, one.completers) for one in reader.found] == [("甲;乙及装置", ("张三", "李四"))]
    assert [kind for _, kind in others(reader)] == ["total", "footer"]


def test_an_old_workbook_with_merges_reads_like_a_new_one() -> None:
    rows: Lines = [
        ["某某大学台账", "", "", "", "", "", "截至2025年12月31日"],
        ["成果信息", "", "", "", "转化", "", ""],
        ["名称", "完成人", "类型", "权利号", "状态", "方式", "金额(万元)"],
        plain("甲", "已转化", "许可", 5),
        ["", "", "", "", "", "许可", 6],
        plain("乙"),
    ]
    merges = [(1, 1, 1, 6), (2, 1, 2, 4), (2, 5, 2, 7), (4, 1, 5, 1)]
    old = xlwt.Workbook()
    sheet = old.add_sheet("台账")
    for top, left, bottom, right in merges:
        sheet.write_merge(top - 1, bottom - 1, left - 1, right - 1, rows[top - 1][left - 1])
    covered = {(r, c) for t, le, b, ri in merges for r in range(t, b + 1) for c in range(le, ri + 1)}
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row, 1):
            if cell != "" and (number, column) not in covered:
                sheet.write(number - 1, column - 1, cell)
    buffer = io.BytesIO()
    old.save(buffer)
    reader, new = read(buffer.getvalue(), "台账.xls"), read(book(("台账", rows, merges)))
    assert told(reader) == told(new) == [(4, "甲", "已转化", Decimal("110000.00")), (6, "乙", "未转化", None)]
    assert reader.found[0].frequency == 2


def test_the_three_state_province_with_its_own_words() -> None:
    rows: Lines = [
        ["单位：某研究院", "", "", "", "填报日期：2026年1月15日"],
        ["序号", "科技成果名称", "成果完成人", "是否已授权", "知识产权种类", "专利（登记）号", "获权日期", "转化进展", "转化方式",
         "合同金额（元）"],
        [1, "甲", "张三", "是", "发明", "ZL202217936306.7", "2022-12-01", "已转化", "技术转让", "500,000.00"],
        [2, "乙", "张三", "否", "专利申请", "202317953528.4", "2023.1", "意向", "", ""],
        [3, "丙", "张三", "否", "技术秘密", "", "2023年5月", "正在转化", "", ""],
        [4, "丁", "张三", "是", "软著", "2023SR1234567", "2023-02-30", "未转化", "", ""],
        [5, "戊", "张三", "否", "专有技术", "", 2023.1, "未转化", "", ""],
    ]  # fmt: skip
    reader = read(book(("台账", rows, [])), profile=THREE_STATES)
    assert [(one.type, one.disposition) for one in reader.found] == [
        ("已授权/专利权", "valid"), ("未授权/专利申请权", "valid"), ("已授权/技术秘密", "refused"),
        ("已授权/计算机软件著作权", "refused"), ("未授权/专有技术", "human"),
    ]  # fmt: skip
    assert codes(reader.found[4]) == ["date_ambiguous"]
    assert reader.layout.organisation == "某研究院"


@pytest.mark.parametrize(
    ("heads", "cells"),
    [
        (["密级", "是否涉密"], ["公开", "是"]),
        (["是否涉及国家秘密"], ["是"]),
        (["涉密等级"], ["机密"]),
        (["密 级", "定密情况"], ["", "秘密★5年"]),
    ],
)
def test_whatever_column_says_it_the_row_is_kept_out(heads: list[str], cells: list[str]) -> None:
    rows: Lines = [
        [*HEAD, *heads],
        [*plain("甲成果名称"), *cells],
        [*plain("乙成果名称"), *["否" if "是否" in h else "公开" for h in heads]],
    ]
    reader = read(book(("台账", rows, [])))
    assert [(one.name, one.disposition) for one in reader.found] == [
        (None, "refused"),
        ("乙成果名称", "valid"),
    ]
