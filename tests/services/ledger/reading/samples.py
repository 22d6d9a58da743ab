"""Profiles and small workbooks for the tests of reading."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from services.ledger.reading.layout import Corrections
from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.reader import LedgerReader
from services.ledger.reading.records import Record
from shared.documents.workbook import CellValue, Merge, Workbook, read_workbook
from shared.documents.workbook_writing import WrittenSheet, write_workbook
from shared.policy import load_pack

DATA = Path(__file__).resolve().parents[3] / "data"

FOUR_STATES = LedgerProfile.from_pack(load_pack("cn-53"))

# Three statuses, four methods, types in two groups and a binding date.
THREE_STATES = LedgerProfile.from_pack(load_pack("cn-22"))

KNOWN = {"yunnan_university": FOUR_STATES, "jilin_institute": THREE_STATES}

HEADER = [
    "成果名称",
    "完成人",
    "成果类型",
    "授权号",
    "授权日期",
    "成果阶段",
    "转化状态",
    "转化方式",
    "转化金额（万元）",
    "密级",
    "备注",
]
HEADER_CELLS: list[CellValue] = list(HEADER)
NAME, TEAM, TYPE, NUMBER, DATE, STAGE, STATUS, METHOD, VALUE, SECRECY, REMARK = range(len(HEADER))

_PLACES = {
    **{"team": TEAM, "type": TYPE, "number": NUMBER, "date": DATE, "stage": STAGE, "status": STATUS},
    **{"method": METHOD, "value": VALUE, "secrecy": SECRECY, "remark": REMARK},
}


def known_file(name: str) -> bytes:
    """The bytes of a ledger whose answers are known."""
    return (DATA / f"{name}.xlsx").read_bytes()


def known_answer(name: str) -> dict[str, Any]:
    """What that ledger must give."""
    answer: dict[str, Any] = json.loads((DATA / f"{name}.expected.json").read_text(encoding="utf-8"))
    return answer


def known_rows(name: str) -> list[dict[str, Any]]:
    """What each record of that ledger really is."""
    lines = (DATA / f"{name}.truth.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def row(name: str, **cells: CellValue) -> list[CellValue]:
    """A clean row of `HEADER` with some cells changed: `row("名称", status="已转化", value=5.0)`."""
    base: list[CellValue] = [
        name,
        "张三、李四",
        "非专利技术",
        "",
        date(2024, 5, 6),
        "研究阶段",
        "未转化",
        "",
        "",
        "公开",
        "",
    ]
    for field, value in cells.items():
        base[_PLACES[field]] = value
    return base


def workbook_bytes(
    *rows: Sequence[CellValue], header: Sequence[str] = HEADER, merges: Sequence[Merge] = (), name: str = "台账"
) -> bytes:
    """An xlsx with one ledger sheet; its data begin in row 2."""
    written = [(number, list(cells)) for number, cells in enumerate([list(header), *rows], start=1)]
    return write_workbook([WrittenSheet(name, written, merges=merges)])


def workbook(*rows: Sequence[CellValue], header: Sequence[str] = HEADER, merges: Sequence[Merge] = ()) -> Workbook:
    """The same, read."""
    return read_workbook(workbook_bytes(*rows, header=header, merges=merges), "台账.xlsx")


def read_rows(
    *rows: Sequence[CellValue],
    header: Sequence[str] = HEADER,
    merges: Sequence[Merge] = (),
    profile: LedgerProfile = FOUR_STATES,
    corrections: Corrections | None = None,
) -> list[Record]:
    """The records of one sheet."""
    reader = LedgerReader(workbook(*rows, header=header, merges=merges), profile, corrections=corrections)
    return list(reader.records())


def codes(record: Record) -> list[str]:
    """The codes of a record's issues."""
    return [issue.code for issue in record.issues]
