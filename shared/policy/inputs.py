"""What an answer or a refusal rested on, as a page tells it: each fact by its Chinese name and in words, never an id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from shared.clock import SHANGHAI
from shared.policy.pack import Pack

# Each fact that a finding or a refusal names; a test holds that none is missing.
FACTS: dict[str, str] = {
    "achievement": "成果", "achievement_type": "成果类型", "act": "行为", "amount": "金额（元）", "answer": "答复",
    "answers": "排查答复", "appraisal": "评估值（元）", "appraised": "已评估", "approved_on": "批准日期",
    "as_of": "统计时点", "audience": "公示范围", "base_amount": "基数（元）", "began_on": "进入台账日期",
    "began_under": "受理时的版本", "belongs_to_unit": "归本单位所有", "buyer_in_province": "受让方在省内",
    "buyer_size": "受让方规模", "buyer_state_share": "受让方国有比例", "changed": "已变动的报告",
    "chosen": "所选日期", "clauses": "已写条款", "closing": "年末", "co_ownership": "共有方式", "code": "代码",
    "codes": "成果编号", "complaint": "有反映", "conclusion": "结论", "conditions": "赋权条件", "confirmed": "已确认",
    "consultation_closed": "征求意见已结束", "conversion_mode": "转化模式", "converted": "已转化",
    "criteria": "开发阶段的条件", "date": "日期", "day": "日期", "days": "天数", "decision": "评估决定",
    "declared": "填报的阶段", "determined": "已共同确定", "determined_on": "确定日期", "dimension": "分项",
    "dimensions": "评估维度", "document": "依据文件", "done": "已办步骤", "done_on": "办理日期", "due": "截止日期",
    "due_on": "截止日期", "edition": "报送次数", "effective_on": "生效日期", "end": "届满日", "ended": "已终止",
    "ended_at": "结束时间", "ended_on": "终止日期", "enumeration": "代码表", "event_on": "起算日期",
    "evidence": "佐证材料", "exists": "已有", "expected": "应为", "expert_record": "有专家审核记录", "field": "栏目",
    "finding": "认定", "finding_document": "认定文件", "findings": "认定情况", "first_day": "起始日期",
    "first_entry": "首次入账", "from": "开始", "frozen_at": "冻结时间", "funding": "经费来源",
    "grant_mode": "赋权方式", "grant_type": "赋权类型", "guideline": "改革事项", "happened_on": "发生日期",
    "held": "已有材料", "held_on": "会议日期", "holder": "所在成果", "in": "增加", "in_office_until": "任职至",
    "incentives": "已有激励", "income_on": "到账日期", "item_answers": "逐项答复", "items": "清单条目",
    "kind": "公示种类", "last_day": "最后一天", "limit": "上限", "line": "报表行", "lines": "报表", "list": "清单",
    "list_in_force": "现行清单", "lost_on": "丧失日期", "marked_on": "标识日期", "materials": "申请材料",
    "medium": "渠道", "memberships": "试点资格", "met": "符合", "missing": "缺少", "net_income": "净收入（元）",
    "newest": "最新版本", "not_before": "不早于", "notice": "公示", "now": "办理时间", "number": "号码",
    "objections": "异议", "offline": "中断", "on": "日期", "open_case": "有在办事项", "opening": "年初",
    "opinions": "意见数", "opinions_heard": "已听取意见", "out": "减少", "ownership": "权属份额",
    "paid_on": "发放日期", "position": "职务", "posted": "正在公示", "previous": "上一版",
    "previous_on": "上一版生效日期", "procedure": "流程", "provided": "已提供", "published_at": "发布时间",
    "published_on": "发布日期", "reached": "接收单位", "reason": "理由", "received_at": "收到时间",
    "received_on": "到账日期", "recipient": "接收单位", "recipients": "接收单位", "recorded_at": "登记时间",
    "remaining_protection_end": "法律保护届满日", "report": "报告", "representative": "代表", "required": "要求",
    "restarts": "重新计算", "result_published": "已公布结果", "reviewers": "评审人员",
    "reward_amount": "奖励金额（元）", "right": "权利种类", "rows": "已使用的成果", "same_name": "同名成果",
    "scope": "激励范围", "selected_by_document": "遴选文件列入", "selected_on": "遴选日期", "sender": "报送人",
    "sent_on": "报送日期", "share": "比例", "shares": "份额", "signed_on": "签署日期", "since": "变更生效日",
    "situations": "情形", "source": "经费来源", "stage": "阶段", "start": "起算日期", "state": "状态",
    "stated": "所填", "status": "转化状态", "step": "步骤", "submitted_at": "报送时间", "team": "团队",
    "team_share": "团队份额", "term": "使用期限", "third_party_notice_days": "第三方公示天数", "to": "结束",
    "today": "今天", "triggers": "公示情形", "type": "成果类型", "unanswered": "未答复的意见", "unit": "单位",
    "unit_kind": "单位类型", "unit_rules": "已有单位制度", "unit_target_days": "单位自定天数",
    "unit_traits": "单位属性", "uploaded_on": "上次上传日期", "valid": "可导入的行", "version": "版本",
    "wanted": "应办", "year": "年度",
}  # fmt: skip
# Named for machines only: ids, and what the message says already.
SILENT = frozenset({"case", "move", "person", "hash", "import_id", "found"})
# Where a fact's values are codes: the sections of a pack that name them.
_SECTIONS: dict[str, str] = {
    "achievement_type": "enumerations.achievement_type", "type": "enumerations.achievement_type",
    "status": "enumerations.status", "declared": "enumerations.stage", "funding": "enumerations.funding",
    "unit_kind": "enumerations.unit_kind", "unit_traits": "enumerations.trait", "position": "enumerations.position",
    "co_ownership": "enumerations.co_ownership", "recipient": "enumerations.authority",
    "recipients": "enumerations.authority", "evidence": "enumerations.evidence", "held": "enumerations.evidence",
    "grant_type": "grant_types", "grant_mode": "grant_modes", "guideline": "guidelines", "list": "negative_lists",
    "kind": "notices", "report": "reports", "step": "steps.empowerment", "done": "steps.empowerment",
    "conversion_mode": "conversion_modes", "conditions": "conditions", "answers": "screening_categories",
    "dimensions": "feasibility", "criteria": "stage.criteria", "materials": "fields.application",
    "wanted": "steps.empowerment",
}  # fmt: skip
_WORDS = {
    "yes": "是", "no": "否", "suspected": "疑似", "violates": "违背", "no_violation": "不违背", "open": "未处理",
    "settled": "已处理", "upheld": "成立", "withdrawn": "已撤回", "late": "期满后提出", "answered": "已答复",
    "feasible": "可行", "not_feasible": "不可行", "conversion": "转化", "achievement": "成果", "unit": "单位",
    "team": "团队", "competent": "主管部门",
}  # fmt: skip
_SHOWN = 6
_LONGEST = 60


def inputs_in_words(pack: Pack, inputs: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """(name, value in words) of each fact, in the order given; ids of people and cases are left out."""
    told = ((FACTS[key], _value(pack, key, value)) for key, value in inputs.items() if key in FACTS)
    return tuple((label, words) for label, words in told if words)


def _value(pack: Pack, key: str, value: Any) -> str:
    match value:
        case None | "":
            return "（无）"
        case bool():
            return "是" if value else "否"
        case UUID():
            return ""
        case datetime():
            return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
        case str():
            return _text(pack, key, value)
        case Mapping():
            return _joined(_pairs(pack, key, value), "；")
        case Iterable():
            return _joined([words for one in value if (words := _value(pack, key, one))], "、", len(list(value)))
        case _:
            return str(value)


def _pairs(pack: Pack, key: str, value: Mapping[str, Any]) -> list[str]:
    """A table of facts as name and value; a name that is an id is left out."""
    pairs = []
    for name, one in value.items():
        if name in SILENT:
            continue
        words = _value(pack, str(name), one)
        label = "" if _is_id(str(name)) else _coded(pack, key, str(name)) or FACTS.get(str(name)) or str(name)
        if words:
            pairs.append(f"{label} {words}".strip())
    return pairs


def _text(pack: Pack, key: str, value: str) -> str:
    if _is_id(value):
        return ""
    if "T" in value:
        try:
            return f"{datetime.fromisoformat(value).astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        except ValueError:
            pass
    told = _coded(pack, key, value) or _WORDS.get(value) or value
    return told if len(told) <= _LONGEST else f"{told[:_LONGEST]}…"


def _joined(words: Sequence[str], mark: str, count: int | None = None) -> str:
    """At most six of them; a list that has only ids says how many."""
    if not words:
        return f"{count} 项" if count else "（无）"
    more = f" 等 {len(words)} 项" if len(words) > _SHOWN else ""
    return mark.join(words[:_SHOWN]) + more


def _coded(pack: Pack, key: str, code: str) -> str:
    """The pack's label of a code; empty where it has none."""
    named, anywhere = _labels(pack)
    section = _SECTIONS.get(key)
    return named.get(f"{section}.{code}", "") if section else anywhere.get(code, "")


@lru_cache(maxsize=32)
def _labels(pack: Pack) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """(labels by path, labels by code alone); of a code that two sections name otherwise, none."""
    named = {
        path.removesuffix(".label"): str(pack.value(path).value) for path in pack.paths() if path.endswith(".label")
    }
    anywhere: dict[str, set[str]] = {}
    for path, label in named.items():
        anywhere.setdefault(path.rpartition(".")[2], set()).add(label)
    return named, {code: next(iter(labels)) for code, labels in anywhere.items() if len(labels) == 1}


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
