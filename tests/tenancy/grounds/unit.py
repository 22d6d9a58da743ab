"""One object of every kind for one institution, each saying the institution's marker wherever it holds words."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Table, insert, text
from sqlalchemy.exc import DBAPIError

from services.administration.delegating.models import delegation
from services.administration.documents.models import unit_document
from services.administration.machines import workflow as machines
from services.annual_report.internal import workflow as internal
from services.empowerment.reviewing.workflow import publish, record_feasibility, screen
from services.empowerment.rules import Screened
from services.home.erasing.models import erasure_order
from services.home.models import message
from services.home.pushing.models import push_delivery, push_target
from services.ledger import workflow as ledger
from services.ledger.bulk.models import ledger_batch
from services.ledger.claiming.models import person_claim
from services.ledger.disclosure.models import disclosure, disclosure_paper
from services.ledger.entry import Completer, Deal, Entry
from services.ledger.exits.models import exit_item, exit_sheet
from services.ledger.losses.models import right_handover
from services.ledger.models import agency_task, export_job
from services.ledger.papers.models import ledger_paper
from services.ledger.payments import workflow as payments
from services.ledger.screening import workflow as screening
from services.ledger.views.models import ledger_view
from services.notices.workflow import raise_objection
from shared.documents.uploads import Upload
from shared.ids import new_id
from tenants.archive.models import tenant_archive
from tests.services.administration.people import signing_in
from tests.services.annual_report import arranging as reports
from tests.services.empowerment.arranging import (
    ANSWERS,
    DIMENSIONS,
    Prepared,
    applied,
    is_completer,
    notice_of,
    select_for_pilot,
)
from tests.services.ledger.importing.arranging import checked, workbook
from tests.services.notices.arranging import add_achievement, add_person, at
from tests.web import Site
from tests.world import START, World

ROLES = (
    "clerk",
    "department_head",
    "leadership",
    "finance",
    "asset",
    "discipline",
    "completer",
    "system_admin",
    "security_admin",
    "audit_admin",
    "secrecy",
)
DAY = date(2026, 3, 2)
Ids = dict[str, str]


class Putting:
    """Inserts rows of one institution past row-level security; remembers their ids by kind."""

    def __init__(self, world: World, tenant: UUID, mark: str) -> None:
        self.world = world
        self.tenant = tenant
        self.mark = mark
        self.ids: Ids = {}

    async def row(self, known_as: str, table: Table, /, **values: Any) -> UUID:
        id_ = new_id()
        own: Mapping[str, Any] = {"tenant_id": self.tenant, "id": id_, "province_id": self.world.province_id}
        async with self.world.maintenance.begin() as connection:
            await connection.execute(
                insert(table).values({name: held for name, held in own.items() if name in table.c} | values)
            )
        self.ids[known_as] = str(id_)
        return id_

    def keep(self, kind: str, made: object) -> UUID:
        assert isinstance(made, UUID), made
        self.ids[kind] = str(made)
        return made


async def arrange_unit(world: World, site: Site, tenant: UUID, mark: str, agency: UUID, province: Ids) -> Ids:
    """Everything that an institution's addresses name; ``agency`` helps it, ``province`` is what its authorities made."""
    put = Putting(world, tenant, mark)
    people = {role: await signing_in(world, tenant, role) for role in (*ROLES, "integration")}
    put.ids["person"] = str(people["completer"])
    await _case(put, people, UUID(province["list_in_force"]), province["code"])
    await _ledger(put, site, people, agency)
    await _sold(put)
    await _disclosed(put, site, people)
    await _office(put, site, people)
    await _reported(put, site)
    await stamp(world, tenant, mark)
    return put.ids


async def _case(put: Putting, people: Mapping[str, UUID], in_force: UUID, code: str) -> None:
    """An application with its notice, an objection and what hangs on the achievement."""
    world, tenant, mark = put.world, put.tenant, put.mark
    team = (await add_person(world, tenant, f"{mark}完成人"),)
    await is_completer(world, tenant, team[0])
    achievement_id = put.keep(
        "achievement", await add_achievement(world, tenant, f"{mark}装置", completers=team, number=901)
    )
    await select_for_pilot(world, tenant)
    await select_for_pilot(world, tenant, guideline="ledger")
    application_id = put.keep(
        "application", await announced(world, Prepared(tenant, achievement_id, team, in_force), code)
    )
    notice_id = put.keep("notice", await notice_of(world, tenant, application_id))
    async with world.acting(tenant, "department_head", at=at("2026-03-10")) as tx:
        put.keep("objection", await raise_objection(tx, notice_id, f"{mark}异议"))
    other = await add_person(world, tenant, f"{mark}另一人")
    await put.row(
        "claim", person_claim, person_id=people["completer"], completer_id=other, state="submitted", claimed_at=START
    )
    await put.row(
        "delegation",
        delegation,
        lender_id=people["clerk"],
        delegate_id=people["department_head"],
        permissions=["institution:empowerment:review"],
        first_day=date(2026, 3, 20),
        last_day=date(2026, 3, 25),
        reason=f"{mark}出差",
        lent_at=START,
    )


