"""What of empowerment waits for a person."""

from collections.abc import Sequence
from datetime import date, timedelta

from services.empowerment import queries, rules, workflow
from services.empowerment.models import State
from services.notices import rules as notice_rules
from shared.db.transaction import Transaction
from shared.policy.pack import Pack
from shared.todo import Todo
from tenants.packs import governing

_SILENT = "政策未规定期限"
_ENDING = timedelta(days=180)  # how long before its last day an agreement is called to mind: our own, no rule's
_WAITING = (
    State.SUBMITTED, State.SCREENING, State.FEASIBILITY, State.APPROVED, State.STEP, State.NOTICED, State.AGREED
)  # fmt: skip
_STEPS = {
    State.SUBMITTED: ("负面清单", "逐一排查", "/screening", "排查", workflow.REVIEW, "对照预先制定的负面清单逐一排查"),
    State.SCREENING: ("负面清单", "暂缓，待认定", "/screening", "排查", workflow.REVIEW, "认定后继续排查"),
    State.FEASIBILITY: ("可行性评估", "评估", "/feasibility", "评估", workflow.REVIEW, "排查通过后评估"),
    State.APPROVED: ("待公示", "发布公示", "/notice", "公示", workflow.PUBLISH, "审核通过后在单位内部公示"),
    State.AGREED: ("办理手续", "办理手续", "/formality", "登记", workflow.REVIEW, "签署协议后办理"),
}


async def todos(tx: Transaction) -> list[Todo]:
    """Every case with the step that it waits for, and how its notice counts."""
    found = [await _todo(tx, one) for one in await queries.list_applications(tx, _WAITING, limit=200)]
    returned = await queries.list_applications(tx, (State.RETURNED,), mine=True, limit=50)
    return (
        found
        + await _ending(tx)
        + [
            Todo(
                "退回补正",
                f"赋权申请退回补正：{one.achievement_name}",
                one.return_reason or "",
                f"{workflow.href(one.id)}/edit",
                "修改",
                workflow.APPLY,
                _SILENT,
                tone="red",
            )
            for one in returned
        ]
    )


async def _ending(tx: Transaction) -> list[Todo]:
    """Agreements whose agreed term ends within half a year: whether it goes on is decided in time."""
    return [
        Todo(
            "协议到期",
            f"{one.achievement_name} 的赋权协议约定期限于 {one.term_last_day} 届满",
            "是否延长由双方商定",
            workflow.href(one.application_id),
            "查看",
            workflow.REVIEW,
            "期限由协议约定；延长的条件见协议和本省规定",
            due_on=one.term_last_day,
            tone="orange",
            lapses=True,
        )
        for one in await queries.agreements_ending(tx, tx.today, tx.today + _ENDING)
    ]


async def _todo(tx: Transaction, one: queries.Application) -> Todo:
    pack = (await workflow.governing_case(tx, one)).pack
    steps = workflow.steps_of(one, pack, tx.today)
    current = workflow.current_step(one, steps)
    if current is not None and current.act == "record" and not current.waits_for_notice:
        return _own_step(one, current)
    if one.state == State.NOTICED:
        return await _noticed(tx, one, pack, steps)
    kind, title, tail, action, permission, basis = _STEPS[State(one.state)]
    grant = pack.content.grant_types.get(one.grant_type)
    return Todo(
        kind,
        f"{title}：{one.achievement_name}",
        grant.label if grant else "",
        workflow.href(one.id) + tail,
        action,
        permission,
        f"{_SILENT}；{basis}",
    )


def _own_step(one: queries.Application, step: rules.Step, subtitle: str = "", basis: str = _SILENT) -> Todo:
    """A step that the province has beside the usual ones, with its article."""
    where = f"{basis}（{step.citation.article}）" if basis == _SILENT and step.citation.article else basis
    return Todo(
        step.label,
        f"{step.label}：{one.achievement_name}",
        subtitle or f"由{step.actor}办理",
        f"{workflow.href(one.id)}/step",
        "登记",
        workflow.recorded_by(step),
        where,
    )


async def _noticed(tx: Transaction, one: queries.Application, own: Pack, steps: Sequence[rules.Step]) -> Todo:
    notice = await workflow.current_notice(tx, one.id)
    if notice is None and rules.step_doing("announce", steps) is None:
        title, href = one.achievement_name, f"{workflow.href(one.id)}/agreement"
        return Todo("待签协议", title, "本省规定不须公示", href, "签署", workflow.SIGN, _SILENT)
    if notice is None:
        return Todo(
            "待公示",
            f"公示已撤回，须重新公示：{one.achievement_name}",
            "",
            workflow.href(one.id) + "/notice",
            "公示",
            workflow.PUBLISH,
            _SILENT,
            tone="orange",
        )
    pack = (await governing(tx, notice.pack_version_id)).pack
    count = notice_rules.period(notice, pack, tx.now).values
    source = notice_rules.source(notice.kind, pack)
    basis = f"{count['counted']}（{source.article}）"
    objections = f"异议 {notice.open_objections} 件待答复" if notice.open_objections else "无异议"
    if count["has_run"] and not notice.open_objections:
        current = workflow.current_step(one, steps)
        if current is not None and current.act == "record":
            return _own_step(one, current, f"公示期满，{objections}", basis)
        if await workflow.needs_rescreening(tx, one, own):
            tail, action, kind, permission = "/screening", "排查", "重新排查", workflow.REVIEW
        else:
            tail, action, kind, permission = "/agreement", "签署", "待签协议", workflow.SIGN
        title = f"{one.achievement_name}"
        return Todo(kind, title, f"公示期满，{objections}", workflow.href(one.id) + tail, action, permission, basis)
    due: date | None = count["end"] or count["raw_end"]
    return Todo(
        "公示届满",
        one.achievement_name,
        f"{objections}，{count['earliest_signing'] or '期满后'} 起可签协议",
        workflow.href(one.id),
        "查看",
        workflow.SIGN,
        basis,
        due,
        tone="orange",
        lapses=True,
    )
