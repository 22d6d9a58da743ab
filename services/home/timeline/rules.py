"""How the events of an achievement's cases are told: their words, which part of the way they belong to, their article."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.policy.answer import Citation
from shared.policy.pack import Pack

PHASES: Mapping[str, str] = {
    "disclosed": "披露",
    "registered": "登记入账",
    "applied": "申请赋权",
    "noticed": "公示",
    "agreed": "签署协议",
    "converted": "转化与合同金额",
}


@dataclass(frozen=True, slots=True)
class Words:
    """``path`` leads to the article in the pack, filled with the case's own values; ``unnamed``: who did it is not told."""

    label: str
    phase: str = ""
    path: str = ""
    tone: str = "blue"
    unnamed: bool = False


_EVENTS: Mapping[str, Mapping[str, Words]] = {
    "disclosure": {
        "submitted": Words("提交披露", "disclosed", "fields.disclosure"),
        "returned": Words("披露退回修改", "disclosed", "steps.disclosure", "red"),
        "registered": Words("核实通过", "disclosed", "steps.disclosure", "green"),
    },
    "achievement": {
        "registered": Words("登记入账", "registered", "fields.ledger", "green"),
        "corrected": Words("更正台账", "", "ledger"),
        "stage_recorded": Words("登记阶段", "", "stage"),
        "payment_recorded": Words("登记到账", "converted", "", "green"),
        "payment_corrected": Words("更正到账", "converted", "", "blue"),
        "conversion_recorded": Words("登记转化", "converted", "enumerations.mode", "green"),
        "quarantined": Words("隔离", tone="red"),
        "released": Words("解除隔离"),
        "wiped": Words("清除", tone="red"),
        "revoked": Words("撤销登记", tone="red"),
    },
    "empowerment": {
        "submitted": Words("提交赋权申请", "applied", "application"),
        "screened": Words("负面清单排查通过", "applied", "screening"),
        "held": Words("排查暂缓", "applied", "screening", "yellow"),
        "excluded": Words("不纳入赋权范围", "applied", "screening", "red"),
        "rescreened": Words("对照现行清单重新排查", "applied", "screening"),
        "assessed": Words("可行性评估通过", "applied", "feasibility"),
        "found_infeasible": Words("可行性评估不通过", "applied", "feasibility", "red"),
        "step_recorded": Words("登记办理结果", "applied", "steps.empowerment"),
        "agreed": Words("签署赋权协议", "agreed", "agreements.{grant}", "green"),
        "formalised": Words("权属手续办结", "agreed", "agreements.{grant}.formalities", "green"),
        "returned": Words("申请退回补正", "applied", "steps.empowerment", "red"),
        "rejected": Words("审核不通过", "applied", "steps.empowerment", "red"),
        "withdrawn": Words("撤回申请", "applied", "", "secondary"),
        "rules_followed": Words("改按新的政策版本办理", "applied"),
    },
    "notice": {
        "published": Words("发布公示", "noticed", "notices.{kind}.days"),
        "changed": Words("更正公示内容", "noticed", "notices.{kind}.restarts_on_change"),
        "interrupted": Words("公示中断", "noticed", "notices.{kind}.offline_limit_hours", "yellow"),
        "objected": Words("收到异议", "noticed", "notices.{kind}.objections", "orange", unnamed=True),
        "ended": Words("公示结束", "noticed", "notices.{kind}.days", "green"),
        "withdrawn": Words("撤回公示", "noticed", "", "red"),
    },
}


def words_of(case_kind: str, event: str) -> Words | None:
    """How an event is told; None for one that is a step of the platform alone (a draft begun, the notice seen from the case)."""
    return _EVENTS.get(case_kind, {}).get(event)


def cited(pack: Pack, path: str) -> Citation | None:
    """The article of a path; None where the pack says nothing there, so that no other article stands in for it."""
    inside = f"{path}."
    if not any(known == path or known.startswith(inside) for known in pack.paths()):
        return None
    return pack.citation(path)
