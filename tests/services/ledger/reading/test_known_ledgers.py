"""Two ledgers as clerks keep them, with known answers: counts, sums, questions and refusals must be exact."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.ledger.reading.dry_run import dry_run
from services.ledger.reading.records import Record
from services.ledger.reading.summary import truth_line
from tests.services.ledger.reading.samples import KNOWN, known_answer, known_file, known_rows

NAMES = sorted(KNOWN)


@pytest.fixture(scope="module", params=NAMES)
def read(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any], list[Record]]:
    name = request.param
    records: list[Record] = []
    answer = dry_run(known_file(name), f"{name}.xlsx", KNOWN[name], each=records.append)
    return name, answer, records


def unordered(value: Any) -> Any:
    """Lists of places as sets: their order is nobody's business."""
    if isinstance(value, list):
        return sorted(json.dumps(item, ensure_ascii=False, sort_keys=True) for item in value)
    return value


def test_every_count_sum_question_and_refusal_is_exact(read: tuple[str, dict[str, Any], list[Record]]) -> None:
    name, answer, _ = read
    expected = known_answer(name)
    # `conventions` is the text of the conventions themselves, the near misses have a test of their own.
    for key in expected.keys() - {"conventions", "near_misses_not_duplicates"}:
        assert unordered(answer[key]) == unordered(expected[key]), key


def test_names_that_are_nearly_the_same_are_no_duplicates(read: tuple[str, dict[str, Any], list[Record]]) -> None:
    name, answer, _ = read
    expected = known_answer(name)["near_misses_not_duplicates"]
    assert expected
    duplicates = unordered(answer["duplicates"])
    assert not set(unordered(expected)) & set(duplicates)
    # Of these, the ones that differ in a version or in 及应用 only are shown to the clerk as near misses.
    assert set(unordered(answer["near_misses_not_duplicates"])) <= set(unordered(expected))
    assert answer["near_misses_not_duplicates"]


def test_every_record_stands_where_it_should_with_its_issues(read: tuple[str, dict[str, Any], list[Record]]) -> None:
    name, _, records = read
    truth = known_rows(name)
    lines = [truth_line(record) for record in records]
    assert [(line["sheet"], line["rows"]) for line in lines] == [(known["sheet"], known["rows"]) for known in truth]
    for known, line in zip(truth, lines, strict=True):
        assert line["disposition"] == known["disposition"], known["row"]
        assert unordered(line["issues"]) == unordered(known["issues"]), (known["sheet"], known["row"])


def not_in_the_file(record: Record, columns: set[str]) -> set[str]:
    """Fields whose truth a reader cannot know: no such column in the sheet, or the cell itself is in doubt."""
    fields = {"成果名称", "完成人", "成果类型", "权利号", "取得时间", "转化状态", "转化方式", "转化频次", "备注"}
    hidden = fields - columns
    if "成果阶段" not in columns:
        hidden.add("成果阶段")
    for issue in record.issues:
        if issue.severity != "warn":
            hidden.add(issue.field)
    if "转化价值" in hidden:
        hidden.add("转化价值_元")
    if hidden & {"成果类型", "权利号"}:
        hidden |= {"专利类别", "成果类型", "权利号"}
    return hidden


def test_every_value_is_what_it_really_is(read: tuple[str, dict[str, Any], list[Record]]) -> None:
    name, answer, records = read
    columns = {
        sheet["name"]: {column["field"] for column in sheet.get("columns", {}).values()} for sheet in answer["sheets"]
    }
    compared = 0
    for known, record in zip(known_rows(name), records, strict=True):
        line = truth_line(record)
        skipped = not_in_the_file(record, columns[record.sheet])
        for key in known.keys() - {"issues", "转化明细"} - skipped:
            assert line[key] == known[key], (record.sheet, record.row, key)
            compared += 1
        for told, conversion in zip(line.get("转化明细", []), known.get("转化明细", []), strict=True):
            assert told["方式"] == conversion["方式"]
            assert not record.merged_total or told["金额_元"] is None
            assert record.merged_total or told["金额_元"] == conversion["金额_元"]
            assert "受让方" not in columns[record.sheet] or told["受让方"] == conversion["受让方"]
    # What could not be compared is the exception.
    assert compared > len(records) * 14


def test_the_best_proposal_is_the_truth_where_the_file_allows_it(
    read: tuple[str, dict[str, Any], list[Record]],
) -> None:
    """Corrected check digits, cut names, formulas shown as text: what a clerk only has to confirm."""
    name, _, records = read
    tried = {"name_formula_like": "成果名称", "name_too_long": "成果名称", "team_ambiguous_blanks": "完成人",
             "amount_approximate": "转化价值_元", "amount_suspect_unit": "转化价值_元", "number_incomplete": "权利号",
             "type_number_conflict": "专利类别", "type_category_missing": "成果类型", "type_missing": "成果类型"}  # fmt: skip
    proposed = 0
    for known, record in zip(known_rows(name), records, strict=True):
        for issue in record.issues:
            if issue.code in tried:
                assert truth_line(record)[tried[issue.code]] == known[tried[issue.code]], (record.sheet, record.row)
                proposed += 1
    assert proposed >= 5


def test_secret_rows_have_a_place_and_nothing_else(read: tuple[str, dict[str, Any], list[Record]]) -> None:
    _, answer, records = read
    secret = [record for record in records if record.secret]
    assert [{"sheet": record.sheet, "row": record.row} for record in secret] == answer["classified_rows"]
    for record in secret:
        assert truth_line(record).keys() == {"sheet", "row", "rows", "disposition", "issues"}
        assert record == Record(record.sheet, record.row, record.rows, record.disposition, record.issues)
