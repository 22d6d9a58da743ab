"""Uploads that are no workbook, and workbooks that mean harm: each is refused in words, in bounded memory."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime

import pytest
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.documents.workbook import CellValue, column_letter, read_workbook
from shared.documents.workbook_limits import Limits, WorkbookError, WorkbookFault
from shared.documents.workbook_writing import GrowingWorkbook, Style, Styled, WrittenRow, WrittenSheet, write_workbook
from shared.documents.workbook_xml import column_number

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def plain(*rows: list[CellValue]) -> bytes:
    return write_workbook([WrittenSheet("表", list(enumerate(rows, start=1)))])


def changed(data: bytes, name: str, change: dict[bytes, bytes]) -> bytes:
    """The same package with one part changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            part = old.read(entry)
            if entry == name:
                for before, after in change.items():
                    assert before in part
                    part = part.replace(before, after)
            new.writestr(entry, part)
    return buffer.getvalue()


def fault_of(data: bytes, limits: Limits | None = None, name: str = "上传.xlsx") -> WorkbookFault:
    with pytest.raises(WorkbookError) as refused:
        read_workbook(data, name, limits or Limits())
    assert refused.value.code == refused.value.fault.value
    assert refused.value.message
    assert refused.value.status == 422
    return refused.value.fault


@pytest.mark.parametrize("data", [b"", b"\r\n  ", b"\x00" * 100])
def test_an_empty_file(data: bytes) -> None:
    assert fault_of(data) is WorkbookFault.EMPTY


def test_a_workbook_without_a_single_cell() -> None:
    assert fault_of(plain()) is WorkbookFault.EMPTY


def test_an_encrypted_workbook() -> None:
    assert fault_of(OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le")) is WorkbookFault.ENCRYPTED


def test_a_damaged_archive() -> None:
    assert fault_of(plain(["甲"])[:-200]) is WorkbookFault.DAMAGED
    assert fault_of(b"PK\x03\x04" + bytes(300)) is WorkbookFault.DAMAGED


def test_a_file_above_the_size_limit() -> None:
    assert fault_of(plain(["甲"]), Limits(bytes=100)) is WorkbookFault.TOO_LARGE


def test_a_zip_bomb_is_stopped_while_it_unpacks() -> None:
    bomb = changed(plain(["甲"]), "xl/worksheets/sheet1.xml", {b"<sheetData>": b"<sheetData>" + b" " * 60_000_000})
    assert len(bomb) < 200_000
    assert fault_of(bomb) is WorkbookFault.ZIP_BOMB


def test_a_bomb_in_a_part_beside_the_sheets() -> None:
    buffer = io.BytesIO(plain(["甲"]))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b"<sst>" + b" " * 60_000_000 + b"</sst>")
    assert fault_of(buffer.getvalue()) is WorkbookFault.ZIP_BOMB


def test_a_size_stated_too_small_is_not_believed() -> None:
    bomb = changed(plain(["甲"]), "xl/worksheets/sheet1.xml", {b"<sheetData>": b"<sheetData>" + b" " * 60_000_000})
    # The central directory states the unpacked size; here it lies.
    place = bomb.rindex(b"PK\x01\x02", 0, bomb.rindex(b"xl/worksheets/sheet1.xml"))
    lying = bomb[: place + 24] + (100).to_bytes(4, "little") + bomb[place + 28 :]
    assert fault_of(lying) in (WorkbookFault.ZIP_BOMB, WorkbookFault.DAMAGED)


def test_one_cell_in_the_last_corner_would_take_all_memory() -> None:
    far = changed(plain(["甲", "乙"]), "xl/worksheets/sheet1.xml", {b'r="B1"': b'r="XFD1048576"'})
    assert fault_of(far) is WorkbookFault.TOO_MANY_CELLS


