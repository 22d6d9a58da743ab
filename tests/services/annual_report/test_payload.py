"""What a report is called in what is handed over; an edition that was handed over keeps its bytes."""

import io
from hashlib import sha256
from typing import Any

import openpyxl
import pytest

from services.annual_report.payload import file_of, workbook


def content(label: str, **more: Any) -> dict[str, Any]:
    return {
        "label": label,
        "year": 2025,
        "form_version": "1",
        "unit": {"name": "示例研究院"},
        "freeze": {"number": 1, "as_of": "2025-12-31"},
        "figures": [],
        "parts": [],
        "article": "第十七条",
        **more,
    }


def heading(made: bytes) -> str:
    sheet = openpyxl.load_workbook(io.BytesIO(made)).active
    assert sheet is not None
    return str(sheet.cell(1, 1).value)


@pytest.mark.parametrize(
    ("label", "title"),
    [
        ("年度职务科技成果转化情况报告", "2025 年度职务科技成果转化情况报告"),
        ("科技成果转化年度报告", "2025 年度科技成果转化年度报告"),
    ],
)
def test_a_new_edition_says_its_title_once(label: str, title: str) -> None:
    new = content(label, title=title)
    assert heading(workbook(new)) == f"示例研究院　{title}"
    assert file_of(new)["name"] == f"示例研究院_{title}.xlsx"


def test_an_edition_without_a_title_keeps_its_heading_and_hash() -> None:
    old = content("年度职务科技成果转化情况报告")
    assert heading(workbook(old)) == "示例研究院　2025年度年度职务科技成果转化情况报告"
    assert file_of(old)["sha256"] == sha256(workbook(old)).hexdigest()
