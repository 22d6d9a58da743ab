"""The demo's yearly reports: frozen, written, handed over, given back, accepted, added up and passed on by their own people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from deploy.demo.acting import Demo, at, done, held
from deploy.demo.organisations import INSTITUTIONS, Organisation
from deploy.demo.provinces import YUNNAN, DemoProvince
from services.annual_report import queries, workflow
from services.annual_report.reviewing import queries as reviewing
from services.annual_report.reviewing import workflow as review
from services.annual_report.rules import Form
from services.annual_report.standing import forms_of
from services.ledger.models import achievement
from shared.db.transaction import Transaction

DRAFT, SUBMITTED, RETURNED, ACCEPTED, FORWARDED = "draft", "submitted", "returned", "accepted", "forwarded"


@dataclass(frozen=True, slots=True)
class Filing:
    """One report of one institution: when it was handed over, and how far it came."""

    report: str
    year: int
    on: date
    outcome: str


def _each(report: str, year: int, on: date, keys: str, outcome: str) -> dict[tuple[str, str, int], Filing]:
    return {(key, report, year): Filing(report, year, on, outcome) for key in keys.split()}


_YN, _WORK, _CONVERSION = "annual_report", "work_report", "conversion_report"
_ALL_YUNNAN = "dianchi cangshan fuxian gaoligong jinma biji"
_ALL_JILIN = "songhuahu changbaishan chaganhu xianghai yitonghe tianchi longwan"
# Who handed over what; whoever is not named has not filed. Cangshan's of 2025 is left to the visitor.
FILINGS = {
    **_each(_YN, 2023, date(2025, 12, 15), _ALL_YUNNAN, FORWARDED),
    **_each(_YN, 2024, date(2025, 12, 17), _ALL_YUNNAN, FORWARDED),
    **_each(_YN, 2025, date(2026, 2, 26), "jinma", FORWARDED),
    **_each(_YN, 2025, date(2026, 3, 3), "gaoligong", ACCEPTED),
    **_each(_YN, 2025, date(2026, 3, 6), "fuxian", RETURNED),
    **_each(_YN, 2025, date(2026, 3, 12), "dianchi", SUBMITTED),
    **_each(_YN, 2025, date(2026, 3, 13), "biji", DRAFT),
    **_each(_CONVERSION, 2024, date(2025, 1, 22), _ALL_JILIN, ACCEPTED),
    **_each(_WORK, 2024, date(2025, 1, 23), _ALL_JILIN, ACCEPTED),
    **_each(_CONVERSION, 2025, date(2026, 1, 20), "songhuahu chaganhu tianchi", ACCEPTED),
    **_each(_CONVERSION, 2025, date(2026, 1, 28), "changbaishan longwan", SUBMITTED),
    **_each(_CONVERSION, 2025, date(2026, 2, 6), "yitonghe", SUBMITTED),
    **_each(_WORK, 2025, date(2026, 1, 21), "songhuahu chaganhu", ACCEPTED),
    **_each(_WORK, 2025, date(2026, 1, 29), "changbaishan", RETURNED),
    **_each(_WORK, 2025, date(2026, 2, 3), "longwan", SUBMITTED),
}
_TEXTS: Mapping[str, str] = {
    "rewards": "按单位规定分配奖励和报酬，完成人及团队所得占净收入的七成，均已公示并发放到人。",
    "implementation": "单列管理制度已经印发，台账由责任部门统一维护，按月核对，未纳入国有资产审计和清产核资范围的成果单独列示。",
    "problems": "成果评价和中试条件不足，具备法律、市场知识的技术经理人偏少。",
    "suggestions": "建议组织跨单位的业务培训，共享中试平台，并公布常见问题的统一解释。",
    "ledger": "职务科技成果资产单列管理台账已经建立，逐项核对权利证书，新取得的成果在三十日内登记。",
    "deals": "以许可、转让为主，合同均经法务审核；产学研合作项目按合同约定执行。",
    "assets": "转化前不能可靠计量的未确认无形资产，转化收入全部纳入单位预算。",
    "work": "制定了本单位实施方案和配套制度，设置专人负责转化工作，开展宣讲四次，覆盖全部科研部门。",
}
# The fields that a returned report is tied to, the first of them that the form has, and what is said of it.
_REASONS = (
    ("part:rewards", "奖励报酬只写了比例，请补充兑现人数和金额，并说明未兑现的原因。"),
    ("part:work", "请补充赋权、单列管理两项改革各自的进展和下一步安排。"),
)
_DEADLINES = (("unit", date(2026, 3, 31)), ("competent", date(2026, 4, 30)))
_DOCUMENT = "关于报送 2025 年度科技成果转化年度报告的通知（演示）"


async def file_reports(demo: Demo, province: DemoProvince) -> None:
    """The reports of a province's institutions; one that exists is left as it is."""
    if province == YUNNAN:
        await _set_deadlines(demo, province)
    for report, year in sorted({(report, year) for _, report, year in FILINGS}, key=lambda pair: (pair[1], pair[0])):
        made = []
        for institution in (one for one in INSTITUTIONS if one.region == province.region):
            filing = FILINGS.get((institution.key, report, year))
            if filing is not None and await _file(demo, institution, filing):
                made.append((institution, filing))
        departments = {
            demo.department_of(institution).key: filing for institution, filing in made if filing.outcome == FORWARDED
        }
        for key, filing in departments.items():
            await _pass_on(demo, key, filing)


