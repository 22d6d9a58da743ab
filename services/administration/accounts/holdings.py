"""What somebody holds who may leave: listed, and handed on to a successor by each slice's own verb."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from services.administration.accounts import queries
from services.administration.delegating.models import delegation
from services.administration.delegating.queries import live_of
from services.administration.machines import workflow as machines
from services.administration.machines.models import machine_client
from services.empowerment.applying import workflow as applications
from services.empowerment.models import LIVE, State, application
from services.ledger.disclosure import workflow as disclosures
from services.ledger.disclosure.models import disclosure
from services.ledger.views import workflow as views
from services.ledger.views.models import ledger_view
from shared.db.transaction import Transaction
from tenants.permissions import labels_of, permissions_of


@dataclass(frozen=True, slots=True)
class Held:
    """One kind of what is held: ``names`` say which, ``handed`` whether a successor gets it, ``note`` what becomes of it."""

    code: str
    label: str
    names: Sequence[str]
    handed: bool
    note: str


LABELS = {
    "disclosures": "未办结的成果披露",
    "applications": "未办结的赋权申请",
    "views": "保存的台账视图",
    "machines": "负责的接口凭据",
    "delegations": "委托与受托",
    "roles": "本单位授予的角色",
}


async def held_by(tx: Transaction, person_id: UUID) -> list[Held]:
    """Everything; kinds of which there is nothing are left out."""
    provided, granted = await queries.roles_of(tx, person_id)
    lent = [
        *await live_of(tx, delegation.c.lender_id, person_id),
        *await live_of(tx, delegation.c.delegate_id, person_id),
    ]
    periods = [f"{row.first_day} 至 {row.last_day}" for row in lent]
    found = [
        Held("disclosures", LABELS["disclosures"], await _disclosures(tx, person_id), True, "由接替人继续办理"),
        Held(
            "applications",
            LABELS["applications"],
            await _applications(tx, person_id),
            True,
            "由接替人继续办理，团队不变",
        ),
        Held("views", LABELS["views"], await _views(tx, person_id), True, "归接替人"),
        Held("machines", LABELS["machines"], await _machines(tx, person_id), True, "由接替人负责，建议随即轮换"),
        Held("delegations", LABELS["delegations"], periods, False, "立即结束"),
        Held("roles", LABELS["roles"], labels_of(granted), False, "立即收回；接替人的角色由安全管理员分配"),
        Held(
            "provided",
            "统一身份认证授予的角色",
            labels_of(provided),
            False,
            "停用后不再起作用，另请在统一身份认证中收回",
        ),
        Held(
            "alone",
            "只有该人员能办理的权限",
            await _alone(tx, person_id),
            False,
            "停用后无人可以办理，请安全管理员另行分配角色",
        ),
    ]
    return [one for one in found if one.names]


async def _disclosures(tx: Transaction, person_id: UUID) -> list[str]:
    mine = (disclosure.c.tenant_id == tx.tenant_id, disclosure.c.person_id == person_id)
    return await _number(tx, *mine, disclosure.c.state.in_(("draft", "submitted", "returned")))


async def _applications(tx: Transaction, person_id: UUID) -> list[str]:
    mine = (application.c.tenant_id == tx.tenant_id, application.c.applicant_id == person_id)
    return await _number(tx, *mine, application.c.state.in_((State.DRAFT, *LIVE)))


async def _views(tx: Transaction, person_id: UUID) -> list[str]:
    return await _number(tx, ledger_view.c.tenant_id == tx.tenant_id, ledger_view.c.person_id == person_id)


async def _number(tx: Transaction, *wanted: ColumnElement[bool]) -> list[str]:
    """How many, without their names: whoever hands them on sees no business."""
    found = await tx.scalar(select(func.count()).where(*wanted))
    return [f"{found} 件"] if found else []


async def _machines(tx: Transaction, person_id: UUID) -> list[str]:
    mine = (machine_client.c.tenant_id == tx.tenant_id, machine_client.c.responsible_id == person_id)
    rows = await tx.rows(select(machine_client.c.name).where(*mine, machine_client.c.revoked_at.is_(None)))
    return [row.name for row in rows]


async def _alone(tx: Transaction, person_id: UUID) -> list[str]:
    """Labels of the person's roles whose permissions nobody else in use holds in full."""
    others: set[str] = set()
    for line in await queries.accounts(tx):
        if line.person_id != person_id and not line.left:
            others |= permissions_of((*line.provided_codes, *line.granted_codes), "institution")
    provided, granted = await queries.roles_of(tx, person_id)
    mine = (*provided, *granted)
    return labels_of(code for code in dict.fromkeys(mine) if not permissions_of([code], "institution") <= others)


async def hand_on(tx: Transaction, leaver_id: UUID, successor_id: UUID) -> dict[str, int]:
    """Give the successor what is handed on; how many of each kind."""
    return {
        "disclosures": await disclosures.hand_on(tx, leaver_id, successor_id),
        "applications": await applications.hand_on(tx, leaver_id, successor_id),
        "views": await views.hand_on(tx, leaver_id, successor_id),
        "machines": await machines.hand_on(tx, leaver_id, successor_id),
    }