async def announced(world: World, ready: Prepared, code: str) -> UUID:
    """An application taken to its notice, under the list that the province published."""
    application_id = await applied(world, ready)
    async with world.acting(ready.tenant, "clerk", at=at("2026-02-24")) as tx:
        assert await screen(tx, application_id, ready.list_version_id, Screened(ANSWERS, {code: "no"})) is None
    async with world.acting(ready.tenant, "clerk", at=at("2026-02-26")) as tx:
        assert await record_feasibility(tx, application_id, DIMENSIONS, ["丙专家"], "feasible") is None
    async with world.acting(ready.tenant, "clerk", at=at("2026-03-02")) as tx:
        assert await publish(tx, application_id) is None
    return application_id


async def _ledger(put: Putting, site: Site, people: Mapping[str, UUID], agency: UUID) -> None:
    """What hangs on an achievement of the ledger, and what was made of the ledger."""
    world, tenant, mark = put.world, put.tenant, put.mark
    achievement_id, by = UUID(put.ids["achievement"]), people["clerk"]
    digest = await site.app.state.objects.put(tenant, f"%PDF-1.4 {mark}".encode())
    file = {"media_type": "application/pdf", "size": 20, "object_hash": digest, "added_at": START, "added_by": by}
    file["file_name"] = f"{mark}证明.pdf"
    await put.row("paper", ledger_paper, achievement_id=achievement_id, purpose="stage", kind="test_report", **file)
    await put.row(
        "document", unit_document, kind="ledger_rules", version=1, title=f"{mark}办法", decided_by="校长办公会",
        decided_on=DAY, in_force_on=DAY, **file,
    )  # fmt: skip
    await put.row("view", ledger_view, person_id=by, name=f"{mark}视图", query={}, shared=False)
    await put.row(
        "batch", ledger_batch, person_id=by, changes={"college": f"{mark}学院"}, rows=[[str(achievement_id), 1]],
        since=DAY, reason=f"{mark}批量", done_at=START,
    )  # fmt: skip
    await put.row(
        "handover", right_handover, achievement_id=achievement_id, number="ZL202010000000.0", cause="lapsed",
        lost_on=DAY, in_development=False, performance=f"{mark}履行", change_reason=f"{mark}原因",
        legal_status=f"{mark}状态", handed_at=START, handed_by=by,
    )  # fmt: skip
    await put.row(
        "entry", exit_item, achievement_id=achievement_id, ground=f"{mark}理由", decided_on=DAY, decision=f"{mark}1号",
        listed_at=START, listed_by=by,
    )  # fmt: skip
    await put.row(
        "sheet", exit_sheet, number=1, payload={"as_of": str(DAY), "rows": []}, recipients=["主管部门"],
        reference=f"{mark}8号", sent_on=DAY, recorded_at=START, recorded_by=by,
    )  # fmt: skip
    await put.row(
        "export", export_job, person_id=by, state="done", filters={}, rows_total=1, rows_done=1, object_hash=digest,
        file_name=f"{mark}台账.xlsx",
    )  # fmt: skip
    await put.row(
        "archive", tenant_archive, asked_by=by, asked_at=START, written=1, members=1, finished_at=START,
        object_hash=digest, bytes=len(f"%PDF-1.4 {mark}".encode()), rows=1, total=digest,
    )  # fmt: skip
    await put.row(
        "task", agency_task, recipient_id=agency, achievement_id=achievement_id, service="path_design", first_day=DAY,
        last_day=date(2026, 4, 15), instruction=f"{mark}请设计路径", handed={"成果名称": f"{mark}装置"},
        asks=["market_prospect"], handed_at=START, handed_by=by,
    )  # fmt: skip
    secret = await add_achievement(world, tenant, f"{mark}待判定", number=902)
    async with world.acting(tenant) as tx:
        assert await ledger.quarantine(tx, secret, "疑似") is None
    put.ids["secret"] = str(secret)
    for kind, subject in (("secret", "achievement"), ("person", "person")):
        await put.row(
            f"{kind}_order", erasure_order, kind=kind, subject_kind=subject, subject_id=new_id(), reason=f"{mark}清除",
            ordered_by=people["secrecy"], ordered_at=START,
        )  # fmt: skip
    async with world.acting(tenant, "department_head") as tx:
        await screening.set_plan(tx, 12, date(2026, 6, 30), 60, ["unconverted"], f"{mark}办法")
    async with world.acting(tenant) as tx:
        put.keep("screening", await screening.begin_round(tx))