async def _set_deadlines(demo: Demo, province: DemoProvince) -> None:
    """The day that the text leaves to the province (rule 31)."""
    async with demo.acting(province.officer, at(date(2026, 2, 11))) as tx:
        known = {(row.report, row.stage, row.year) for row in await queries.all_deadlines(tx)}
        for stage, day in _DEADLINES:
            if (_YN, stage, 2025) not in known:
                held(await review.set_deadline(tx, _YN, stage, 2025, day, _DOCUMENT))


async def _file(demo: Demo, institution: Organisation, filing: Filing) -> bool:
    """One report to where it came; False when there is one already, or nothing in the ledger of that year."""
    acting = demo.within(institution)
    async with acting("clerk", at(filing.on, 9)) as tx:
        if await queries.own_report(tx, filing.report, filing.year) is not None:
            return False
        if not await _kept_by(tx, date(filing.year, 12, 31)):
            return False
        done(await workflow.freeze(tx, filing.report, filing.year))
    async with acting("clerk", at(filing.on, 11)) as tx:
        form = next(one for one in await forms_of(tx, filing.year) if one.code == filing.report)
        held(await workflow.save_narrative(tx, filing.report, filing.year, _texts(form)))
    if filing.outcome == DRAFT:
        return True
    async with acting("head", at(filing.on, 15)) as tx:
        done(await workflow.submit(tx, filing.report, filing.year))
    if filing.outcome != SUBMITTED:
        await _review(demo, institution, filing)
    return True


async def _kept_by(tx: Transaction, day: date) -> bool:
    """Whether the ledger knows anything of a day: that of an older demo begins later."""
    first = await tx.scalar(select(func.min(achievement.c.began_on)).where(achievement.c.tenant_id == tx.tenant_id))
    return first is not None and first <= day


def _texts(form: Form) -> dict[str, str]:
    return {one.code: _TEXTS[one.code] for one in form.contents if one.code in _TEXTS}


async def _review(demo: Demo, institution: Organisation, filing: Filing) -> None:
    officer = f"{demo.department_of(institution).key}-officer"
    async with demo.acting(officer, at(filing.on + timedelta(days=2))) as tx:
        received = await reviewing.received(tx, filing.year)
        submission_id = next(
            one.id for one in received if (one.tenant_id, one.report) == (institution.tenant_id, filing.report)
        )
        found = await review.look(tx, submission_id)
        if filing.outcome == RETURNED:
            known = {f"part:{one['code']}" for one in found.payload["parts"]}
            reasons = dict(pair for pair in _REASONS if pair[0] in known)
            held(await review.return_for_correction(tx, submission_id, reasons))
        else:
            held(await review.accept(tx, submission_id))


async def _pass_on(demo: Demo, department: str, filing: Filing) -> None:
    """A department adds up what it accepted and sends it on."""
    async with demo.acting(f"{department}-officer", at(filing.on + timedelta(days=4))) as tx:
        aggregate_id = done(await review.aggregate(tx, filing.report, filing.year))
        done(await review.forward(tx, aggregate_id))
