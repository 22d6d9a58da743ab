"""The workbench: what waits, what runs, how much there is; gathered from each slice's own queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from services.annual_report import todos as report_todos
from services.annual_report.internal import queries as internal_reports
from services.empowerment import queries as empowerment
from services.empowerment import todos as empowerment_todos
from services.empowerment.models import State
from services.home import queries as own
from services.ledger import queries as ledger
from services.ledger.claiming import queries as claiming
from services.ledger.disclosure import queries as disclosure
from services.ledger.helping import queries as helping
from services.ledger.importing import queries as importing
from services.ledger.listing import Filters, LedgerPage, ledger_page
from services.ledger.losses import queries as losses
from services.ledger.rights import queries as rights
from services.ledger.screening import queries as screening
from services.notices import queries as notices
from services.notices import rules as notice_rules
from services.notices import todos as notice_todos
from services.notices.queries import Notice
from services.pilot import queries as pilots
from services.pilot.queries import Validity
from shared.db.transaction import Transaction
from shared.policy.answer import Citation
from shared.todo import Source, Todo, waiting_for
from tenants.packs import governing

# Every slice says what it has for people; one line per slice or room.
SOURCES: tuple[Source, ...] = (
    notice_todos.todos,
    empowerment_todos.todos,
    rights.todos,
    losses.todos,
    screening.todos,
    helping.todos,
    disclosure.todos,
    claiming.todos,
    importing.todos,
    ledger.todos,
    report_todos.todos,
    internal_reports.todos,
)
EXCERPT = 10


async def waiting(tx: Transaction) -> list[Todo]:
    """What the person may do, the nearest deadline first."""
    return await waiting_for(tx, SOURCES)


@dataclass(frozen=True, slots=True)
class Done:
    """One act of the person: what it was about, what happened, where it is."""

    kind: str
    title: str
    href: str
    at: Any
    reason: str | None


# What a case is called, and where its page is.
_CASES: Mapping[str, tuple[str, str]] = {
    "push_target": ("推送接收系统", "/institution/deliveries"),
    "push_delivery": ("推送", "/institution/deliveries"),
    "exit_sheet": ("退出资产管理清单", "/institution/exits"),
    "asset_report": ("内部报送", "/institution/reports/internal/{}"),
    "asset_report_plan": ("内部报送", "/institution/reports/internal"),
    "screening_round": ("筛查自评", "/institution/screening/{}"),
    "screening_plan": ("筛查自评", "/institution/screening"),
    "achievement": ("单列管理台账", "/institution/ledger/{}"),
    "secrecy": ("保密核实", "/institution/secrecy"),
    "disclosure": ("成果披露", "/institution/disclosures/{}"),
    "person_claim": ("完成人认领", "/institution/claims"),
    "empowerment": ("赋权申请", "/institution/empowerment/{}"),
    "notice": ("单位内部公示", "/institution/notices/{}"),
    "objection": ("公示异议", ""),
    "ledger_import": ("台账导入", "/institution/imports/{}"),
    "annual_report": ("年度报告", "/institution/reports"),
    "account": ("人员与角色", "/institution/accounts/{}"),
    "delegation": ("委托代办", "/institution/delegations/{}"),
    "machine_client": ("接口凭据", "/institution/machines"),
    "archive": ("单位数据档案", "/institution/settings/archive"),
}
_EVENTS: Mapping[str, str] = {
    "registered": "登记入账",
    "claimed": "认领完成人",
    "claim_confirmed": "确认认领",
    "claim_declined": "不予确认认领",
    "claim_withdrawn": "撤回认领",
    "claim_ended": "解除完成人关联",
    "archive_asked": "申请单位数据档案",
    "push_registered": "登记接收系统",
    "push_paused": "暂停推送",
    "push_resumed": "恢复推送",
    "push_removed": "停用接收系统",
    "push_asked_again": "重新推送",
    "asset_report_planned": "设定内部报送日期",
    "asset_report_sent": "冻结并报送",
    "asset_report_corrected": "更正并报送",
    "receipt_confirmed": "确认接收",
    "superseded": "已有更正版本",
    "screening_planned": "设定筛查周期",
    "screening_begun": "开始筛查自评",
    "screening_closed": "结束筛查自评",
    "handed_to_screening": "交办筛查自评",
    "self_assessed": "登记筛查结论",
    "corrected": "更正",
    "conversion_recorded": "登记转化",
    "stage_recorded": "登记阶段",
    "paper_added": "上传佐证材料",
    "payment_recorded": "登记到账",
    "payment_corrected": "更正到账",
    "exit_listed": "列入退出清单",
    "exit_taken_off": "移出退出清单",
    "exit_list_sent": "报送退出清单",
    "asset_marked": "资产单独标识",
    "asset_unmarked": "解除资产标识",
    "right_lost": "登记权利丧失",
    "ownership_recorded": "登记权属",
    "loss_booked": "登记账务处理",
    "paper_withdrawn": "撤下佐证材料",
    "quarantined": "隔离",
    "released": "解除隔离",
    "wipe_ordered": "下达清除",
    "wiped": "清除",
    "erasure_done": "清除完成",
    "counting_allowed": "开始计数",
    "counting_ended": "停止计数",
    "revoked": "撤销",
    "submitted": "提交",
    "returned": "退回补正",
    "accepted": "受理登记",
    "withdrawn": "撤回",
    "begun": "开始填写",
    "drafted": "开始填写",
    "screened": "负面清单排查",
    "held": "暂缓",
    "excluded": "不纳入赋权范围",
    "rescreened": "对照现行清单重新排查",
    "assessed": "可行性评估",
    "found_infeasible": "评估不可行",
    "noticed": "发布公示",
    "step_recorded": "登记办理结果",
    "agreed": "签署协议",
    "formalised": "登记手续办理",
    "rejected": "审核不通过",
    "published": "发布公示",
    "changed": "更正公示内容",
    "interrupted": "登记公示中断",
    "ended": "结束公示",
    "raised": "提出异议",
    "answered": "答复异议",
    "upheld": "认定异议成立",
    "imported": "导入台账",
    "received": "上传台账",
    "columns_changed": "修改列的对应",
    "confirmed": "确认导入",
    "cancelled": "取消导入",
    "questions_answered": "答复待确认的行",
    "answered_rows_registered": "登记已确认的行",
    "undo_asked": "申请撤销导入",
    "undone": "撤销导入",
    "frozen": "冻结年末数据",
    "frozen_again": "再次冻结年末数据",
    "rules_followed": "改按新的政策版本办理",
    "narrative_saved": "填写年度报告",
    "figures_stated": "更正报送数",
    "resubmitted": "重新报送",
    "forwarded": "汇总上报",
    "handed_on": "交接",
    "roles_assigned": "分配角色",
    "left": "停用与交接",
    "lent": "委托他人代办",
    "client_registered": "新建接口凭据",
    "secret_rotated": "轮换密钥",
    "client_revoked": "撤销接口凭据",
}


async def done(tx: Transaction, *, begun_only: bool = False) -> list[Done]:
    """What the person did last, or the cases that they opened."""
    return [_done(row) for row in await own.done_by(tx, begun_only=begun_only)]


def _done(row: Row[Any]) -> Done:
    label, address = _CASES.get(row.case_kind, (row.case_kind, ""))
    return Done(label, _EVENTS.get(row.event, row.event), address.format(row.case_id), row.at, row.reason)


@dataclass(frozen=True, slots=True)
class RunningNotice:
    """A running notice with its days; ``counted`` are the values of the question ``notice.period``."""

    notice: Notice
    counted: Mapping[str, Any]
    article: Citation


async def running(tx: Transaction, limit: int = 3) -> list[RunningNotice]:
    """The notices that run, the one that ends first on top."""
    found = []
    for notice in await notices.running_notices(tx):
        pack = (await governing(tx, notice.pack_version_id)).pack
        counted = notice_rules.period(notice, pack, tx.now)
        found.append(RunningNotice(notice, counted.values, notice_rules.source(notice.kind, pack)))
    return found[:limit]


@dataclass(frozen=True, slots=True)
class Figures:
    """The cards at the top. Money in yuan; ``converted_amount`` is None where no conversion states an amount."""

    achievements: int
    valued: int
    converted: int
    converted_amount: Decimal | None
    empowering: Mapping[str, int]
    validity: Validity | None


_EMPOWERING = {
    State.SUBMITTED: "排查",
    State.SCREENING: "排查",
    State.FEASIBILITY: "评估",
    State.APPROVED: "待公示",
    State.NOTICED: "公示与待签",
    State.AGREED: "待办手续",
}


async def figures(tx: Transaction) -> Figures:
    """Counted from the ledger's totals, never from its rows."""
    everything = (await ledger.totals(tx, "all")).get(("", ""))
    converted = (await ledger.totals(tx, "status")).get(("converted", ""))
    empowering: dict[str, int] = {}
    by_state = await empowerment.count_by_state(tx)
    for state, label in _EMPOWERING.items():
        if by_state.get(state):
            empowering[label] = empowering.get(label, 0) + by_state[state]
    validities = await pilots.validity(tx)
    held = {membership.guideline for membership in await pilots.memberships(tx) if membership.holds_on(tx.today)}
    return Figures(
        everything.n if everything else 0,
        everything.n_valued if everything else 0,
        converted.n if converted else 0,
        converted.sum if converted and converted.n_valued else None,
        empowering,
        next((one for one in validities if one.guideline in held), None),
    )


async def last_import(tx: Transaction) -> Row[Any] | None:
    """The newest import of the tenant."""
    return await importing.last_import(tx)


async def excerpt(tx: Transaction) -> LedgerPage:
    """The newest rows of the ledger."""
    return await ledger_page(tx, Filters(), limit=EXCERPT)
