"""What each code means, told to a clerk: what is the matter, and what to do about it."""

from __future__ import annotations

from typing import Final

from services.ledger.reading.records import Issue, Record, Severity

MESSAGES: Final[dict[str, str]] = {
    # refused
    "classified": "该行标有密级，不得进入本系统，内容未保存。请按本单位保密规定在系统外办理",
    "suspected_classified": "该行自述涉密，内容未保存。请先由保密办公室核实；如不涉密，请改正后重新导入",
    "name_missing": "成果名称为空",
    "status_not_in_pack": "转化状态不在本省规定的选项内",
    "amount_negative": "金额为负数",
    "amount_out_of_range": "金额达到或超过一万亿元，请核对单位",
    "date_impossible": "日期不存在",
    "number_is_publication_number": "填的是公开（公告）号，请改填专利号",
    # a person decides
    "amount_approximate": "金额是约数，请填准确数",
    "amount_error_value": "单元格是公式错误值，请填数值",
    "amount_extra_text": "金额后面有其他文字，请确认数额",
    "amount_foreign_currency": "金额为外币，请折算成人民币",
    "amount_formula_no_value": "公式没有保存计算结果，请填数值",
    "amount_merged_over_records": "几项成果合并填了一个金额，请分开填写",
    "amount_missing_for_converted": "已转化的成果没有金额",
    "amount_range": "金额是一个范围，请填准确数",
    "amount_suspect_unit": "以万元为单位的金额达到十万，可能实际是元，请确认",
    "amount_unit_unknown": "没有写明金额单位是元还是万元",
    "amount_zero_for_converted": "已转化的成果金额为0，请确认（如先使用后付费）",
    "date_ambiguous": "日期可以有不同读法，请确认",
    "date_incomplete": "日期只有年份",
    "date_in_future": "日期晚于填报日期",
    "date_missing": "没有填日期",
    "date_unreadable": "日期无法识别",
    "duplicate": "与前面的行重复",
    "first_row_open": "已答复为又一次转化，等前面那一行确认后自动计入",
    "not_a_conversion": "转化状态不是已转化，不能作为又一次转化",
    "frequency_mismatch": "转化频次与明细行数不符",
    "method_missing_for_converted": "已转化的成果没有转化方式",
    "method_multiple": "填了几种转化方式，请选一种",
    "method_unknown": "转化方式不在选项内",
    "name_formula_like": "名称是一段公式文字，请填名称",
    "name_too_long": "名称超过200字，可能误贴了摘要",
    "number_check_digit": "专利号校验位不符，请核对",
    "number_incomplete": "专利号位数不足",
    "number_not_a_right": "填的不是该权利的编号（如审定号、备案号）",
    "number_placeholder": "编号是占位文字，请填实际编号",
    "number_unrecognised": "编号格式无法识别",
    "row_marked_void": "该行标为作废，请确认是否导入",
    "secrecy_internal": "密级为内部，请确认可以录入",
    "secrecy_unknown": "密级无法识别，请确认",
    "stage_unknown": "成果阶段不在选项内",
    "status_missing": "没有填转化状态",
    "status_unknown": "转化状态无法识别",
    "team_ambiguous_blanks": "完成人之间的空格可以有不同断法，请用顿号分开",
    "team_ditto": "完成人写的是“同上”，请填姓名",
    "team_missing": "没有填完成人",
    "team_unclear": "完成人中有不像姓名的内容，请确认",
    "type_category_missing": "没有填具体类别",
    "type_grant_conflict": "是否授权与类别或编号矛盾",
    "type_grant_unknown": "没有写明是否已授权",
    "type_missing": "没有填成果类型",
    "type_number_conflict": "成果类型与专利号的种类不符",
    "type_unknown": "成果类型不在选项内",
    # found when compared with the ledger
    "already_in_ledger": "台账中已有同名成果，内容一致",
    "differs_from_ledger": "台账中已有同名成果，内容不同",
    "number_in_ledger": "权利号已登记在台账的其他成果名下",
    "text_too_long": "内容超过台账该栏的长度",
    "against_rules": "不符合台账管理规则，请核对",
    # imported with a warning
    "credit_code_check_digit": "受让方信用代码校验位不符",
    "date_excel_serial": "日期以序号存储，已换算",
    "date_month_only": "日期只到月份，按月保存",
    "date_unreadable_raw_kept": "日期无法识别，保留原文",
    "formula_cell_stored_value_used": "单元格是公式，采用已保存的结果",
    "frequency_on_unconverted_ignored": "未转化的成果填了频次，未采用",
    "method_mapped_to_other": "转化方式归入“其他”",
    "method_on_unconverted_kept_as_planned": "未转化的成果填了方式，按拟采用保存",
    "number_missing": "权利没有编号",
    "row_hidden_in_source": "该行在原表中隐藏",
    "sixteen_digit_number_stored_as_number_last_digit_lost": "16位合同号以数值存储，末位已丢失",
    "software_certificate_number_not_registration_number": "填的是证书号（软著登字），不是登记号",
    "stage_empty_default_research": "成果阶段为空，按研究阶段",
    "team_list_incomplete": "完成人以“等”省略",
    "team_note_removed": "姓名后的说明已去掉",
    "type_pending_patent_read_as_application_right": "专利尚未授权，按专利申请权",
    "unit_in_cell_overrides_header": "单元格自带单位与表头不同，以单元格为准",
    "zero_on_unconverted_kept": "未转化的成果价值填0，按0保存",
}


def message_of(code: str) -> str:
    """What a code means in Chinese; the code itself if it is unknown."""
    return MESSAGES.get(code, code)


def told(issue: Issue) -> str:
    """An issue in one phrase with its field, the row it repeats, and proposed answers; quotes no secret."""
    text = f"{issue.field}：{message_of(issue.code)}"
    if issue.of:
        text += f"（“{issue.of.sheet}”第{issue.of.row}行）"
    if issue.proposals:
        text += f"（可选：{'／'.join(issue.proposals[:4])}）"
    return text


def reasons_of(record: Record) -> str:
    """Why a record was not imported, all reasons in one text."""
    if record.secret:
        return "；".join(message_of(issue.code) for issue in record.issues)
    return "；".join(told(issue) for issue in record.issues if issue.severity is not Severity.WARN)
