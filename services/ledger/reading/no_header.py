"""What a clerk is told where no sheet has a ledger's header: what was looked for, and what came nearest.

The answer is kept in the audit log, so it names our own fields and positions only, never a cell of the file.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.ledger.reading.columns import HEAD_ROWS, closest_header, head_of
from services.ledger.reading.vocabulary import FIELD_LABELS, HEADER_EVIDENCE
from shared.documents.workbook import Sheet

_NAME = FIELD_LABELS["name"]
# Several fields have one name for the clerk.
_OTHERS = tuple(dict.fromkeys(label for field, label in FIELD_LABELS.items() if field in HEADER_EVIDENCE))


def no_header_message(sheets: Sequence[Sheet], hidden: Sequence[str]) -> str:
    """The whole sentence; ``hidden``: sheets that have the header but are hidden."""
    if hidden:
        which = "、".join(f"第 {place} 张" for place, sheet in enumerate(sheets, 1) if sheet.name in hidden)
        return f"没有找到台账的表头：有台账表头的工作表（{which}）是隐藏的。请在 Excel 或 WPS 中取消隐藏后再上传。"
    wanted = f"前 {HEAD_ROWS} 行中没有一行同时有“{_NAME}”和以下至少两列：{'、'.join(_OTHERS)}"
    return f"没有找到台账的表头：{wanted}。{_found(sheets)}请下载模板对照。"


def _found(sheets: Sequence[Sheet]) -> str:
    nearest = [(closest_header(sheet, head_of(sheet)), place) for place, sheet in enumerate(sheets, 1)]
    header, place = max(nearest, key=lambda one: len(one[0].fields) if one[0] else 0)
    if header is None or not header.fields:
        return "文件中没有一个列名认得出。"
    labels = dict.fromkeys(FIELD_LABELS[column.field] for column in header.columns if column.field)
    told = f"最接近的是第 {place} 张工作表第 {header.rows[0]} 行，认出“{'”“'.join(labels)}”"
    return f"{told}。" if _NAME in labels else f"{told}，没有“{_NAME}”。"
