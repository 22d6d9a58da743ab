"""What of the yearly reports waits for an authority's people."""

from services.annual_report.reviewing import queries
from services.annual_report.rules import DEPARTMENT
from services.annual_report.workflow import FORWARD, REVIEW, year_to_report
from shared.clock import local_day
from shared.db.transaction import Transaction
from shared.todo import Todo
from shared.ui.words import of_year

HOME = "/console/reports"
SCHEDULE = "console:report:schedule"
_NO_DAY = "政策未规定办理期限"


async def todos(tx: Transaction) -> list[Todo]:
    """Reports to review, accepted ones to pass on, due days that nobody has entered yet."""
    year = year_to_report(tx.today)
    forms = await queries.forms(tx, year)
    found: list[Todo] = []
    if tx.scope.role == "web_department":
        waiting = [row for row in await queries.received(tx, year) if row.state == "submitted"]
        if len(waiting) > 1:
            title = f"批量接收 {len(waiting)} 份待审核的报告"
            found.append(Todo("年报审核", title, "每份单独核对、单独接收", f"{HOME}/accept", "接收", REVIEW, _NO_DAY))
        for row in waiting:
            again = f"（第 {row.edition} 次报送）" if row.edition > 1 else ""
            title = f"审核{row.sender}{of_year(row.label, row.year)}{again}"
            sent = f"{local_day(row.submitted_at)} 报送"
            found.append(Todo("年报审核", title, sent, f"{HOME}/{row.id}", "审核", REVIEW, _NO_DAY))
        for form in forms:
            stage = form.stage_of(DEPARTMENT)
            ready = await queries.accepted(tx, form.code, year) if stage is not None else []
            if stage is not None and ready:
                title = f"汇总上报 {of_year(form.label, year)}（{len(ready)} 家）"
                to = f"报{'、'.join(stage.recipient_labels)}"
                href = f"{HOME}/aggregate/{year}/{form.code}"
                basis = f"{stage.counted}；{stage.citation.article}"
                found.append(Todo("年报汇总", title, to, href, "汇总", FORWARD, basis, due_on=stage.due))
    if tx.scope.role == "web_science":
        for form in forms:
            if any(stage.entered_yearly and stage.due is None for stage in form.stages):
                title = f"确定 {of_year(form.label, year)}的截止日期"
                basis = f"条文没有写明日期，按现行年度报告制度；{form.citation.article}"
                found.append(Todo("报送期限", title, "尚未公布", f"{HOME}/deadlines", "设定", SCHEDULE, basis))
    return [todo for todo in found if todo.permission in tx.actor.permissions]
