"""What is handed over: one report as plain JSON, what changed since the last edition, its workbook."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from services.annual_report.figures import COLUMNS, DIMENSIONS, Line
from services.annual_report.rules import Form, label_of
from shared.documents.workbook_writing import Style, Styled, WrittenRow, WrittenSheet, write_workbook
from shared.policy.pack import Pack
from shared.ui.words import of_year

PART = "part:"


@dataclass(frozen=True, slots=True)
class Frozen:
    """The freeze that a report was handed over with. ``known_at`` is a real instant, ``frozen_at`` a legal one."""

    number: int
    as_of: date
    known_at: datetime
    frozen_at: datetime
    reason: str


def content_of(
    form: Form, unit: Mapping[str, Any], frozen: Frozen, lines: Sequence[Line], texts: Mapping[str, str], pack: Pack,
    *, reason: str = "", late: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """The content of one edition: figures with labels, texts by the form, the freeze, the pack."""
    return {
        "report": form.code,
        "label": form.label,
        "title": of_year(form.label, form.year),
        "year": form.year,
        "form_version": form.version,
        "unit": dict(unit),
        "due_on": form.unit_stage.due.isoformat() if form.unit_stage.due else None,
        "late": late,
        "freeze": {
            "number": frozen.number,
            "as_of": frozen.as_of.isoformat(),
            "known_at": frozen.known_at.isoformat(),
            "frozen_at": frozen.frozen_at.isoformat(),
            "reason": frozen.reason,
        },
        "figures": [{**line.as_json(), "label": label_of(pack, line.dimension, line.value)} for line in lines],
        "stated_reason": reason,
        "parts": [
            {"code": one.code, "label": one.label, "counted": one.counted, "text": texts.get(one.code, "")}
            for one in form.contents
        ],
        "article": form.citation.place,
        "quote": form.citation.quote,
        "pack": {"region": pack.id, "version": pack.version, "draft": bool(pack.draft)},
    }


def lines_of(content: Mapping[str, Any]) -> list[Line]:
    """The figures of a handed-over report."""
    return [Line.of_json(one) for one in content["figures"]]


def fields_of(content: Mapping[str, Any]) -> dict[str, str]:
    """Every field that a reason may be tied to, with its label: parts of the text and lines of the figures."""
    parts = {f"{PART}{one['code']}": one["label"] for one in content["parts"]}
    figures = {
        f"{one['dimension']}:{one['value']}": f"{DIMENSIONS[one['dimension']]}：{one['label']}"
        for one in content["figures"]
    }
    return {**parts, **figures}


def changes_between(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What changed from one edition to the next: field, label, before, after; figures column by column."""
    if before is None:
        return []
    found: list[dict[str, Any]] = []
    was = {one["code"]: one["text"] for one in before["parts"]}
    for one in after["parts"]:
        if one["text"] != was.get(one["code"], ""):
            found.append(_change(f"{PART}{one['code']}", one["label"], was.get(one["code"], ""), one["text"]))
    labels = {**fields_of(before), **fields_of(after)}
    old, new = ({line.key: line for line in lines_of(content)} for content in (before, after))
    for key in labels:
        if key.startswith(PART):
            continue
        mine, theirs = new.get(key) or _nothing(key), old.get(key) or _nothing(key)
        for name, label in COLUMNS.items():
            if getattr(mine, name) != getattr(theirs, name):
                words = f"{labels[key]}　{label}"
                found.append(_change(key, words, str(getattr(theirs, name)), str(getattr(mine, name))))
    if before["stated_reason"] != after["stated_reason"]:
        found.append(_change("stated", "更正说明", before["stated_reason"], after["stated_reason"]))
    return found


def _nothing(key: str) -> Line:
    dimension, _, value = key.partition(":")
    return Line(dimension, value)


def _change(field: str, label: str, before: str, after: str) -> dict[str, Any]:
    return {"field": field, "label": label, "before": before, "after": after}


def title_of(content: Mapping[str, Any]) -> str:
    """What a content is called with its year. One without a title is older: its workbook must keep the bytes of its hash."""
    return str(content.get("title") or f"{content['year']}年度{content['label']}")


def workbook(content: Mapping[str, Any]) -> bytes:
    """The report as xlsx: figures and texts; the same content gives the same bytes."""
    head: list[Sequence[Any]] = [
        [Styled(f"{content['unit']['name']}　{title_of(content)}", Style.TITLE)],
        [
            f"数据截至 {content['freeze']['as_of']}，第 {content['freeze']['number']} 次冻结；"
            f"表式版本 {content['form_version']}；依据 {content['article']}"
        ],
        [],
        [
            Styled(label, Style.HEADER)
            for label in ("维度", "项目", *COLUMNS.values(), "申报阶段计数", "有金额项数", "金额（元）")
        ],
    ]
    body = [_figure_row(one) for one in content["figures"]]
    texts: list[Sequence[Any]] = [
        [Styled("内容", Style.HEADER), Styled("文字", Style.HEADER)],
        *([one["label"], one["text"] or ("见数据表" if one["counted"] else "")] for one in content["parts"]),
    ]
    sheets = [
        WrittenSheet(
            "数据", _numbered([*head, *body]), widths=[14, 26, 10, 10, 10, 10, 10, 14, 12, 18], neutralise=True
        ),
        WrittenSheet("文字", _numbered(texts), widths=[24, 100], neutralise=True),
    ]
    return write_workbook(sheets)


