"""Classified rows leave no trace: not in the records, not in what is kept, not in what goes back."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ledger.reading.copies import CopyNote, note_of, refused_rows, reopen, values_only
from services.ledger.reading.layout import Corrections
from services.ledger.reading.reader import LedgerReader
from services.ledger.reading.returned import returned_rows
from services.ledger.reading.secrecy import level_of, says_secret
from services.ledger.reading.summary import Tally, summarise, truth_line
from shared.documents.workbook import CellValue, Workbook, read_workbook
from shared.documents.workbook_writing import WrittenSheet, write_workbook
from tests.services.ledger.reading.samples import (
    FOUR_STATES,
    HEADER,
    HEADER_CELLS,
    KNOWN,
    SECRECY,
    known_file,
    row,
    workbook,
)


def every_byte(data: bytes) -> Iterator[bytes]:
    """An xlsx as it lies on the disk, and every part of it unpacked."""
    yield data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            yield name.encode()
            yield archive.read(name)


def outputs(book: Workbook) -> list[bytes]:
    """Everything that reading a workbook gives to anybody."""
    reader = LedgerReader(book, FOUR_STATES)
    tally = Tally()
    records = list(reader.records())
    for record in records:
        tally.add(record)
    copy = values_only(book, reader.secrets, refused_rows(records))
    returned = returned_rows(reader.layout, (record for record in records if record.disposition != "valid"))
    told = json.dumps([summarise(reader, tally), *map(truth_line, records)], ensure_ascii=False).encode()
    note = note_of(book, reader.secrets).encode()
    return [told, note, msgspec.json.encode(records), *every_byte(copy), *every_byte(returned)]


@pytest.mark.parametrize(
    ("name", "secrets"),
    [
        ("yunnan_university", ["红外窗口组件封接", "某特种焊料熔炼"]),
        ("jilin_institute", ["某波段镀膜工艺", "探测器制冷组件装调"]),
    ],
)
def test_the_kept_copy_has_no_byte_of_a_classified_row(name: str, secrets: list[str]) -> None:
    data = known_file(name)
    book = read_workbook(data, f"{name}.xlsx")
    reader = LedgerReader(book, KNOWN[name])
    copy = values_only(book, reader.secrets)
    for secret in secrets:
        assert any(secret.encode() in piece for piece in every_byte(data)), "the original has it"
        assert not any(secret.encode() in piece for piece in every_byte(copy))
        assert not any(secret.encode() in piece for piece in outputs_of_known(name))


def outputs_of_known(name: str) -> list[bytes]:
    book = read_workbook(known_file(name), f"{name}.xlsx")
    return outputs(book)


def test_the_copy_keeps_sheets_row_numbers_and_nothing_but_values() -> None:
    book = read_workbook(known_file("yunnan_university"), "台账.xlsx")
    reader = LedgerReader(book, FOUR_STATES)
    copy = read_workbook(values_only(book, reader.secrets), "台账.xlsx")
    assert [(sheet.name, sheet.state) for sheet in copy.sheets] == [(sheet.name, sheet.state) for sheet in book.sheets]
    metallurgy = book.sheet("冶金与能源工程学院")
    kept = list(copy.sheet("冶金与能源工程学院").rows())
    for number, cells in enumerate(metallurgy.rows(), start=1):
        assert kept[number - 1] == (cells if number not in (8, 20) else [""] * len(cells))
    assert not any(sheet.marks.formulas for sheet in copy.sheets)
    with zipfile.ZipFile(io.BytesIO(values_only(book, reader.secrets))) as archive:
        assert not [name for name in archive.namelist() if "comment" in name or "sharedStrings" in name]


def test_refused_rows_are_empty_in_the_copy_on_request() -> None:
    book = workbook(row("好成果"), row("负数成果", value=-5.0))
    reader = LedgerReader(book, FOUR_STATES)
    refused = refused_rows(reader.records())
    assert refused == {"台账": {3}}
    kept = list(read_workbook(values_only(book, reader.secrets, refused), "x").sheets[0].rows())
    assert kept[1][0] == "好成果"
    assert "负数成果" not in str(kept)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_the_copy_reads_like_the_original(name: str) -> None:
    book = read_workbook(known_file(name), f"{name}.xlsx")
    original = LedgerReader(book, KNOWN[name])
    note = CopyNote.decode(note_of(book, original.secrets).encode())
    again = LedgerReader(reopen(values_only(book, original.secrets), note), KNOWN[name], secrets=note.secrets)
    assert list(again.records()) == list(original.records())
    assert again.non_data_rows == original.non_data_rows
    assert again.workbook.sha256 == original.workbook.sha256


SECRET_LEVELS = ["秘密", "机密", "绝密", "秘密★5年", "机密 ★ 10年", "绝密级", "秘密（3年）", "国家秘密", "涉密"]


@pytest.mark.parametrize("level", SECRET_LEVELS)
def test_a_written_grade_is_classified(level: str) -> None:
    assert level_of(level) == "classified"


@pytest.mark.parametrize("level", ["公开", "非密", "不涉密", "/", "", "无", "非涉密", " 公开　"])
def test_an_open_row_stays(level: str) -> None:
    assert level_of(level) == "open"


def test_internal_and_unknown_levels_ask() -> None:
    assert level_of("内部") == "internal"
    assert level_of("商业秘密") == "internal"
    assert level_of("待定") == "unknown"
    assert level_of("是", asks=True) == "classified"
    assert level_of("否", asks=True) == "open"


@pytest.mark.parametrize(
    "text",
    [
        "含技术秘密，交底书另存",
        "合同保密",
        "不涉密",
        "无涉密内容，已做保密审查",
        "已通过涉密审查",
        "一种量子保密通信方法",
        "涉及商业秘密",
        "未涉及国家秘密",
    ],
)
def test_words_that_are_no_mark(text: str) -> None:
    assert says_secret(text) is None


@pytest.mark.parametrize(
    "text", ["该成果涉密", "涉及国家秘密，另行报送", "属于国家秘密", "密级：秘密", "某工艺（机密）"]
)
def test_a_remark_that_says_the_row_is_secret(text: str) -> None:
    assert says_secret(text) == "suspected_classified"


def test_a_suspected_row_is_refused_and_told_apart() -> None:
    book = workbook(row("甲成果", remark="该成果涉密，勿外传"), row("乙成果", remark="不涉密"))
    reader = LedgerReader(book, FOUR_STATES)
    first, second = reader.records()
    assert (first.row, first.name, [issue.code for issue in first.issues]) == (2, None, ["suspected_classified"])
    assert second.disposition == "valid"


def test_a_classified_row_takes_its_block_and_its_repetitions_with_it() -> None:
    rows: list[list[CellValue]] = [
        row("某型密封组件的装配工艺", status="已转化", method="许可", value=5.0, secrecy="秘密"),
        ["", "", "", "", "", "", "", "许可", 7.0, "", "第2次许可"],
        row("某型密封 组件的装配工艺"),
        row("普通成果"),
    ]
    book = workbook(*rows, merges=[(2, 1, 3, 1), (2, 10, 3, 10)])
    reader = LedgerReader(book, FOUR_STATES)
    block, repeated, plain = reader.records()
    assert (block.rows, block.secret) == ((2, 3), True)
    assert (repeated.row, [issue.code for issue in repeated.issues]) == (4, ["suspected_classified"])
    assert plain.name == "普通成果"
    assert not any("装配工艺".encode() in piece for piece in outputs(book))


def test_a_column_that_a_person_named_is_searched_below_the_repeated_header_too() -> None:
    head = [*HEADER[:SECRECY], "管控等次", "备注"]
    book = workbook(row("甲法"), list(head), row("某型减振支座", secrecy="秘密（3年）"), row("丙法"), header=head)
    said = Corrections(columns={"台账": {"J": "secrecy"}})
    found = {one.row: one.secret for one in LedgerReader(book, FOUR_STATES, corrections=said).records()}
    assert found == {2: False, 4: True, 5: False}


def test_hidden_sheets_are_searched_too() -> None:
    rows = [(1, HEADER_CELLS), (2, row("公开成果"))]
    hidden = [(1, HEADER_CELLS), (2, row("深藏的某型成果", secrecy="机密"))]
    data = write_workbook([WrittenSheet("台账", rows), WrittenSheet("旧表", hidden, state="veryHidden")])
    book = read_workbook(data, "x.xlsx")
    reader = LedgerReader(book, FOUR_STATES)
    assert [record.name for record in reader.records()] == ["公开成果"]
    assert list(reader.secrets.of_sheet(1)) == [2]
    assert not any("深藏的某型成果".encode() in piece for piece in outputs(book))


def test_a_list_of_grades_to_choose_from_is_no_row() -> None:
    options: list[tuple[int, list[CellValue]]] = [
        (number, [level]) for number, level in enumerate(["密级", "公开", "内部", "秘密", "机密"], 1)
    ]
    data = write_workbook(
        [WrittenSheet("台账", [(1, HEADER), (2, row("公开成果"))]), WrittenSheet("选项", options, state="hidden")]
    )
    assert not LedgerReader(read_workbook(data, "x.xlsx"), FOUR_STATES).secrets


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from([*SECRET_LEVELS, "公开", "内部", "", "无"]), min_size=1, max_size=8),
    st.lists(st.sampled_from(["", "该成果涉密", "不涉密", "备注"]), min_size=8, max_size=8),
)
def test_no_output_ever_holds_a_secret_row(levels: list[str], remarks: list[str]) -> None:
    rows, secret_names = [], []
    for number, (level, remark) in enumerate(zip(levels, remarks, strict=False)):
        name = f"成果{'甲乙丙丁戊己庚辛'[number]}的独特名称"
        rows.append(row(name, secrecy=level, remark=remark, team=f"某人{'甲乙丙丁戊己庚辛'[number]}"))
        if level in SECRET_LEVELS or remark == "该成果涉密":
            secret_names.append(name)
    pieces = outputs(workbook(*rows))
    for name in secret_names:
        assert not any(name.encode() in piece for piece in pieces)
