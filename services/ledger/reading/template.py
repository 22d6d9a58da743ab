"""The blank ledger of a region: explained, with drop-downs, required columns marked, and an example row."""

from __future__ import annotations

import io
from typing import Any, Final

import msgspec
import xlsxwriter

from services.ledger.reading.profile import GROUP_LABELS, LedgerProfile
from services.ledger.reading.vocabulary import EXAMPLE

_ROWS: Final = 5_000
_OPTIONS_SHEET: Final = "选项"
_SECRECY: Final = ("公开", "非密", "内部")


class TemplateColumn(msgspec.Struct, frozen=True):
    """A column of the template: header, example, help; `options` become a drop-down."""

    field: str
    header: str
    example: str
    help: str
    required: bool = False
    options: tuple[str, ...] = ()
    width: float = 14.0


def template_columns(profile: LedgerProfile) -> list[TemplateColumn]:
    """The columns that a region's template has, in order."""
    columns = [
        TemplateColumn("sequence", "序号", EXAMPLE, "行号；写“示例”的行不导入", width=7),
        TemplateColumn("name", "成果名称", "一种示例方法", "正式名称，在本单位内唯一，不超过200字", True, width=40),
        TemplateColumn("completers", "完成人（团队）", "张三、李四", "用顿号分开，不写“等”“同上”", True, width=24),
        *_type_columns(profile),
        TemplateColumn("number", "授权号/登记号", "", "专利号、登记号、品种权号等；没有的不填", width=20),
        TemplateColumn("obtained", "取得时间", "2025-03-14", "年月日，如 2025-03-14", profile.date_required, width=13),
    ]
    if profile.stages:
        note = f"不填按{profile.default_stage}" if profile.default_stage else ""
        columns.append(TemplateColumn("stage", "成果阶段", profile.stages[0], note, options=profile.stages))
    columns += [
        TemplateColumn("status", "转化状态", profile.statuses[0], "从下拉框选", True, profile.statuses),
        TemplateColumn("method", "转化方式", "", "已转化的必填", options=profile.methods),
        TemplateColumn("counterparty", "受让（被许可）方", "", "单位全称", width=24),
        TemplateColumn(
            "value", "转化价值（万元）", "", "已转化的填合同金额，必填；其余可填评估价值，未评估的不填", width=16
        ),
        TemplateColumn("frequency", "转化频次", "", "转化次数；多次许可的可分行写金额，成果信息合并单元格", width=9),
        TemplateColumn("secrecy", "密级", "公开", "涉密成果不得填入本表", options=_SECRECY, width=9),
        TemplateColumn("remark", "备注", "", "", width=24),
    ]
    return columns


def _type_columns(profile: LedgerProfile) -> list[TemplateColumn]:
    labels = tuple(dict.fromkeys(entry.label for entry in profile.types))
    if not profile.grouped:
        return [TemplateColumn("type", "成果类型", labels[0], "从下拉框选", True, labels, 20)]
    groups = tuple(GROUP_LABELS[granted] for granted in (True, False))
    return [
        TemplateColumn("grant", "已授权/未授权", groups[0], "从下拉框选", True, groups),
        TemplateColumn("type", "具体类别", labels[0], "从下拉框选", True, labels, 20),
    ]


def template(profile: LedgerProfile) -> bytes:
    """An xlsx: 台账 to be filled in, 填写说明, and a hidden sheet with the options of the drop-downs."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        columns = template_columns(profile)
        ledger = book.add_worksheet("台账")
        _write_explanation(book, profile, columns)
        options = book.add_worksheet(_OPTIONS_SHEET)
        options.hide()
        _write_ledger(book, ledger, options, columns)
    return buffer.getvalue()


def _write_ledger(book: Any, sheet: Any, options: Any, columns: list[TemplateColumn]) -> None:
    base = {"font_name": "宋体", "font_size": 11, "text_wrap": True, "valign": "vcenter", "border": 1}
    header = book.add_format({**base, "bold": True, "bg_color": "#E8EEF7"})
    required = book.add_format({**base, "bold": True, "bg_color": "#FDE8E8", "font_color": "#B42318"})
    example = book.add_format({"font_name": "宋体", "font_size": 11, "italic": True, "font_color": "#667085"})
    text = book.add_format({"font_name": "宋体", "font_size": 11, "num_format": "@"})
    plain = book.add_format({"font_name": "宋体", "font_size": 11})
    for position, column in enumerate(columns):
        sheet.set_column(position, position, column.width, text if column.field == "number" else plain)
        sheet.write_string(0, position, f"*{column.header}" if column.required else column.header,
                           required if column.required else header)  # fmt: skip
        sheet.write_string(1, position, column.example, example)
        if column.help:
            sheet.write_comment(0, position, column.help)
        if column.options:
            options.write_column(0, position, column.options)
            letter = xlsxwriter.utility.xl_col_to_name(position)
            source = f"={_OPTIONS_SHEET}!${letter}$1:${letter}${len(column.options)}"
            sheet.data_validation(
                2, position, _ROWS, position,
                {"validate": "list", "source": source, "error_type": "warning", "error_title": "不在选项内",
                 "error_message": f"{column.header}请从下拉框选择。"},
            )  # fmt: skip
    sheet.set_row(0, 32)
    sheet.freeze_panes(1, 2)


def _write_explanation(book: Any, profile: LedgerProfile, columns: list[TemplateColumn]) -> None:
    sheet = book.add_worksheet("填写说明")
    bold = book.add_format({"font_name": "宋体", "font_size": 11, "bold": True})
    wrapped = book.add_format({"font_name": "宋体", "font_size": 11, "text_wrap": True, "valign": "top"})
    lines = [
        f"{profile.province}职务科技成果单列管理台账填写说明（示例格式）",
        "1. 涉密成果不得填入本表，请按本单位保密规定在系统外办理。",
        "2. 标 * 的列必填。一项成果占一行；多次许可的可分行填写金额，成果信息合并单元格。",
        "3. 金额以万元为单位；以元填写的请在单元格内写明“元”。",
        "4. 序号为“示例”的行不导入，可以删除。",
    ]
    for number, line in enumerate(lines):
        sheet.write_string(number, 0, line, bold if number == 0 else wrapped)
    top = len(lines) + 1
    for position, heading in enumerate(("列", "是否必填", "怎样填", "选项")):
        sheet.write_string(top, position, heading, bold)
    for number, column in enumerate(columns, start=top + 1):
        row = (column.header, "必填" if column.required else "", column.help, "、".join(column.options))
        for position, text in enumerate(row):
            sheet.write_string(number, position, text, wrapped)
    sheet.set_column(0, 0, 36)
    sheet.set_column(1, 1, 10)
    sheet.set_column(2, 3, 60)
