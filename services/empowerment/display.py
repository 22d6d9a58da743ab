"""How a case is shown: its state by the pack's own names, its steps with who and when, its texts."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.empowerment import queries, rules, workflow
from services.empowerment.models import STATES, State
from shared.policy.pack import Pack
from tenants.people import doer

_ACT_OF_EVENT = {
    "submitted": "apply",
    "screened": "screen",
    "rescreened": "screen",
    "held": "screen",
    "excluded": "screen",
    "assessed": "assess",
    "found_infeasible": "assess",
    "noticed": "announce",
    "agreed": "sign",
    "formalised": "formalities",
}
EVENT_LABELS = {
    "begun": "建立草稿",
    "submitted": "提交申请",
    "screened": "排查通过",
    "held": "排查暂缓",
    "excluded": "不纳入赋权范围",
    "rescreened": "重新排查",
    "assessed": "评估可行",
    "found_infeasible": "评估不可行",
    "noticed": "发布公示",
    "step_recorded": "登记办理结果",
    "agreed": "签署协议",
    "formalised": "手续办结",
    "returned": "退回补正",
    "rejected": "审核不通过",
    "withdrawn": "撤回申请",
    "rules_followed": "改按新的政策版本办理",
    "handed_on": "交接给接替人",
}
FIELD_LABELS = {
    "representative_id": "代表",
    "grant_mode": "赋权方式",
    "materials": "其他申请材料",
    "explanation": "成果说明",
    "team_information": "团队信息",
    "plan": "转化方案",
    "conditions": "赋权条件",
    "unit_share": "单位权属比例",
    "team_share": "完成人权属比例",
    "co_ownership": "共有方式",
    "term_first_day": "使用期限起始日",
    "term_last_day": "使用期限届满日",
    "protection_last_day": "法律保护届满日",
    "members": "团队确认与内部分配比例",
}


def grant_label(pack: Pack, grant_type: str) -> str:
    rule = pack.content.grant_types.get(grant_type)
    return rule.label if rule else grant_type


def state_label(found: queries.Application, steps: Sequence[rules.Step]) -> str:
    """Where a case stands: the step that it waits for by the pack's own name, where the state alone does not say it."""
    current = workflow.current_step(found, steps)
    if found.state not in (State.STEP, State.NOTICED, State.AGREED) or current is None:
        return STATES[State(found.state)]
    if current.act == "record":
        return f"待{current.label}"
    announced = rules.step_doing("announce", steps) is not None
    return STATES[State(found.state)] if announced or current.act != "sign" else f"待{current.label}"


def steps_shown(
    found: queries.Application, events: list[Any], names: Mapping[UUID, str], steps: Sequence[rules.Step]
) -> list[dict[str, Any]]:
    latest: dict[str, Any] = {}
    for event in reversed(events):
        act = _ACT_OF_EVENT.get(event.event)
        doing = rules.step_doing(act, steps) if act else None
        code = doing.code if doing else (event.details or {}).get("step")
        if code:
            latest[code] = event
    at = workflow.current_step(found, steps)
    current = at.code if at else None
    shown, over = [], current is not None
    for step in steps:
        event = latest.get(step.code)
        over = over and step.code != current
        shown.append(
            {
                "code": step.code,
                "act": step.act,
                "label": step.label,
                "actor": step.actor,
                "current": step.code == current,
                "done": event is not None and (over or current is None),
                "at": event.at if event else None,
                "who": doer(event, names, "") if event else "",
                "what": EVENT_LABELS.get(event.event, "") if event else "",
                "details": (event.details or {}) if event else {},
                "papers": dict(step.evidence),
                "source": step.citation,
            }
        )
    return shown


def history_shown(events: list[Any], names: Mapping[UUID, str]) -> list[dict[str, Any]]:
    tones = {"returned": "red", "rejected": "red", "excluded": "red", "found_infeasible": "red", "agreed": "green"}
    shown = []
    for event in events:
        changed = (event.details or {}).get("changed") or ()
        words = "修改了：" + "、".join(FIELD_LABELS.get(name, name) for name in changed) if changed else ""
        shown.append(
            {
                "label": EVENT_LABELS.get(event.event, event.event),
                "actor": doer(event, names),
                "at": event.at,
                "tone": tones.get(event.event, "blue"),
                "text": "；".join(part for part in (event.reason, words) if part),
                "changes": None,
            }
        )
    return shown


def texts_shown(found: queries.Application, pack: Pack) -> list[tuple[str, str]]:
    """(label, text) of what was handed in, in the order of the pack."""
    columns = rules.COLUMN_OF_MATERIAL
    given = {code: getattr(found, name) or "" for code, name in columns.items()} | (found.materials or {})
    labels = {code: one.label for code, one in pack.content.fields.get("application", {}).items()}
    named = {code: FIELD_LABELS[name] for code, name in columns.items()}
    return [({**named, **labels}.get(code, code), words) for code, words in given.items() if words]


def returnable(pack: Pack, found: queries.Application) -> list[tuple[str, str]]:
    """What of an application can be named when it is sent back: the fields that its right is asked for."""
    rule = pack.content.grant_types.get(found.grant_type)
    left_out = set() if rule and rule.asks_shares else {"unit_share", "team_share", "co_ownership"}
    if not (rule and rule.asks_term):
        left_out |= {"term_first_day", "term_last_day", "protection_last_day"}
    if not pack.content.grant_modes:
        left_out.add("grant_mode")
    return [(name, label) for name, label in FIELD_LABELS.items() if name not in left_out]