def test_a_declared_entity_is_refused() -> None:
    data = changed(
        plain(["甲"]),
        "xl/worksheets/sheet1.xml",
        {b"<worksheet": b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet'},
    )
    assert fault_of(data) is WorkbookFault.DAMAGED


def test_two_parts_of_one_name_are_refused() -> None:
    buffer = io.BytesIO(plain(["甲"]))
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    assert fault_of(buffer.getvalue()) is WorkbookFault.DAMAGED


def test_too_many_sheets() -> None:
    data = write_workbook(WrittenSheet(f"表{number}", [(1, ["甲"])]) for number in range(4))
    assert fault_of(data, Limits(sheets=3)) is WorkbookFault.TOO_MANY_SHEETS


def test_a_csv_cell_that_no_workbook_can_hold() -> None:
    assert fault_of(b"a,b\r\n" + b"x" * 32_768 + b",1\r\n", name="a.csv") is WorkbookFault.CELL_TOO_LONG


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_in_the_encodings_of_excel_and_wps(encoding: str, delimiter: str) -> None:
    text = "\r\n".join(delimiter.join(cells) for cells in (["名称", "人"], ["龙𬭎", '"甲\n乙"'], ["丙"]))
    sheet = read_workbook(text.encode(encoding), "台账.csv").sheets[0]
    assert list(sheet.rows()) == [["名称", "人"], ["龙𬭎", "甲\n乙"], ["丙", ""]]


def test_an_xls_is_read() -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("表")
    sheet.write(2, 1, "甲")
    sheet.write(2, 2, 1.5)
    buffer = io.BytesIO()
    book.save(buffer)
    read = read_workbook(buffer.getvalue(), "台账.xls")
    assert (read.kind, read.sheets[0].first_column, list(read.sheets[0].rows())[2]) == ("xls", 2, ["甲", 1.5])


def test_rows_count_from_one_and_columns_from_the_first_filled() -> None:
    data = write_workbook([WrittenSheet("表", [(5, ["甲", "乙"])], first_column=3)])
    sheet = read_workbook(data, "x").sheets[0]
    assert (sheet.first_column, sheet.last_row, sheet.last_column) == (3, 5, 4)
    assert list(sheet.rows())[4] == ["甲", "乙"]


SHEET = "xl/worksheets/sheet1.xml"


def test_marks_of_formulas_errors_and_hidden_rows() -> None:
    data = changed(
        plain(["甲", 1.0, 2.0, 3.0], ["乙"]),
        SHEET,
        {
            b'<c r="B1"><v>1.0</v></c>': b'<c r="B1"><f>1+0</f><v>1</v></c>',
            b'<c r="C1"><v>2.0</v></c>': b'<c r="C1"><f>A9</f></c>',
            b'<c r="D1"><v>3.0</v></c>': b'<c r="D1" t="e"><v>#VALUE!</v></c>',
            b'<row r="2">': b'<row r="2" hidden="1">',
            b"<sheetData>": b'<cols><col min="2" max="3" hidden="1"/></cols><sheetData>',
        },
    )
    sheet = read_workbook(data, "x").sheets[0]
    assert sheet.marks.formulas == {(1, 2)}
    assert sheet.marks.formulas_without_value == {(1, 3)}
    assert sheet.marks.errors == {(1, 4)}
    assert sheet.marks.hidden_rows == {2}
    assert [sheet.marks.column_hidden(column) for column in (1, 2, 3, 4)] == [False, True, True, False]


def test_unusual_writers_are_understood() -> None:
    """Prefixed names and cells without an address of their own."""
    change = {b"<": b"<x:", b"<x:/": b"</x:", b"<x:?": b"<?", b"worksheet xmlns=": b"worksheet xmlns:x="}
    address = {b'<x:c r="B1">': b"<x:c><x:f>1</x:f>"}
    prefixed = changed(plain(["甲", 1.0]), SHEET, change | address)
    marks = read_workbook(prefixed, "x").sheets[0].marks
    assert (marks.formulas, marks.last_cell) == ({(1, 2)}, (1, 2))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(
            st.one_of(
                st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20),
                st.floats(allow_nan=False, allow_infinity=False),
                st.booleans(),
                st.dates(min_value=date(1901, 1, 1)),
            ),
            min_size=1,
            max_size=4,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_is_written_is_read_back(rows: list[list[CellValue]]) -> None:
    rows = [["x", *row] for row in rows]
    read = list(read_workbook(plain(*rows), "x").sheets[0].rows())
    for written, found in zip(rows, read, strict=True):
        for cell, back in zip(written, [*found, *[""] * 9], strict=False):
            # calamine drops blanks-only cells; XML has one line end.
            expected = "" if isinstance(cell, str) and not cell.strip() else cell
            if isinstance(expected, str):
                assert isinstance(back, str)
                assert back.strip() == expected.strip()
            else:
                assert back == expected


def test_text_is_never_a_formula_and_exports_say_so() -> None:
    cells: list[CellValue] = ["=1+1", "+86 871", "-80℃", "@某小程序", "-", "普通", -5.0]
    literal = read_workbook(plain(cells), "x").sheets[0]
    assert next(literal.rows()) == cells
    assert not literal.marks.formulas
    exported = write_workbook([WrittenSheet("表", [(1, cells)], neutralise=True)])
    assert next(read_workbook(exported, "x").sheets[0].rows()) == [
        "'=1+1",
        "'+86 871",
        "'-80℃",
        "'@某小程序",
        "-",
        "普通",
        -5.0,
    ]


def test_the_same_rows_give_the_same_bytes() -> None:
    rows: list[CellValue] = ["甲", 1.0, date(2024, 2, 29), datetime(2024, 2, 29, 8, 30)]  # noqa: DTZ001 (a cell has no zone)
    assert plain(rows) == plain(rows)
    assert next(read_workbook(plain(rows), "x").sheets[0].rows()) == rows


def test_rows_that_come_in_portions_make_the_same_sheet() -> None:
    rows: list[WrittenRow] = [(number, ["甲" * number, float(number), None, "<&>"]) for number in range(1, 9)]

    def sheet(first: list[WrittenRow]) -> WrittenSheet:
        return WrittenSheet("表", first, widths=[10, 20], frozen_rows=2, frozen_columns=1, merges=[(1, 1, 1, 2)])

    whole = write_workbook([sheet(rows)])
    growing = GrowingWorkbook(sheet(rows[:2]))
    growing.add(rows[2:5])
    growing.add([])
    growing.add(iter(rows[5:]))
    parts = zipfile.ZipFile(io.BytesIO(growing.finish()))
    expected = zipfile.ZipFile(io.BytesIO(whole))
    assert {name: parts.read(name) for name in parts.namelist()} == {
        name: expected.read(name) for name in expected.namelist()
    }
    assert b'<pane xSplit="1" ySplit="2" topLeftCell="B3" state="frozen"/>' in parts.read("xl/worksheets/sheet1.xml")


def test_sheet_names_that_excel_refuses_are_made_good() -> None:
    data = write_workbook(WrittenSheet(name, [(1, ["甲"])]) for name in ("a/b", "A/B", "长" * 40, '<&"'))
    assert [sheet.name for sheet in read_workbook(data, "x").sheets] == ["a_b", "A_B_2", "长" * 31, '<&"']


def test_a_styled_cell_keeps_its_value() -> None:
    data = write_workbook([WrittenSheet("表", [(1, [Styled("标题", Style.HEADER), Styled(1234.5, Style.MONEY)])])])
    assert next(read_workbook(data, "x").sheets[0].rows()) == ["标题", 1234.5]


@given(st.integers(min_value=1, max_value=16_384))
def test_columns_have_letters(column: int) -> None:
    assert column_number(column_letter(column)) == column
