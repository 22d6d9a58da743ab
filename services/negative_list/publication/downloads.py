"""A published version as a file: JSON (the hashed content itself), CSV and xlsx; and the Atom feed of a kind.

The same version gives the same bytes every time, so that a file's SHA-256 can be shown beside it.
"""

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

import xlsxwriter

from services.negative_list.models import MARKS
from services.negative_list.queries import Consultation, Version

COLUMNS = (
    ("code", "编号"),
    ("category", "情形"),
    ("title", "条目"),
    ("note", "说明"),
    ("change", "本版变化"),
    ("decided_on", "决定日期"),
    ("published_on", "发布日期"),
    ("effective_on", "生效日期"),
    ("ended_on", "终止日期"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ATOM = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True, slots=True)
class Download:
    """One file of a version. ``sha256`` in hex."""

    form: str
    label: str
    media_type: str
    name: str
    body: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


FORMS = ("json", "csv", "xlsx")


@lru_cache(maxsize=64)
def downloads(content: str, labels: tuple[tuple[str, str], ...]) -> dict[str, Download]:
    """The files of a version by form; ``labels`` are the words of the categories by code."""
    parsed = json.loads(content)
    rows = _rows(parsed["items"], dict(labels))
    stem = f"{parsed['kind']}-list-v{parsed['number']}"
    xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    files = (
        Download("json", "结构化数据", "application/json", f"{stem}.json", content.encode()),
        Download("csv", "逗号分隔，UTF-8", "text/csv; charset=utf-8", f"{stem}.csv", _csv(rows)),
        Download("xlsx", "Excel 工作簿", xlsx, f"{stem}.xlsx", _xlsx(parsed, rows)),
    )
    return {file.form: file for file in files}


def _rows(items: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> list[list[str]]:
    rows = []
    for item in items:
        words = {
            **item,
            "category": labels.get(item["category"], item["category"]),
            "change": MARKS.get(item["change"], ""),
        }
        rows.append([words[name] or "" for name, _ in COLUMNS])
    return rows


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([label for _, label in COLUMNS])
    # A cell that a spreadsheet would take for a formula begins with an apostrophe.
    writer.writerows([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _xlsx(content: Mapping[str, Any], rows: Sequence[Sequence[str]]) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    made = datetime.fromisoformat(content["published_at"]).replace(tzinfo=None)
    book.set_properties({"title": content["title"], "created": made})
    head = book.add_format({"bold": True, "bg_color": "#eaf3fc", "border": 1})
    cell = book.add_format({"text_wrap": True, "valign": "top", "border": 1})
    sheet = book.add_worksheet("清单")
    basis = content["basis"]
    sheet.write_string(0, 0, f"{content['province']}{content['title']}（第 {content['number']} 版）")
    sheet.write_string(
        1, 0, f"决定 {content['decided_on']}　发布 {content['published_at'][:10]}　生效 {content['effective_on']}"
    )
    sheet.write_string(2, 0, f"依据《{basis['document']}》{basis['article']}")
    for column, (_, label) in enumerate(COLUMNS):
        sheet.write_string(4, column, label, head)
    for number, row in enumerate(rows, start=5):
        for column, value in enumerate(row):
            sheet.write_string(number, column, value, cell)
    for column, width in enumerate((14, 24, 44, 60, 10, 12, 12, 12, 12)):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(5, 0)
    book.close()
    return file.getvalue()


def atom(site: str, base: str, title: str, published: Sequence[Version], rounds: Sequence[Consultation]) -> bytes:
    """The feed of a kind: versions and consultations, the newest first. ``site`` and ``base`` make absolute addresses."""
    ElementTree.register_namespace("", _ATOM)
    feed = ElementTree.Element(f"{{{_ATOM}}}feed")
    entries = [
        (
            v.published_at,
            f"{v.title}（第 {v.number} 版）发布",
            f"{site}{base}/{v.number}",
            v.id,
            f"自 {v.effective_on} 起生效，SHA-256 {v.hash}",
        )
        for v in published
    ]
    root = base.rpartition("/lists/")[0]
    entries += [
        (
            c.published_at,
            f"第 {c.number} 版草案公开征求意见",
            f"{site}{root}/consultations/{c.id}",
            c.id,
            f"征求意见至 {c.last_day}",
        )
        for c in rounds
    ]
    entries.sort(key=lambda entry: entry[0], reverse=True)
    _child(feed, "title", title)
    _child(feed, "id", f"{site}{base}")
    _child(feed, "updated", (entries[0][0] if entries else datetime.fromtimestamp(0, UTC)).isoformat())
    ElementTree.SubElement(feed, f"{{{_ATOM}}}link", rel="self", href=f"{site}{base}/atom")
    for at, words, address, id_, summary in entries:
        entry = ElementTree.SubElement(feed, f"{{{_ATOM}}}entry")
        _child(entry, "title", words)
        _child(entry, "id", f"urn:uuid:{id_}")
        _child(entry, "updated", at.isoformat())
        _child(entry, "summary", summary)
        ElementTree.SubElement(entry, f"{{{_ATOM}}}link", href=address)
        author = ElementTree.SubElement(entry, f"{{{_ATOM}}}author")
        _child(author, "name", title)
    text: str = ElementTree.tostring(feed, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode()


def _child(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}").text = text
