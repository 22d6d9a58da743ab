"""The log in words: what an action, a kind of object and a field are called in Chinese.

What is not listed is shown by its code, so that a new action is never hidden."""

from collections.abc import Mapping
from typing import Any

from services.administration.glossary import ADMINISTRATION
from services.administration.permission_words import permission_label
from services.empowerment import models as empowerment
from services.ledger import models as ledger
from services.ledger.disclosure import models as disclosure
from services.ledger.importing import models as importing
from services.negative_list import models as negative_list
from services.notices import models as notices
from tenants.permissions import labels_of

KINDS = {
    "person": "个人信息",
    "person_claim": "完成人认领",
    "agency_task": "委托服务",
    "unit_document": "单位制度",
    "unit_setting": "文书和公示地点",
    "achievement": "成果",
    "disclosure": "成果披露",
    "ledger": "台账",
    "import": "台账导入",
    "ledger_import": "台账导入",
    "ledger_view": "台账视图",
    "achievement_batch": "批量办理",
    "secrecy": "保密核实",
    "training": "练习单位",
    "content": "内容清除",
    "erasure": "清除",
    "retention": "保存期限",
    "screening_plan": "筛查周期",
    "screening_round": "筛查自评",
    "asset_mark": "资产标识",
    "exit_item": "退出清单",
    "exit_sheet": "退出清单报送",
    "asset_report": "内部报送",
    "asset_report_plan": "内部报送日期",
    "push_target": "推送接收系统",
    "push_delivery": "推送",
    "export": "导出",
    "archive": "单位数据档案",
    "export_job": "导出",
    "conversion": "转化记录",
    "conversion_record": "转化记录",
    "notice": "单位内部公示",
    "objection": "异议",
    "empowerment": "赋权申请",
    "agreement": "赋权协议",
    "list_version": "负面清单",
    "list_item": "清单条目",
    "consultation": "征求意见",
    "opinion": "意见",
    "pilot_membership": "试点资格",
    "pilot": "试点资格",
    "annual_report": "年度报告",
    "report_aggregate": "年度报告汇总",
    "report_deadline": "报送截止日期",
    "report_reminder": "年度报告催报",
    "ledger_total": "台账汇总数",
    "session": "登录",
    "upload": "上传的文件",
    "account": "人员账号",
    "delegation": "委托代办",
    "machine_client": "接口凭据",
    "message": "消息",
    "audit": "操作日志",
    "clock": "演示时钟",
    "organisation": "单位",
    "organisation_merger": "机构并入",
    "calendar": "日历",
    "province": "省份",
    "pack": "政策规则",
    "pack_version": "政策规则",
    "pack_activation": "规则启用",
    "dossier": "决策卷宗",
}
VERBS = {
    "person.erase": "删除",
    "person_claim.claim": "认领",
    "person_claim.confirm": "确认是本人",
    "person_claim.decline": "不予确认",
    "person_claim.withdraw": "撤回",
    "person_claim.end": "解除关联",
    "move_department": "变更主管部门",
    "rename": "更名",
    "organisation_merger.examine": "核对",
    "organisation_merger.carry_out": "办理",
    "organisation_merger.went_over": "并入其他单位",
    "organisation_merger.took_over": "接收并入单位",
    "follow_department": "主管部门变更生效",
    "enter": "登记",
    "remove": "取消登记",
    "arrange_year": "标记整年安排",
    "reopen_year": "取消整年标记",
    "register": "登记",
    "registered": "登记",
    "register_many": "批量登记",
    "correct": "更正",
    "corrected": "更正",
    "revoke": "撤销",
    "record_conversion": "登记转化",
    "begin": "开始填写",
    "save": "保存草稿",
    "save_draft": "保存草稿",
    "disclose": "披露",
    "submit": "提交",
    "accept": "受理登记",
    "return": "退回",
    "return_for_correction": "退回修改",
    "withdraw": "撤回",
    "apply": "申请",
    "screen": "逐一排查",
    "record_feasibility": "记录可行性分析",
    "record_step": "登记办理结果",
    "publish": "发布",
    "change": "变更",
    "interrupt": "中断",
    "close": "结束",
    "raise": "提出",
    "answer": "答复",
    "sign": "签订",
    "sign_agreement": "签订协议",
    "record_formality": "登记手续",
    "import": "导入",
    "export": "导出",
    "exported": "导出",
    "download": "下载",
    "signed_in": "登录",
    "session.refused": "不予登录",
    "upload.examine": "病毒查杀",
    "refused": "登录被拒绝",
    "ended": "退出其他登录",
    "read": "查阅",
    "read_in_aggregate": "在汇总中查阅",
    "remind": "催报",
    "freeze": "冻结年末数据",
    "save_narrative": "填写文字内容",
    "state_figures": "更正报送数",
    "resubmit": "重新报送",
    "forward": "汇总上报",
    "move": "拨动",
    "create": "创建",
    "select": "确定试点",
    "end": "终止",
    "selected": "遴选为试点",
    "hold": "暂缓",
    "exclude": "不纳入赋权范围",
    "rescreen": "重新排查",
    "find_infeasible": "评估不可行",
    "reject": "审核不通过",
    "quarantine": "隔离",
    "release": "解除隔离",
    "order_wipe": "下达清除",
    "ask_reset": "恢复原样",
    "training.reset": "重新建立",
    "wipe": "清除",
    "read_quarantined": "查看隔离内容",
    "content.erase": "见证",
    "erasure.carry_out": "执行",
    "retention.keep": "到期清理",
    "decide_counting": "决定是否计数",
    "uphold": "认定异议成立",
    "propose_revocation": "提议撤销",
    "confirm_revocation": "确认撤销",
    "check": "定时检查",
    "confirm_import": "确认导入",
    "upload": "上传",
    "cancel": "取消",
    "load": "载入",
    "propose": "提议启用",
    "confirm": "确认启用",
    "follow_rules": "改按新的政策版本办理",
    # an import's own words, where a verb means something else elsewhere
    "account.assign_roles": "分配角色",
    "account.leave": "停用与交接",
    "account.come_back": "恢复使用",
    "delegation.lend": "委托",
    "delegation.end": "提前结束",
    "machine_client.register": "新建",
    "machine_client.rotate": "轮换",
    "machine_client.revoke": "撤销",
    "ledger_view.save": "保存视图",
    "ledger_view.change": "修改视图",
    "ledger_view.delete": "删除视图",
    "achievement_batch.correct": "批量更正",
    "achievement_batch.remind": "批量提醒完成人",
    "achievement_batch.print": "批量打印",
    "achievement_batch.undo": "撤回批量更正",
    "asset_report_plan.set": "设定日期",
    "asset_report.send": "冻结并报送",
    "asset_report.receive": "确认接收",
    "asset_report.supersede": "由更正版本代替",
    "payment.record": "登记到账",
    "payment.correct": "更正到账",
    "payment.remove": "撤销到账",
    "exit_item.list": "列入退出清单",
    "exit_item.take_off": "移出退出清单",
    "exit_sheet.send": "登记报送",
    "exit_sheet.export": "导出",
    "asset_mark.mark": "单独标识",
    "asset_mark.unmark": "解除标识",
    "push_target.register": "登记",
    "push_target.show_secret": "查看签名密钥",
    "push_target.pause": "暂停",
    "push_target.resume": "恢复",
    "push_target.remove": "停用",
    "push_target.test": "发送测试",
    "push_delivery.send_again": "重新推送",
    "screening_plan.set": "设定周期",
    "screening_round.begin": "开始一轮",
    "screening_round.hand_in": "交办成果",
    "screening_round.judge": "登记结论",
    "screening_round.close": "结束一轮",
    "ledger_import.receive": "上传",
    "ledger_import.start_reading": "开始核对",
    "ledger_import.finish_reading": "完成核对",
    "ledger_import.remap": "修改列的对应",
    "ledger_import.confirm": "确认导入",
    "ledger_import.apply": "写入台账",
    "ledger_import.fail": "停止",
    "ledger_import.answer": "答复待确认的行",
    "ledger_import.answer_later": "导入后答复待确认的行",
    "ledger_import.register_answered": "登记已确认的行",
    "ledger_import.wipe": "清除涉密的行",
    "ledger_import.undo": "申请撤销",
    "ledger_import.finish_undo": "撤销导入",
    "ledger_import.keep": "停止撤销",
}
FIELDS = {
    "red_head": "红头",
    "notice_place": "公示地点",
    "from": "原状态",
    "to": "新状态",
    "code": "理由代码",
    "message": "理由",
    "article": "条款",
    "count": "数量",
    "name": "名称",
    "status": "转化状态",
    "stage": "阶段",
    "value": "转化价值",
    "mode": "转化方式",
    "reason": "原因",
    "hash": "内容哈希",
    "state": "状态",
    "acr": "认证强度",
    "achievement": "成果",
    "notice": "公示",
    "objection": "异议",
    "application": "赋权申请",
    "codes": "手续",
    "list": "清单版本",
    "result": "结果",
    "field": "字段",
    "number": "编号",
    "first": "起始编号",
    "last": "截止编号",
    "source": "来源",
    "changed": "修改的字段",
    "signed_on": "签署日期",
    "effective_on": "生效日期",
    "version": "版本",
    "document": "文件",
    "guideline": "试点类型",
    "first_day": "起始日期",
    "last_day": "截止日期",
    "remark": "备注",
    "agency": "协助机构",
    "filter": "筛选条件",
    "sha256": "文件哈希",
    "file": "文件哈希",
    "bytes": "字节数",
    "valid": "可以导入",
    "questions": "待人工确认",
    "refused": "退回",
    "left_out": "不导入",
    "joined": "计为又一次转化",
    "as_of": "台账截止日期",
    "first_number": "起始编号",
    "last_number": "截止编号",
    "rows": "行数",
    "answers": "答复",
    "columns": "列的对应",
    "units": "金额单位",
    "wiped": "清除的行",
    "name_hash": "姓名散列值",
    "roles": "角色",
    "scopes": "可以办理的事项",
    "permissions": "委托的事项",
    "successor": "接替人编号",
    "delegations": "结束的委托",
    "disclosures": "移交的成果披露",
    "applications": "移交的赋权申请",
    "views": "移交的台账视图",
    "machines": "移交的接口凭据",
    "completer": "完成人编号",
    "decisions_count": "决定",
    "personal": "含个人信息",
}
# What a state is called, by kind of case.
STATES: Mapping[str, Mapping[str, str]] = {
    "achievement": ledger.ACHIEVEMENT_STATES,
    "disclosure": disclosure.DISCLOSURE_STATES,
    "ledger_import": importing.STATES,
    "notice": notices.STATES,
    "objection": notices.OBJECTION_STATES,
    "empowerment": empowerment.STATES,
    "list_version": negative_list.STATES,
    "organisation": {"active": "使用中", "suspended": "已暂停"},
    "organisation_merger": {"proposed": "待确认", "confirmed": "待办理", "withdrawn": "已撤回", "done": "已办理"},
    "pack_activation": {"proposed": "待确认", "confirmed": "已确认", "withdrawn": "已撤回"},
}
Change = tuple[str, str, str]


