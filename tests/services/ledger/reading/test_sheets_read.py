"""Headers, blocks, rows that are no record, duplicates, corrections, other file formats, going on after a stop."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import msgspec
import pytest
import xlwt

from services.ledger.reading.columns import field_of_header, unit_of
from services.ledger.reading.layout import Corrections, LedgerError
from services.ledger.reading.reader import LedgerReader, Position
from services.ledger.reading.records import Record
from services.ledger.reading.summary import count
from shared.documents.workbook import CellValue, read_workbook
from shared.documents.workbook_writing import WrittenSheet, write_workbook
from tests.services.ledger.reading.samples import (
    FOUR_STATES,
    HEADER,
    HEADER_CELLS,
    KNOWN,
    NAME,
    THREE_STATES,
    codes,
    known_file,
    read_rows,
    row,
    workbook,
)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("*成果名称", "name"), ("成果完成人(团队)", "completers"), ("发明人（设计人）", "completers"),
        ("授权号/登记号", "number"), ("批准文号/专利号", "number"), ("受让（被许可）方", "counterparty"),
        ("评估价值或转化金额（万元）", "value"), ("合同金额（元）", "value"), ("转化金额万元", "value"),
        ("成果类型（已授权/未授权及类别）", "type"), ("已授权/未授权", "grant"), ("是否转化", "status"),
        ("所属系（所）", "department"), ("取得时间（申请日/确认日）", "obtained"), ("天气", None),
    ],
)  # fmt: skip
def test_a_header_is_known_by_many_names(header: str, field: str | None) -> None:
    assert field_of_header(header) == field


def test_the_unit_is_read_from_header_or_unit_line() -> None:
    assert [unit_of(text) for text in ("转化价值(万元)", "合同金额（元）", "金额单位：万元", "金额（亿元）", "转化价值")] == [
        "万元", "元", "万元", "亿元", None,
    ]  # fmt: skip


def test_a_workbook_without_a_ledger_is_refused_in_words() -> None:
    with pytest.raises(LedgerError) as refused:
        LedgerReader(workbook(["甲", "乙"], header=["天气", "温度"]), FOUR_STATES)
    assert refused.value.code == "ledger_no_known_header"
    assert "“成果名称”和以下至少两列：完成人、成果类型" in refused.value.message
    assert "没有一个列名认得出" in refused.value.message


def test_a_header_that_is_not_enough_is_told_with_what_was_found_in_it() -> None:
    with pytest.raises(LedgerError) as refused:
        LedgerReader(workbook(["甲", "转让", "机密内容"], header=["发明人", "转化方式", "绝密栏目"]), FOUR_STATES)
    assert "第 1 张工作表第 1 行，认出“完成人”“转化方式”，没有“成果名称”" in refused.value.message
    # The sentence is kept in the audit log: nothing of the file stands in it.
    assert not [cell for cell in ("甲", "绝密", "机密", "发明人") if cell in refused.value.message]


def test_a_ledger_on_a_hidden_sheet_is_told_so() -> None:
    sheet = WrittenSheet("台账", [(1, ["成果名称", "完成人", "转化状态"]), (2, ["甲", "乙", "未转化"])], state="hidden")
    other = WrittenSheet("封面", [(1, ["2025 年"])])
    with pytest.raises(LedgerError) as refused:
        LedgerReader(read_workbook(write_workbook([other, sheet]), "台账.xlsx"), FOUR_STATES)
    assert "（第 2 张）是隐藏的" in refused.value.message


def test_an_unknown_unit_is_one_question_for_the_column() -> None:
    header = [text.replace("（万元）", "") for text in HEADER]
    rows = [row(f"成果{letter}", value=5.0) for letter in "甲乙丙"]
    answer = count(LedgerReader(workbook(*rows, header=header), FOUR_STATES))
    assert answer["column_questions"] == [
        {
            "sheet": "台账",
            "column": "I",
            "field": "转化价值",
            "reason": "amount_unit_unknown",
            "rows": 3,
            "options": ["元", "万元"],
        }
    ]
    settled = read_rows(*rows, header=header, corrections=Corrections(units={"台账": "万元"}))
    assert [record.value for record in settled] == [Decimal("50000.00")] * 3
    assert not any(record.issues for record in settled)


def test_a_person_can_correct_what_a_column_means() -> None:
    header = [*HEADER[:-1], "情况"]
    (record,) = read_rows(row("甲成果", remark="说明文字"), header=header)
    assert (record.remark, record.more) == (None, {"情况": "说明文字"})
    (record,) = read_rows(
        row("甲成果", remark="说明文字"), header=header, corrections=Corrections(columns={"台账": {"K": "remark"}})
    )
    assert (record.remark, record.more) == ("说明文字", {})


def test_a_hidden_ledger_is_read_only_when_asked_for() -> None:
    data = write_workbook(
        [
            WrittenSheet("台账", [(1, HEADER), (2, row("甲成果"))]),
            WrittenSheet("旧表", [(1, HEADER), (2, row("乙成果"))], state="hidden"),
        ]
    )
    book = read_workbook(data, "x.xlsx")
    assert [record.name for record in LedgerReader(book, FOUR_STATES).records()] == ["甲成果"]
    asked = LedgerReader(book, FOUR_STATES, corrections=Corrections(sheets=frozenset({"旧表"})))
    assert [record.name for record in asked.records()] == ["甲成果", "乙成果"]


def test_rows_that_are_no_achievement() -> None:
    width = len(HEADER)

    def lone(text: str, place: int = 1) -> list[CellValue]:
        cells: list[CellValue] = [""] * width
        cells[place] = text
        return cells

    total: list[CellValue] = ["合 计", *[""] * 7, 500.0, "", ""]
    book = workbook(
        row("甲成果"), lone("（一）第二批"), row("乙成果"), lone(""), lone("注：以上未评估", 0), list(HEADER),
        row("丙成果"), total, lone("填表人：某某", 0),
    )  # fmt: skip
    reader = LedgerReader(book, FOUR_STATES)
    assert [record.row for record in reader.records()] == [2, 4, 8]
    assert [(other.row, other.kind) for other in reader.non_data_rows] == [
        (3, "section_heading"), (5, "blank"), (6, "note"), (7, "repeated_header"), (9, "total"), (10, "footer"),
    ]  # fmt: skip


@pytest.mark.requirement("R071")
def test_a_merged_block_is_one_achievement_with_several_conversions() -> None:
    first = row("甲成果", status="已转化", method="许可", value=5.0, remark="第1次许可")
    second: list[CellValue] = ["", "", "", "", "", "", "", "普通许可", "35万", "", "第2次许可"]
    (record,) = read_rows(first, second, merges=[(2, 1, 3, 1)])
    assert (record.rows, record.frequency, record.value, record.remark) == ((2, 3), 2, Decimal("400000.00"), None)
    assert [(one.method, one.amount) for one in record.conversions] == [
        ("许可", Decimal("50000.00")),
        ("许可", Decimal("350000.00")),
    ]
    assert record.disposition == "valid"


def test_an_amount_merged_over_two_achievements_asks_for_both() -> None:
    rows = [
        row("甲成果", status="已转化", method="转让", value=5.0),
        row("乙成果", status="已转化", method="转让", value=""),
    ]
    records = read_rows(*rows, merges=[(2, 9, 3, 9)])
    assert all("amount_merged_over_records" in codes(record) for record in records)


def test_a_cell_merged_over_achievements_counts_for_each() -> None:
    rows = [row("甲成果", type="技术秘密"), row("乙成果", type=""), row("丙成果", type="")]
    records = read_rows(*rows, merges=[(2, 3, 4, 3)])
    assert [record.type for record in records] == ["非专利技术"] * 3


@pytest.mark.requirement("R063")
def test_the_same_name_again_needs_a_person() -> None:
    first, second, third = read_rows(row("高效 催化剂"), row("高效催化剂"), row("高效催化剂V2.0"))
    assert first.disposition == "valid"
    assert [(issue.code, issue.of and issue.of.row, issue.kind) for issue in second.issues] == [
        ("duplicate", 2, "same_name_same_number")
    ]
    assert third.disposition == "valid"


def test_kinds_of_duplicates() -> None:
    patent = {"type": "发明专利", "number": "ZL202217936306.7"}
    converted = {**patent, "status": "已转化", "method": "许可"}
    records = read_rows(
        row("甲成果", **converted, value=5.0),
        row("甲成果", **converted, value=7.0),
        row("乙成果", **patent),
        row("甲成果", type="发明专利", number="ZL202317953528.4"),
    )
    assert [record.issues[-1].kind if record.issues else None for record in records] == [
        None,
        "repeated_conversion",
        "same_number_other_name",
        "same_name_other_number",
    ]


def test_nothing_is_a_duplicate_of_a_refused_row() -> None:
    refused, again = read_rows(row("甲成果", value=-1.0), row("甲成果"))
    assert (refused.disposition, again.disposition) == ("refused", "valid")


def test_one_row_may_be_wrong_in_several_ways() -> None:
    (record,) = read_rows(row("甲成果", team="同上", status="已转化", stage="中试", type="论文"))
    assert set(codes(record)) == {
        "team_ditto", "stage_unknown", "type_unknown", "method_missing_for_converted", "amount_missing_for_converted",
    }  # fmt: skip


def test_the_date_binds_only_where_the_region_asks_for_it() -> None:
    header = ["成果名称", "完成人", "成果类型", "取得时间", "转化状态"]
    cells: list[CellValue] = ["甲成果", "张三、李四", "专有技术", "2023-02-30", "未转化"]
    (binding,) = read_rows(cells, header=header, profile=THREE_STATES)
    (free,) = read_rows(cells, header=header)
    assert (binding.disposition, codes(binding)) == ("refused", ["date_impossible"])
    assert (free.disposition, codes(free), free.obtained) == ("valid", ["date_unreadable_raw_kept"], None)


def test_a_date_after_the_day_of_reporting_asks() -> None:
    header = ["成果名称", "完成人", "成果类型", "取得时间", "转化状态"]
    cells: list[CellValue] = ["甲成果", "张三、李四", "专有技术", date(2026, 1, 16), "未转化"]
    for day, expected in ((date(2026, 1, 15), ["date_in_future"]), (date(2026, 1, 16), [])):
        (record,) = read_rows(cells, header=header, profile=THREE_STATES, corrections=Corrections(report_date=day))
        assert codes(record) == expected


def csv_of(*rows: list[CellValue]) -> bytes:
    return "\r\n".join(",".join(f'"{cell}"' for cell in cells) for cells in [HEADER_CELLS, *rows]).encode("gb18030")


def test_csv_reads_like_a_sheet() -> None:
    data = csv_of(row("甲成果", value="30万", date="2024.5.6"), row("乙成果", value="约5", date="2024.5.6"))
    first, second = LedgerReader(read_workbook(data, "台账.csv"), FOUR_STATES).records()
    assert (first.name, first.value, first.obtained) == ("甲成果", Decimal("300000.00"), "2024-05-06")
    assert codes(second) == ["amount_approximate"]
    # Reading it twice gives the same.
    book = read_workbook(data, "台账.csv")
    reader = LedgerReader(book, FOUR_STATES)
    assert len(list(reader.records())) == len(list(LedgerReader(book, FOUR_STATES).records())) == 2


def test_the_old_xls_format_reads_too() -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("台账")
    for number, cells in enumerate([HEADER_CELLS, row("甲成果", value=3.0, date="2024.5.6")]):
        for column, cell in enumerate(cells):
            sheet.write(number, column, cell)
    buffer = io.BytesIO()
    book.save(buffer)
    (record,) = LedgerReader(read_workbook(buffer.getvalue(), "台账.xls"), FOUR_STATES).records()
    assert (record.name, record.value, record.disposition) == ("甲成果", Decimal("30000.00"), "valid")


def test_a_record_survives_its_staging_row() -> None:
    for record in LedgerReader(read_workbook(known_file("yunnan_university"), "x"), FOUR_STATES).records():
        again = msgspec.json.decode(msgspec.json.encode(record), type=Record)
        assert msgspec.json.encode(again) == msgspec.json.encode(record)
        assert (again.value, again.issues) == (record.value, record.issues)


@pytest.mark.parametrize("name", sorted(KNOWN))
@pytest.mark.parametrize("stop", [1, 60, 100])
def test_reading_goes_on_after_a_stop_as_if_there_had_been_none(name: str, stop: int) -> None:
    book = read_workbook(known_file(name), name)
    whole = list(LedgerReader(book, KNOWN[name]).records())
    done = whole[:stop]
    index = book.sheet(done[-1].sheet).index
    resumed = LedgerReader(book, KNOWN[name])
    resumed.duplicate_index.restore(done)
    rest = list(resumed.records(after=Position(index, done[-1].rows[-1])))
    assert done + rest == whole


def test_the_name_column_decides_what_is_a_row() -> None:
    (record,) = read_rows(row(""))
    assert (record.disposition, codes(record)) == ("refused", ["name_missing"])
    assert record.raw[0][NAME] == ""
