"""The returned rows, the template, and the command that only looks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner

from services.ledger.import_command import import_ledger
from services.ledger.reading.dry_run import dry_run
from services.ledger.reading.layout import Corrections
from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.reader import LedgerReader
from services.ledger.reading.reasons import MESSAGES
from services.ledger.reading.records import REFUSING, WARNING
from services.ledger.reading.returned import returned_rows
from services.ledger.reading.template import template, template_columns
from shared.documents.workbook import CellValue, read_workbook
from tests.services.ledger.reading.samples import (
    DATA,
    FOUR_STATES,
    KNOWN,
    THREE_STATES,
    codes,
    known_file,
    row,
    workbook,
)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_returned_rows_come_back_in_the_clerks_own_columns_and_read_again(name: str) -> None:
    reader = LedgerReader(read_workbook(known_file(name), name), KNOWN[name])
    wrong = [record for record in reader.records() if record.disposition != "valid"]
    returned = read_workbook(returned_rows(reader.layout, wrong), "退回.xlsx")
    corrections = Corrections(report_date=reader.layout.report_date)
    again = {record.name: record for record in LedgerReader(returned, KNOWN[name], corrections=corrections).records()}
    # What is said of a row before and after is the same, but for what the kept value cannot show.
    unstable = {"duplicate", "row_hidden_in_source", "amount_error_value", "amount_formula_no_value"}
    for record in wrong:
        if record.name and not unstable & set(codes(record)):
            assert set(codes(again[record.name])) >= set(codes(record)) - unstable, (record.sheet, record.row)


def test_every_returned_row_says_why_and_a_secret_one_says_nothing_else() -> None:
    reader = LedgerReader(
        workbook(row("甲成果", team="同上", remark="=1+1"), row("某型成果", secrecy="秘密"), row("乙成果", value=-5.0)),
        FOUR_STATES,
    )
    sheet = read_workbook(returned_rows(reader.layout, reader.records()), "退回.xlsx").sheets[0]
    header, held, secret, refused = sheet.rows()
    assert header[-2:] == ["原表行号", "错误原因"]
    assert (held[0], held[-3], held[-2]) == ("甲成果", "'=1+1", 2.0)
    assert "同上" in str(held[-1])
    assert (set(secret[:-2]), secret[-2]) == ({""}, 3.0)
    assert "某型" not in str(secret)
    assert "负数" in str(refused[-1])


def test_nothing_to_return_is_a_workbook_that_says_so() -> None:
    reader = LedgerReader(workbook(row("甲成果")), FOUR_STATES)
    assert list(read_workbook(returned_rows(reader.layout, []), "x").sheets[0].rows()) == [["全部行均可导入"]]


def test_every_code_has_its_words() -> None:
    assert set(MESSAGES) >= REFUSING | WARNING
    for name in KNOWN:
        answer = dry_run(known_file(name), name, KNOWN[name])
        assert set(answer["reason_counts"]) <= set(MESSAGES)


@pytest.mark.parametrize("profile", [FOUR_STATES, THREE_STATES], ids=["four", "three"])
def test_the_template_reads_as_an_empty_ledger(profile: LedgerProfile, tmp_path: Path) -> None:
    answer = dry_run(template(profile), "模板.xlsx", profile)
    assert answer["rows_total"] == 0
    assert answer["non_data_rows"] == [{"sheet": "台账", "row": 2, "kind": "example"}]
    fields = {column["field"] for column in answer["sheets"][0]["columns"].values()}
    assert {"成果名称", "完成人", "成果类型", "转化状态", "转化方式", "转化价值"} <= fields
    assert ("成果阶段" in fields) == bool(profile.stages)
    assert answer["sheets"][0]["amount_unit"] == "万元"


def test_the_template_explains_marks_and_offers_choices(tmp_path: Path) -> None:
    path = tmp_path / "模板.xlsx"
    path.write_bytes(template(FOUR_STATES))
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["台账", "填写说明", "选项"]
    assert book["选项"].sheet_state == "hidden"
    headers = [cell.value for cell in book["台账"][1]]
    required = [f"*{column.header}" for column in template_columns(FOUR_STATES) if column.required]
    assert [header for header in headers if header.startswith("*")] == required
    assert len(book["台账"].data_validations.dataValidation) == 5
    assert "涉密" in str(book["填写说明"]["A2"].value)


def test_a_filled_template_imports() -> None:
    columns = [column.field for column in template_columns(FOUR_STATES)]
    header = [column.header for column in template_columns(FOUR_STATES)]
    cells: dict[str, CellValue] = {"sequence": 1.0, "name": "甲成果", "completers": "张三、李四", "type": "专利权",
             "status": "已转化", "number": "ZL202217936306.7", "method": "许可", "value": 5.0, "stage": "研究阶段"}  # fmt: skip
    (record,) = LedgerReader(
        workbook([cells.get(field, "") for field in columns], header=header), FOUR_STATES
    ).records()
    assert (record.disposition, codes(record), str(record.value)) == ("valid", [], "50000.00")


def run(*arguments: str) -> Any:
    return CliRunner().invoke(import_ledger, list(arguments))


def test_the_command_only_looks_and_answers_as_json() -> None:
    path = str(DATA / "yunnan_university.xlsx")
    result = run(path, "--region", "cn-53", "--dry-run", "--json")
    assert result.exit_code == 0
    answer = json.loads(result.output)
    assert (answer["rows_valid"], answer["rows_needing_a_human_count"], answer["rows_refused_count"]) == (353, 60, 6)


def test_the_command_gives_a_line_per_record() -> None:
    path = str(DATA / "yunnan_university.xlsx")
    result = run(path, "--region", "cn-53", "--dry-run", "--json", "--rows")
    lines = [json.loads(line) for line in result.output.splitlines()]
    assert len(lines) == 419
    assert lines[0]["成果名称"] == "一种羊肚菌外营养袋及其制备方法"


def test_the_command_tells_a_person() -> None:
    result = run(str(DATA / "yunnan_university.xlsx"), "--region", "cn-53", "--dry-run")
    assert "可导入 353" in result.output
    assert "“冶金与能源工程学院”第8行N列" in result.output


def test_the_command_refuses_in_words(tmp_path: Path) -> None:
    wrong = tmp_path / "程序.xlsx"
    wrong.write_bytes(b"MZ\x90\x00\x03\x00\x00\x00" + bytes(200))
    result = run(str(wrong), "--region", "cn-53", "--dry-run", "--json")
    assert result.exit_code == 1
    assert json.loads(result.output)["code"] == "workbook_unknown_format"
    assert run(str(wrong), "--region", "cn-53").exit_code == 2
    assert "没有地区" in run(str(wrong), "--region", "xx-99", "--dry-run").output
