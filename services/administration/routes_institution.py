"""操作日志 and the roles, for an institution."""

from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get

from services.administration import queries, workflow
from services.administration.forms import OUTCOMES, read_audit_filter
from services.administration.own.pages import roles_page
from services.administration.withheld import Withheld, withheld
from services.administration.wording import Change, action_label, changes_of, facts_of, is_business, kind_label
from shared.db.transaction import Transaction
from shared.documents.workbook_writing import Style, Styled, WrittenRow, WrittenSheet, write_workbook
from shared.ui.links import with_query
from shared.ui.page import Crumb, FormState
from shared.ui.words import moment
from tenants.pages import MenuEntry, page

_AUDIT = "/institution/audit"
_SETTINGS = Crumb("单位设置", "/institution/settings")
_COLUMNS = ("时间", "人员", "操作", "对象", "对象编号", "结果", "字段变化", "其他内容", "网络地址", "封存编号")


@get("/audit", opt={"permission": "institution:audit:read"})
async def audit_log(request: Request[Any, Any, Any], tx: Transaction, before: int | None = None) -> Response[str]:
    """The tenant's log, filtered, newest first, by keyset."""
    query = {name: value for name, value in request.query_params.items() if name != "before"}
    wanted, errors = read_audit_filter(query)
    lines = await queries.audit_lines(tx, wanted, before=before)
    shown, more = lines[: queries.PAGE_SIZE], len(lines) > queries.PAGE_SIZE
    choices, hidden = await queries.audit_choices(tx), await withheld(tx)
    context = {
        "lines": [(line, *_told(tx, line, hidden)) for line in shown],
        "form": FormState(query, errors),
        "actions": [(code, action_label(code)) for code in choices["action"]],
        "kinds": [(code, kind_label(code)) for code in choices["object_kind"]],
        "outcomes": OUTCOMES,
        "action_label": action_label,
        "kind_label": kind_label,
        "newest": with_query(_AUDIT, query) if before else None,
        "older": with_query(_AUDIT, query, before=shown[-1].position) if more else None,
        "export_href": with_query(f"{_AUDIT}/export", query),
        "chain": await queries.chain_state(tx),
    }
    return page(request, "administration/institution/audit_log.html", "操作日志", context)


@get("/audit/export", opt={"permission": "institution:audit:read"})
async def export_audit(request: Request[Any, Any, Any], tx: Transaction) -> Response[bytes]:
    """What is filtered on the screen, as xlsx; made whole before the transaction ends, sent after it."""
    wanted, _ = read_audit_filter(dict(request.query_params.items()))
    lines = await queries.audit_lines(tx, wanted, limit=queries.EXPORT_AT_MOST)
    hidden = await withheld(tx)
    await workflow.note_export(tx, len(lines))
    title: WrittenRow = (1, [f"操作日志　截至 {tx.today}　示例格式"])
    head: WrittenRow = (2, [Styled(name, Style.HEADER) for name in _COLUMNS])
    rows = [title, head, *((number, _export_row(tx, line, hidden)) for number, line in enumerate(lines, 3))]
    content = write_workbook(
        [WrittenSheet("操作日志", rows, frozen_rows=2, neutralise=True, widths=[18] * len(_COLUMNS))]
    )
    name = quote(f"操作日志-{tx.today.isoformat()}.xlsx")
    return Response(
        content,
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"content-disposition": f"attachment; filename*=UTF-8''{name}", "cache-control": "no-store"},
    )


_DETAIL = "institution:audit:detail"
_HIDDEN: list[tuple[str, str]] = [("业务内容", "审计管理员不查看")]
_QUARANTINED: list[tuple[str, str]] = [("业务内容", "涉及已隔离的成果，只由保密工作机构查看")]


def _told(tx: Transaction, line: queries.AuditLine, hidden: Withheld) -> tuple[list[Change], list[tuple[str, str]]]:
    """(changes, facts) of an entry; of business, only for those who may see it."""
    if hidden.holds(line):
        return [], _QUARANTINED if line.details else []
    if is_business(line.object_kind) and _DETAIL not in tx.actor.permissions:
        return [], _HIDDEN if line.details else []
    return changes_of(line.object_kind, line.details), facts_of(line.details)


def _export_row(tx: Transaction, line: queries.AuditLine, hidden: Withheld) -> list[Any]:
    changes, facts = _told(tx, line, hidden)
    return [
        moment(line.at),
        line.actor,
        action_label(line.action),
        kind_label(line.object_kind),
        str(line.object_id or ""),
        OUTCOMES.get(line.outcome, line.outcome),
        "；".join(f"{field}：{before} → {after}" for field, before, after in changes),
        "；".join(f"{name}：{value}" for name, value in facts),
        line.address,
        str(line.seal or "待封存"),
    ]


@get("/settings/roles", opt={"permission": "institution:self:read"})
async def roles(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """What each role of an institution may do, and what is kept apart."""
    return await roles_page(request, tx, ("institution",), (_SETTINGS, Crumb("角色与权限")))


HANDLERS = (audit_log, export_audit, roles)
MENU = (
    MenuEntry("institution", "报告与留痕", "操作日志", "history", _AUDIT, "institution:audit:read", 930),
    MenuEntry(
        "institution", "报告与留痕", "单位设置", "settings", "/institution/settings", "institution:self:read", 940
    ),
)
