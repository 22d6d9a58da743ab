"""What the keys and words of a pack are called in Chinese, for people who read rules and not files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.policy.pack import Pack

# Each key of the schema; a test holds that none is missing.
KEYS: dict[str, str] = {
    "accounting": "记账提示", "act": "行为", "actor": "办理人", "acts": "适用的行为", "addressed_to": "发送",
    "advisory_traits": "可参照执行的单位", "after": "在何步骤之后", "after_notice": "须先经的公示", "agreements": "协议",
    "amount_required_for": "须填金额的状态", "any_of": "任一即可", "application": "申请", "appraisal": "资产评估",
    "appraisal_for": "记评估值的状态", "approvals": "审批备案", "approved_by": "批准", "approver": "审批机关",
    "as_of": "统计时点", "ask": "解释或确认单位", "asks": "须回答的问题", "audience": "公示范围", "banner": "页面提示",
    "base": "计算基数", "basic": "基本信息", "basics_only_for": "只公示基本信息的类型", "basis": "制定依据",
    "blocks_on": "何时排除", "blocks_per": "不得并用的范围", "buyer_sizes": "受让方规模", "by_buyer": "按受让方",
    "cap_years_from_creation": "自创作完成最长年数", "cash": "现金奖励", "clauses": "条款", "co_ownership": "共有方式",
    "comparator": "天数要求", "component": "会计要素", "conditions": "赋权条件", "consensus": "团队须一致同意",
    "consequence": "后果", "considerations": "须考虑的因素", "content": "公示内容", "contents": "报告内容",
    "continues_for": "期满后继续的权利", "continues_needs": "继续的前提", "contract_counts_first_day": "合同期限计入首日",
    "conversion_modes": "特殊转化模式", "copies": "抄送", "counter_allowed": "能否当面登记", "counting": "期限计算",
    "counts_as_achievement": "计为成果", "counts_first_day": "计入首日", "covers": "涵盖", "criteria": "认定标准",
    "cumulative_years": "累计年数", "day": "日", "days": "天数", "deadline": "期限", "deadlines": "期限",
    "decided_by": "确定者", "decided_on": "确定日期", "default": "默认", "description": "说明",
    "disclosure": "披露",
    "disputed_days": "有争议的日期", "documents": "文件", "due_entered_yearly": "日期每年另定", "duties": "其他要求",
    "duty": "义务程度", "effect": "影响", "effective_from": "施行日期", "effective_to": "施行至",
    "empty_allowed_for": "金额可空的状态", "ends_on_year_end": "止于年末", "empowerment": "赋权",
    "enumerations": "代码", "equity": "股权奖励",
    "event": "起算事件", "evidence": "佐证材料", "excluded": "不适用", "excluded_positions": "不适用的职务",
    "excluded_traits": "不适用的单位", "exclusivity": "不重复激励", "exemption": "尽职免责",
    "extension_findings": "延长须认定", "feasibility": "可行性评估", "fee_split": "费用分担", "fields": "字段",
    "filed_with": "备案机关", "filing_deadline": "备案期限", "finding_by": "认定单位", "first_day": "起始日",
    "first_term_years": "首期年数", "fixed_date_rolls_over": "固定日期遇休息日顺延", "floor": "价格下限",
    "formalities": "签署后手续", "former_entries_stay": "移出条目继续可查", "frequency_for": "计频次的状态",
    "full_ownership": "可赋予全部所有权", "funding": "经费来源", "governed_by": "在办事项适用版本",
    "grant_modes": "赋权方式", "grant_types": "赋权类型", "group": "分组", "groups": "适用的组", "guidance": "告知",
    "guidelines": "适用范围和有效期", "help_only": "仅供参考", "id": "代号", "idle": "闲置", "in_base": "计入下年基数",
    "in_force": "施行日期", "in_limit": "受总量限制", "in_total": "计入总量", "issued": "印发日期", "issuer": "印发机关",
    "item_by_item": "逐项排查", "key_technology_guidance": "关键技术告知", "key_technology_question": "关键技术的提问",
    "label": "名称", "last_day": "最后一天", "leaders": "正职领导", "ledger": "台账登记", "legal_state": "法律状态",
    "length": "长度", "level": "层级", "list": "清单", "list_required": "须有清单", "maximum": "最高", "medium": "报送方式",
    "methods": "定价方式", "minimum": "最低比例", "minimum_share": "最低份额", "minimum_years": "最短年数",
    "modality": "力度", "mode": "执行方式", "money": "收入和基金", "month": "月", "month_end": "月底", "national": "通用代码",
    "needs": "须有的材料", "needs_answers": "须答复意见", "needs_consultation": "须征求意见", "needs_experts": "须专家审核",
    "needs_joint_determination": "须共同确定", "needs_notice": "须公示", "needs_project_contract": "须有项目合同",
    "needs_report": "须报告", "negative_lists": "负面清单", "no_objection": "须无异议", "note": "说明", "notice": "公示",
    "notices": "公示", "number": "发文字号", "numbered": "编号", "objection_procedure": "异议程序", "objections": "异议的效力",
    "offline_limit_hours": "中断上限（小时）", "one_grant_type": "只选一种权利", "open_list": "开放列举",
    "opened_by_document": "未列名单位可由文件列入", "opinions_heard": "须听取意见", "optional": "可选",
    "or_remaining_protection": "或法律保护剩余期限", "other": "另一读法", "outside_system": "不在本平台办理",
    "owner": "制定者", "parent": "继承", "pay_year": "计入年度", "place": "地域", "positions": "职务", "predecessor": "前一文件",
    "prices": "定价", "procedure_published": "须公开程序", "protection_terms": "法定保护期", "proven": "证实后",
    "published": "须公布", "purpose": "用途", "question": "问题", "reading": "口径", "readings": "口径", "receiver": "受益人",
    "recipients": "报送给", "reports": "报告", "representative": "须有代表", "required": "必填",
    "required_traits": "须具备的单位属性", "rescreen_at_signing": "签署时再次排查", "restarts_on_change": "内容变更重新公示",
    "result": "结果", "result_published": "须公布结果", "rewards": "奖励", "rolls_over": "遇休息日顺延", "rules": "规则编号",
    "screening": "排查", "screening_categories": "排查情形", "secret": "涉密提问", "selection": "遴选方式", "sender": "报送人",
    "share_required": "须写份额", "short_title": "简称", "shown": "显示", "signs": "标志", "situation": "情形",
    "skip_when": "可略过的情形", "source": "来源", "sources": "来源", "stage": "阶段", "stages": "报送环节",
    "starts": "起算", "stays_with_unit": "留归单位", "steps": "步骤", "sub_labels": "细分", "surplus_sources": "结余来源",
    "suspected_guidance": "疑似涉密的告知", "text": "要求", "title": "名称", "trade_blocked_in_office": "任职期间不得交易",
    "treatment": "处理", "trigger_mode": "触发方式", "triggers": "触发情形", "types": "成果类型", "unique_name": "名称不重复",
    "unit": "时间单位", "unit_kinds": "单位类型", "unit_may_set": "单位可自定", "unit_must_set_days": "天数由单位规定",
    "unit_rules": "须有的单位制度", "unit_sets_date": "日期由单位自定", "unknown_total_to_person": "总价不明由人认定",
    "until": "直至", "used": "采用", "venue_mode": "地点要求", "venues": "公示地点", "verified_before_entry": "核实后登记",
    "version": "版本", "waits_for_notice": "等待公示", "warns_per": "提示的范围", "when": "适用情形",
    "window_starts": "期间起算", "window_years_maximum": "最长年数", "window_years_minimum": "最短年数",
    "with_conversion_contract": "随转化合同", "written": "书面", "written_application": "须书面申请",
    "written_split": "须书面约定分配", "years": "年数",
}  # fmt: skip

WORDS: dict[str, dict[str, str]] = {
    "modality": {"must": "应当", "may": "可以", "encouraged": "鼓励"},
    "comparator": {"=": "恰为", ">=": "不少于", "<=": "不多于", ">": "多于"},
    "unit": {"day": "自然日", "working_day": "工作日", "month": "月", "year": "年"},
    "governed_by": {"pinned": "沿用受理时的版本", "newest": "依最新版本"},
    "selection": {"selected": "经遴选的单位", "all": "全部单位"},
    "legal_state": {"draft": "征求意见稿", "trial": "试行", "in_force": "施行", "repealed": "废止"},
    "mode": {"enforced": "强制", "advisory": "参考"},
    "audience": {"internal": "单位内部", "public": "向社会"},
    "objections": {"block": "异议处理完毕前不得办理", "recorded": "只登记", "not_stated": "未规定"},
    "duty": {"must": "应当", "encouraged": "鼓励", "optional": "自愿"},
    "fee_split": {"by_share": "按份额", "by_agreement": "按约定", "not_stated": "未规定"},
    "owner": {"province": "省", "unit": "单位"},
}
# Where the values of a key are codes of an enumeration.
CODES = {
    "actor": "actor", "approver": "authority", "copies": "authority", "recipients": "authority",
    "filed_with": "authority", "sender": "actor", "unit_kinds": "unit_kind", "venues": "venue", "any_of": "evidence",
    "evidence": "evidence", "needs": "evidence", "types": "achievement_type", "basics_only_for": "achievement_type",
    "acts": "mode", "positions": "position", "co_ownership": "co_ownership", "extension_findings": "extension_finding",
    "funding": "funding", "sources": "funding", "unit_rules": "unit_rule",
}  # fmt: skip
# Where the values of a key name entries of a section.
_ENTRIES = {
    "after_notice": "notices",
    "deadline": "deadlines",
    "filing_deadline": "deadlines",
    "list": "negative_lists",
}
MODALITIES = WORDS["modality"]
# Sections that say what something is, not what somebody ought to do.
DEFINITIONS = frozenset({"guidelines", "counting", "enumerations", "protection_terms", "readings", "accounting"})


def path_in_words(pack: Pack, path: str) -> str:
    """A dotted path as people read it: ``notices.empowerment.days`` is 赋权信息公示 · 天数."""
    parts = path.split(".")
    return " · ".join(_segment(pack, parts, place) for place in range(len(parts)))


def _segment(pack: Pack, parts: list[str], place: int) -> str:
    name = parts[place]
    words = "question" if parts[0] == "readings" else "label"
    label = _given(pack, ".".join([*parts[: place + 1], words])) if place else None
    return str(label or KEYS.get(name) or pack.label("national_" + parts[0], name))


def _given(pack: Pack, path: str) -> Any:
    try:
        return pack.value(path).value
    except KeyError:
        return None


def value_in_words(pack: Pack, path: str, value: Any) -> str:
    """A value as people read it: codes by their labels, yes and no, dates in ISO form; shares and numbers as they are."""
    key = path.rpartition(".")[2]
    match value:
        case bool():
            return "是" if value else "否"
        case list() | tuple():
            return "、".join(value_in_words(pack, path, one) for one in value) or "（无）"
        case Mapping():
            return "、".join(str(one) for one in value)
        case str() if key in WORDS and value in WORDS[key]:
            return WORDS[key][value]
        case str() if key in _ENTRIES:
            return str(_given(pack, f"{_ENTRIES[key]}.{value}.label") or value)
        case str() if key == "reading":
            return str(_given(pack, f"readings.{value}.question") or value)
        case str() if key in CODES:
            return pack.label(CODES[key], value)
        case _:
            return str(value)


def modality_of(pack: Pack, path: str) -> str:
    """应当, 可以 or 鼓励, as the entry of a value says; empty where the section only defines."""
    if path.partition(".")[0] in DEFINITIONS:
        return ""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        found = _given(pack, ".".join([*parts[:length], "modality"]))
        if found is not None:
            return MODALITIES[str(found)]
    return MODALITIES["must"]


# What each question asks; a test holds that none is missing.
QUESTIONS: dict[str, str] = {
    "accounting.hint": "记账提示", "agreement.clauses": "协议条款", "agreement.formalities": "签署后手续",
    "agreement.may_sign": "能否签署协议", "agreement.outlives": "试点结束后协议是否继续", "appraisal.duty": "是否须评估",
    "approval.required": "是否须审批", "asset.mark": "资产单独标识", "case.version": "在办事项适用哪个版本",
    "cash_reward.year": "现金奖励计入哪一年", "conversion.mode": "转化方式", "deadline.due": "期限",
    "disclosure.evidence": "披露的佐证材料", "disclosure.fields": "披露的字段", "duty.done": "职责是否办完",
    "empowerment.may_apply": "能否申请赋权", "equity.disposal": "股权处置", "exemption.dossier": "尽职免责材料",
    "feasibility.dimensions": "可行性评估的维度", "feasibility.recorded": "可行性评估", "fee.split": "费用分担",
    "fund.minimum": "基金最低比例", "grant.count": "赋权计数", "grant.mode": "赋权方式", "idle.triggers": "闲置的后果",
    "incentive.may_enter": "能否登记激励", "leader.equity": "正职领导持股", "leader.trade": "正职领导交易股权",
    "ledger.code": "台账代码", "ledger.enumerations": "台账代码表", "ledger.fields": "台账字段", "ledger.frequency": "转化频次",
    "ledger.name": "成果名称", "ledger.research_start": "研究起始", "ledger.stage": "成果阶段", "ledger.totals": "台账合计",
    "ledger.value": "转化价值", "list.entry_state": "清单条目是否有效", "list.kinds": "负面清单种类",
    "list.may_publish": "能否发布清单", "list.unit": "单位负面清单", "notice.content": "公示内容",
    "notice.latest_posting": "最迟何时公示", "notice.period": "公示期", "notice.required": "是否须公示",
    "objection.effect": "异议的效力", "person.may_erase": "能否删除个人信息", "pilot.covers": "是否属试点", "price.check": "定价",
    "procedure.steps": "办理步骤", "report.balance": "报告数字是否平衡", "report.due": "报告截止日期",
    "report.freeze": "报告冻结", "report.open": "待报送的报告", "report.recipient": "报告报送对象",
    "report.stages": "报告的报送环节", "reward.minimum": "最低奖励比例", "screening.questions": "负面清单排查的提问",
    "screening.result": "负面清单排查结果", "secret.gate": "涉密提问", "step.may_take": "能否办理这一步",
    "surplus.in_ledger": "结余是否入账", "term.extension": "期限延长", "term.protection": "法定保护期",
    "term.use_right": "使用权期限",
}  # fmt: skip