def is_business(kind: str) -> bool:
    """Whether entries about a kind of object tell of the unit's achievements; the others tell of accounts and the platform."""
    return kind not in ADMINISTRATION


def action_label(action: str) -> str:
    """``notice.publish`` → 单位内部公示：发布."""
    kind, _, verb = action.partition(".")
    return f"{KINDS.get(kind, kind)}：{VERBS.get(action) or VERBS.get(verb, verb)}" if verb else KINDS.get(kind, kind)


def kind_label(kind: str) -> str:
    return KINDS.get(kind, kind)


def changes_of(kind: str, details: Mapping[str, Any]) -> list[Change]:
    """(field, before, after) of an entry: from ``changes`` ({field: [before, after]}), ``before`` and ``after``, or a move."""
    found: list[Change] = []
    changes = details.get("changes")
    if isinstance(changes, Mapping):
        for field, pair in changes.items():
            if isinstance(pair, Mapping):
                found.append((_field(field), _plain(pair.get("before")), _plain(pair.get("after"))))
            elif isinstance(pair, list) and len(pair) == 2:
                found.append((_field(field), _named(field, pair[0]), _named(field, pair[1])))
    before, after = details.get("before"), details.get("after")
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        found += [(_field(f), _plain(before.get(f)), _plain(after.get(f))) for f in sorted({*before, *after})]
    if "from" in details and "to" in details:
        found.append(("状态", _state(kind, details["from"]), _state(kind, details["to"])))
    return found


def facts_of(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What else an entry says."""
    shown = {
        "changes",
        "from",
        "to",
        "decisions",
        "on_behalf_of",
    }  # the hashes of decisions are for the decision file, not for reading
    if isinstance(details.get("before"), Mapping) and isinstance(details.get("after"), Mapping):
        shown |= {"before", "after"}
    return [
        (_field(name), _named(name, value))
        for name, value in details.items()
        if name not in shown and value is not None
    ]


def _named(field: str, value: Any) -> str:
    """A value in words; codes of roles and permissions by what they are called."""
    if isinstance(value, list) and field == "roles":
        return "、".join(labels_of(value)) or "（空）"
    if isinstance(value, list) and field in ("permissions", "scopes"):
        return "、".join(permission_label(one) for one in value)
    return _plain(value)


def _state(kind: str, value: Any) -> str:
    return STATES.get(kind, {}).get(str(value), _plain(value))


def _field(name: str) -> str:
    return FIELDS.get(name, name)


def _plain(value: Any) -> str:
    if value is None or value == "":
        return "（空）"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(_plain(item) for item in value)
    if isinstance(value, Mapping):
        return "；".join(f"{_field(str(name))} {_plain(item)}" for name, item in value.items())
    return str(value)
