"""An authority's own trail: what its people did and looked at, newest first, as its audit rows and events say.

Rows stand under the institution that they concern; the policy of each role lets an authority read those it wrote itself.
Names of other people are not the console's to read: an act is the viewer's own or a colleague's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, or_, select

from services.negative_list.workflow import KIND as LIST
from services.pilot.models import pilot_membership
from shared.audit.tables import audit_entry
from shared.db.records import workflow_event
from shared.db.transaction import Transaction
from tenants.names import local_day_of, name_on
from tenants.registry import organisation

PAGE_SIZE = 30
_ROWS_PER_TRACE = 20  # one act may leave a row with each of many units
# What a person does at the door is no news of the office.
_QUIET = ("message.%", "session.%")

KINDS = {
    "annual_report": "年度报告",
    "report_aggregate": "年度报告汇总",
    "report_deadline": "报送截止日期",
    "report_reminder": "年度报告",
    "ledger_total": "台账汇总数",
    LIST: "负面清单",
    "list_opinion": "征求意见",
    pilot_membership.name: "试点单位",
    "pack_activation": "规则启用",
    "pack_version": "政策规则",
    "message": "消息",
    "agency_task": "受托服务",
    "session": "登录",
}
# action or event → the word on the badge and its colour
VERBS: dict[str, tuple[str, str]] = {
    "read": ("查阅", "blue"),
    "read_in_aggregate": ("查阅", "blue"),
    "export": ("下载", "blue"),
    "remind": ("催报", "orange"),
    "send": ("催报", "orange"),
    "reminded": ("催报", "orange"),
    "return_for_correction": ("退回", "red"),
    "returned": ("退回修改", "red"),
    "accept": ("接收", "green"),
    "accepted": ("接收", "green"),
    "compile": ("汇总", "blue"),
    "compiled": ("汇总", "blue"),
    "forward": ("上报", "green"),
    "forwarded": ("上报", "green"),
    "set": ("设定", "blue"),
    "draft": ("起草", "secondary"),
    "drafted": ("起草", "secondary"),
    "item_added": ("拟定条目", "secondary"),
    "item_revised": ("修改条目", "secondary"),
    "item_ended": ("终止条目", "secondary"),
    "item_restored": ("恢复条目", "secondary"),
    "submit": ("登记意见", "secondary"),
    "open_consultation": ("征求意见", "blue"),
    "consultation_opened": ("征求意见", "blue"),
    "close_consultation": ("结束征求意见", "secondary"),
    "consultation_closed": ("结束征求意见", "secondary"),
    "answer": ("答复意见", "blue"),
    "answered": ("答复意见", "blue"),
    "review": ("专家论证", "blue"),
    "review_recorded": ("专家论证", "blue"),
    "determination": ("共同确定", "blue"),
    "determination_recorded": ("共同确定", "blue"),
    "determine": ("共同确定", "blue"),
    "determined": ("共同确定", "blue"),
    "publish": ("发布", "green"),
    "published": ("发布", "green"),
    "superseded": ("被新版替代", "secondary"),
    "selected": ("遴选登记", "green"),
    "ended": ("终止", "orange"),
    "propose": ("提出启用", "blue"),
    "confirm": ("确认启用", "green"),
    "propose_revocation": ("提出撤销", "orange"),
    "revocation_proposed": ("提出撤销", "orange"),
    "confirm_revocation": ("确认撤销", "orange"),
    "revoked": ("确认撤销", "orange"),
    "load": ("载入", "secondary"),
    "withdraw": ("撤回", "secondary"),
    "withdrawn": ("撤回", "secondary"),
    "proposed": ("提出启用", "blue"),
    "confirmed": ("确认启用", "green"),
    "signed_in": ("登录", "secondary"),
}
_PLACES = {
    "annual_report": "/console/reports",
    "report_aggregate": "/console/reports/aggregates/{}",
    "report_deadline": "/console/reports/deadlines",
    "report_reminder": "/console/reports?show=missing",
    "ledger_total": "/console/statistics",
    "pack_activation": "/console/policy/proposals/{}",
    LIST: "/console/lists/{}",
    pilot_membership.name: "/console/pilots",
}


@dataclass(frozen=True, slots=True)
class Trace:
    """One act. ``units`` are the other organisations whose log it stands in, too; ``mine`` says that the viewer did it."""

    position: int
    at: datetime
    verb: str
    tone: str
    kind: str
    units: Sequence[str]
    outcome: str
    mine: bool

    @property
    def text(self) -> str:
        if not self.units:
            return self.kind
        names = "、".join(self.units[:2]) + (f"等 {len(self.units)} 家" if len(self.units) > 2 else "")
        return f"{names}　{self.kind}"


def _written_here(tx: Transaction, table: Table) -> ColumnElement[bool]:
    """The rows that the authority wrote: its scope's one equality first, as its policy has it."""
    own = tx.scope.organisation_id
    scoped = {
        "web_science": table.c.province_id == tx.province_id,
        "web_department": table.c.department_id == own,
        "web_finance": table.c.recipient_id == own,
    }
    return scoped[tx.scope.role] & (table.c.actor_organisation_id == own)