def _figure_row(one: Mapping[str, Any]) -> list[Any]:
    amount = Styled(float(Decimal(one["amount"])), Style.MONEY) if one["n_valued"] else None
    return [
        DIMENSIONS[one["dimension"]],
        one["label"],
        *(one[name] for name in COLUMNS),
        one["declared"],
        one["n_valued"],
        amount,
    ]


def _numbered(rows: Iterable[Sequence[Any]]) -> list[WrittenRow]:
    return [(number, row) for number, row in enumerate(rows, 1)]


def file_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """Name, hash and size of the workbook that goes with a content; it is written again from the content when asked for."""
    return file_note(f"{content['unit']['name']}_{title_of(content)}.xlsx", workbook(content))


def file_note(name: str, made: bytes) -> dict[str, Any]:
    """What is kept of a file that can be made again."""
    return {"name": name, "sha256": sha256(made).hexdigest(), "size": len(made)}


def aggregate_of(
    form: Form, department: Mapping[str, Any], members: Sequence[Mapping[str, Any]], lines: Sequence[Line], pack: Pack,
    number: int,
) -> dict[str, Any]:  # fmt: skip
    """A department's report: the sums of its units' accepted reports, and one line per unit.

    ``members`` carry ``tenant_id``, ``name``, ``report_id``, ``submission_id``, ``edition`` and their ``content``.
    """
    return {
        "report": form.code,
        "label": form.label + "（汇总）",
        "title": of_year(form.label + "（汇总）", form.year),
        "year": form.year,
        "form_version": form.version,
        "number": number,
        "unit": dict(department),
        "figures": [{**line.as_json(), "label": label_of(pack, line.dimension, line.value)} for line in lines],
        "members": [_member(one) for one in members],
        "article": form.citation.place,
        "quote": form.citation.quote,
        "pack": {"region": pack.id, "version": pack.version, "draft": bool(pack.draft)},
    }


def _member(one: Mapping[str, Any]) -> dict[str, Any]:
    lines = lines_of(one["content"])
    whole = next((line for line in lines if line.dimension == "all"), Line("all", ""))
    deals = [line for line in lines if line.dimension == "deal"]
    return {
        "tenant_id": str(one["tenant_id"]),
        "report_id": str(one["report_id"]),
        "submission_id": str(one["submission_id"]),
        "edition": one["edition"],
        "name": one["name"],
        "unit_kind": one["content"]["unit"].get("unit_kind"),
        "late": one["content"]["late"],
        **whole.figures,
        "deals": sum(line.closing for line in deals),
        "deals_valued": sum(line.n_valued for line in deals),
        "deals_amount": str(sum((line.amount for line in deals), Decimal(0))),
        "texts": [{"label": part["label"], "text": part["text"]} for part in one["content"]["parts"] if part["text"]],
    }


def aggregate_workbook(content: Mapping[str, Any]) -> bytes:
    """A department's aggregate as xlsx: sums, then one row per unit."""
    head: list[Sequence[Any]] = [
        [Styled(f"{content['unit']['name']}　{title_of(content)}", Style.TITLE)],
        [f"第 {content['number']} 批，{len(content['members'])} 家单位；依据 {content['article']}"],
        [],
        [
            Styled(label, Style.HEADER)
            for label in ("维度", "项目", *COLUMNS.values(), "申报阶段计数", "有金额项数", "金额（元）")
        ],
    ]
    units: list[Sequence[Any]] = [
        [
            Styled(label, Style.HEADER)
            for label in ("单位", *COLUMNS.values(), "本年合同", "有金额合同", "合同金额（元）")
        ],
        *(
            [
                one["name"],
                *(one[name] for name in COLUMNS),
                one["deals"],
                one["deals_valued"],
                Styled(float(Decimal(one["deals_amount"])), Style.MONEY) if one["deals_valued"] else None,
            ]
            for one in content["members"]
        ),
    ]
    body = [_figure_row(one) for one in content["figures"]]
    return write_workbook(
        [
            WrittenSheet(
                "汇总", _numbered([*head, *body]), widths=[14, 26, 10, 10, 10, 10, 10, 14, 12, 18], neutralise=True
            ),
            WrittenSheet("各单位", _numbered(units), widths=[30, 10, 10, 10, 10, 10, 12, 12, 18], neutralise=True),
        ]
    )