async def _sold(put: Putting) -> None:
    """An achievement with a conversion and what came in of it."""
    world, tenant, mark = put.world, put.tenant, put.mark
    entry = Entry(
        name=f"{mark}已转化", type="patent_right", status="not_converted", team=(Completer(name=f"{mark}人"),)
    )
    async with world.acting(tenant) as tx:
        sold = put.keep("sold", await ledger.register(tx, entry, held_from=DAY))
        deal = Deal("licence", f"{mark}公司", signed_on=DAY, amount=Decimal(900000))
        conversion = put.keep("conversion", await ledger.record_conversion(tx, sold, deal))
    async with world.acting(tenant, "finance") as tx:
        paid = payments.Payment(conversion, DAY, Decimal(300000), kind="instalment", reference=f"{mark}银")
        put.keep("payment", await payments.record_payment(tx, sold, paid))


async def _disclosed(put: Putting, site: Site, people: Mapping[str, UUID]) -> None:
    """A disclosure with a paper, and an import with a row that asks."""
    world, tenant, mark = put.world, put.tenant, put.mark
    disclosure_id = await put.row(
        "disclosure", disclosure, person_id=people["completer"], state="submitted", name=f"{mark}披露"
    )
    digest = await site.app.state.objects.put(tenant, f"%PDF-1.4 {mark}披露".encode())
    await put.row(
        "disclosed_paper", disclosure_paper, disclosure_id=disclosure_id, kind="test_report", version=1,
        file_name=f"{mark}报告.pdf", media_type="application/pdf", size=20, object_hash=digest, added_at=START,
        added_by=people["completer"],
    )  # fmt: skip
    rows = [
        [f"{mark}第{n}号", f"{mark}甘棠", "非专利技术", "", status, "", ""]
        for n, status in enumerate(("未转化", "待定"))
    ]
    book = workbook([*rows, ["", *rows[0][1:]]], title="截至2025年12月31日")
    put.keep("import", await checked(world, tenant, site.app.state.objects, Upload(f"{mark}台账.xlsx", book)))


async def _office(put: Putting, site: Site, people: Mapping[str, UUID]) -> None:
    """What administers: machines, addresses that news goes to, messages."""
    world, tenant, mark = put.world, put.tenant, put.mark
    async with world.acting(tenant, "system_admin") as tx:
        client, _ = await machines.register(tx, f"{mark}系统", ("institution:ledger:read",))
        put.keep("client", client)
    target = await put.row(
        "target", push_target, name=f"{mark}资产系统", url=f"https://{mark}.example.edu.cn/hook", events=["right.lost"],
        secret=site.app.state.keyring.encrypt(b"secret"), created_at=START, created_by=people["system_admin"],
    )  # fmt: skip
    await put.row(
        "delivery", push_delivery, target_id=target, source_id=new_id(), event="right.lost", state="dead",
        payload={"id": "1", "event": "right.lost", "at": START.isoformat(), "data": {"name": f"{mark}装置"}},
    )  # fmt: skip
    await put_message(put, "institution:home:read")


async def put_message(put: Putting, permission: str, department: UUID | None = None) -> None:
    """A message to all who hold a permission."""
    world, tenant = put.world, put.tenant
    await put.row(
        "message", message, department_id=department or world.department, recipient_id=tenant,
        actor_organisation_id=tenant, permission=permission, title=f"{put.mark}消息", text=f"{put.mark}正文", href="",
        at=START,
    )  # fmt: skip


async def _reported(put: Putting, site: Site) -> None:
    """A yearly report that was handed over, and the one within the unit."""
    world, tenant = put.world, put.tenant
    await reports.small_ledger(world, tenant)
    put.keep("submission:department", await reports.submitted(world, tenant))
    async with world.acting(tenant) as tx:
        put.keep("internal", await internal.send_report(tx, "asset_report", reports.YEAR))


_UNSTAMPED = frozenset(
    {
        "audit_entry",
        "audit_head",
        "audit_seal",
        "audit_checkpoint",
        "pilot_membership",
        "notice_text",
        "ledger_import_row",
    }
)
_TEXTS = text(
    "select table_name, column_name, character_maximum_length from information_schema.columns c "
    "where table_schema = 'app' and data_type in ('text', 'character varying') and is_generated = 'NEVER' and exists ("
    "select from information_schema.columns t where t.table_schema = 'app' and t.table_name = c.table_name "
    "and t.column_name = 'tenant_id')"
)


async def stamp(world: World, tenant: UUID, mark: str) -> None:
    """Put the marker into every column of the tenant that holds Chinese words: what people wrote, never a code."""
    async with world.maintenance.connect() as connection:
        found = [row for row in (await connection.execute(_TEXTS)).all() if row.table_name not in _UNSTAMPED]
        for row in found:
            length = row.character_maximum_length or 100_000
            query = text(
                f'update app.{row.table_name} set "{row.column_name}" = left(:mark || "{row.column_name}", {length}) '
                f"where tenant_id = :tenant and \"{row.column_name}\" ~ '[一-龥]' "
                f'and strpos("{row.column_name}", :mark) = 0'
            )
            with suppress(DBAPIError):  # words that a check names stay as they are
                await connection.execute(query, {"mark": mark, "tenant": tenant})