async def traces(
    tx: Transaction, *, before: int | None = None, limit: int = PAGE_SIZE, quiet: bool = True
) -> list[Trace]:
    """The newest acts, or those before a position; what one request wrote with many units is one act.

    ``quiet`` leaves out signing in and reading messages.
    """
    entry = audit_entry.c
    wanted = [_written_here(tx, audit_entry)]
    if before is not None:
        wanted.append(entry.position < before)
    if quiet:
        wanted.append(~or_(*(entry.action.like(pattern) for pattern in _QUIET)))
    rows = await tx.rows(
        select(
            entry.position, entry.at, entry.action, entry.object_kind, entry.outcome, entry.actor_id, entry.request_id,
            entry.tenant_id, organisation.c.short_name,
        )
        .join(organisation, (organisation.c.id == entry.tenant_id) & (organisation.c.province_id == entry.province_id))
        .where(*wanted)
        .order_by(entry.position.desc())
        .limit(limit * _ROWS_PER_TRACE)
    )  # fmt: skip
    acts = [list(group) for _, group in groupby(rows, key=lambda row: (row.request_id or row.position, row.action))]
    return [_trace(tx, group) for group in acts[:limit]]


def _trace(tx: Transaction, group: Sequence[Row[Any]]) -> Trace:
    last = group[-1]
    verb, tone = VERBS.get(last.action.rpartition(".")[2], ("办理", "secondary"))
    units = sorted({row.short_name for row in group if row.tenant_id != tx.scope.organisation_id})
    kind = KINDS.get(last.object_kind, last.object_kind)
    return Trace(last.position, last.at, verb, tone, kind, units, last.outcome, last.actor_id == tx.actor.person_id)


async def done_by(tx: Transaction, limit: int, *, begun_only: bool = False) -> list[Row[Any]]:
    """The viewer's own events, newest first, with the organisation that each concerns."""
    event = workflow_event.c
    wanted = [_written_here(tx, workflow_event), event.actor_id == tx.actor.person_id]
    if begun_only:
        wanted.append(event.from_state.is_(None) & event.to_state.is_not(None))
    return list(
        await tx.rows(
            select(
                event.case_kind, event.case_id, event.event, event.at, event.reason, event.tenant_id,
                name_on(local_day_of(event.at)).label("unit"),
            )
            .join(
                organisation,
                (organisation.c.id == event.tenant_id) & (organisation.c.province_id == event.province_id),
            )
            .where(*wanted)
            .order_by(event.recorded_at.desc())
            .limit(limit)
        )
    )  # fmt: skip


def place_of(case_kind: str, case_id: UUID) -> str:
    """The console's page of a case; empty where it has none."""
    return _PLACES.get(case_kind, "").format(case_id)
