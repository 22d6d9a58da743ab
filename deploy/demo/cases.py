"""Applications of the demo in every state, with running notices, an objection and agreements, made by the slices' verbs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from uuid import UUID

from sqlalchemy import func, select

from deploy.demo.acting import Acting, Demo, done, held, researchers_of
from deploy.demo.organisations import Organisation
from services.empowerment import queries
from services.empowerment.applying.workflow import apply, begin
from services.empowerment.models import application
from services.empowerment.proceeding.workflow import Taken, record_step
from services.empowerment.reviewing.workflow import publish, record_feasibility, screen
from services.empowerment.rules import COLUMN_OF_MATERIAL, Screened, Submission, TeamMember, list_owner
from services.empowerment.signing.workflow import Agreement, Handled, record_formality, sign_agreement
from services.empowerment.workflow import return_for_correction
from services.ledger.models import achievement, achievement_completer
from services.notices.workflow import raise_objection
from shared.clock import SHANGHAI
from shared.db.transaction import Transaction
from shared.policy.pack import Pack
from tenants.packs import governing

# By the clause codes of both provinces; an agreement takes those that its pack names.
CLAUSES = {
    "scope": "本成果及其全部技术资料，以台账登记内容为准",
    "shares": "单位与完成人（团队）按申请所列比例共有",
    "income": "转化净收入按共有比例分配",
    "costs": "维持和转化费用按共有比例分担",
    "improvements": "后续改进成果由改进方所有，另一方有优先使用权",
    "breach": "违约方赔偿对方因此受到的损失",
    "decisions": "转化方案由双方协商一致后实施，单位保留重大事项的否决权",
    "maintenance": "知识产权维持费用由单位承担，转化后从收入中扣除",
    "duties": "单位提供必要的支持，完成人（团队）负责推进转化并按年度报告进展",
}
_PAPER = "已由全体完成人签名，原件存成果转化办公室"
_FURTHER = "按申请所列内容和本单位制度执行"
OWN_LIST = "本单位职务科技成果赋权负面清单（2025 年版，演示）"
_DIMENSIONS = {
    "technology_maturity": "样机通过第三方测试，性能达到设计指标",
    "market_prospect": "已有两家企业提出合作意向",
    "conversion_conditions": "中试场地和配套资金已经落实",
}
_MET = {
    "clear_ownership": "ownership_certificate",
    "clear_prospect": "market_study",
    "clear_receiver": "partner_statement",
    "strong_will": "voluntary_statement",
}


@dataclass(frozen=True, slots=True)
class Story:
    """How far one application came: each step's day in 2026 (month, day), absent when it was not reached."""

    applied: tuple[int, int]
    screened: tuple[int, int] | None = None
    assessed: tuple[int, int] | None = None
    published: tuple[int, int] | None = None
    objected: tuple[int, int] | None = None
    signed: tuple[int, int] | None = None
    formalised: tuple[int, int] | None = None
    returned: str = ""
    draft: bool = False
    grant: str = "ownership"
    days: int | None = None


_FULL = (
    Story((3, 13), draft=True),
    Story((3, 12)),
    Story((3, 4), (3, 10)),
    Story((2, 27), (3, 4), (3, 11)),
    Story((2, 12), (2, 16), (2, 26), (3, 2)),
    Story((2, 20), (3, 2), (3, 5), (3, 9), objected=(3, 13)),
    Story((2, 3), (2, 5), (2, 10), (2, 25)),
    Story((1, 7), (1, 9), (1, 14), (1, 16), signed=(2, 9)),
    Story((1, 5), (1, 7), (1, 8), (1, 9), signed=(2, 2), formalised=(2, 27)),
    Story((3, 3), returned="转化方案没有写明承接方，请补充后重新提交"),
)
_FEW = (
    Story((3, 11)),
    Story((2, 25), (3, 4), (3, 6), (3, 10)),
    Story((1, 6), (1, 9), (1, 13), (1, 15), signed=(2, 6)),
)
_RIGHTS_OF_USE = (*_FEW[:2], Story((1, 6), (1, 9), (1, 13), (1, 15), signed=(2, 6), grant="use_right"))
STORIES = {
    "dianchi": _FULL,
    "fuxian": _RIGHTS_OF_USE,
    "gaoligong": _FEW,
    "jinma": _FEW,
    "songhuahu": (
        Story((3, 13), draft=True),
        Story((3, 12)),
        Story((2, 24), (3, 2), (3, 5), (3, 9), days=20),
        Story((1, 6), (1, 9), (1, 13), (1, 15), signed=(2, 6)),
        Story((3, 4), returned="书面申请没有附团队内部分配比例的约定，请补充后重新提交"),
    ),
    "changbaishan": (Story((3, 11)), Story((2, 20), (2, 24), (2, 27), (3, 4))),
    "xianghai": (
        Story((3, 2), (3, 6)),
        Story((1, 5), (1, 7), (1, 8), (1, 9), signed=(2, 2), formalised=(2, 27)),
        Story((1, 12), (1, 14), (1, 16), (1, 20), signed=(2, 10), grant="use_right"),
    ),
}


def at(day: tuple[int, int], hour: int = 10) -> datetime:
    return datetime(2026, *day, hour, tzinfo=SHANGHAI)


async def has_applications(tx: Transaction) -> bool:
    return bool(await tx.scalar(select(func.count()).where(application.c.tenant_id == tx.tenant_id)))


async def open_cases(demo: Demo, institution: Organisation) -> None:
    """The applications of an institution that has any, each told to where its story ends."""
    stories = STORIES.get(institution.key, ())
    researchers = researchers_of(institution)
    if not stories:
        return
    async with demo.acting(researchers[0].username) as tx:
        if await has_applications(tx):
            return
    for number, story in enumerate(stories):
        researcher = researchers[number % len(researchers)].username
        async with demo.acting(researcher) as tx:
            (achievement_id,) = await suitable(tx, demo.people[researcher], 1)
        await tell(story, achievement_id, "researcher", demo.within(institution, researcher))


async def suitable(tx: Transaction, person_id: UUID, limit: int) -> list[UUID]:
    """Achievements of a person that may be applied for: not converted and without a live application."""
    table = achievement_completer
    taken = select(application.c.achievement_id).where(application.c.tenant_id == tx.tenant_id)
    rows = await tx.rows(
        select(achievement.c.id)
        .join(table, (table.c.tenant_id == achievement.c.tenant_id) & (table.c.achievement_id == achievement.c.id))
        .where(
            achievement.c.tenant_id == tx.tenant_id,
            table.c.person_id == person_id,
            achievement.c.type == "patent_right",
            achievement.c.status == "not_converted",
            achievement.c.id.not_in(taken),
        )
        .order_by(achievement.c.number.desc())
        .limit(limit)
    )
    return [row.id for row in rows]


def submission(grant_type: str, representative: UUID, team: list[UUID], pack: Pack) -> Submission:
    """An application that meets every condition."""
    owned, used = grant_type == "ownership", grant_type == "use_right"
    members = tuple(TeamMember(person, confirmed=True, share=Fraction(1, len(team))) for person in team)
    return Submission(
        grant_type,
        representative,
        members,
        "成果已完成样机试制，用途和权利状况清楚。",
        f"团队共 {len(team)} 人，均为本单位在职人员，内部分配比例已书面确认。",
        "与意向企业共建中试线，两年内完成首次转化。",
        {code: {"met": True, "evidence": [evidence]} for code, evidence in _MET.items()},
        unit_share=Fraction(3, 10) if owned else None,
        team_share=Fraction(7, 10) if owned else None,
        co_ownership="by_share" if owned else None,
        term_first_day=date(2026, 3, 1) if used else None,
        term_last_day=date(2036, 2, 29) if used else None,
        others={code: _PAPER for code in pack.content.fields.get("application", {}) if code not in COLUMN_OF_MATERIAL},
    )


async def tell(story: Story, achievement_id: UUID, researcher: str, acting: Acting) -> None:
    """One application from its beginning to where its story ends. ``acting(role, instant)`` opens a transaction."""
    async with acting(researcher, at(story.applied)) as tx:
        assert tx.actor.person_id is not None
        if story.draft:
            done(await begin(tx, achievement_id, story.grant))
            return
        team, pack = await queries.completers_of(tx, achievement_id), (await governing(tx)).pack
        application_id = done(await apply(tx, achievement_id, submission(story.grant, tx.actor.person_id, team, pack)))
    if story.returned:
        async with acting("clerk", at(story.applied, 16)) as tx:
            held(await return_for_correction(tx, application_id, "plan", story.returned))
    await _review(story, application_id, acting)
    await _agree(story, application_id, acting)


async def _review(story: Story, application_id: UUID, acting: Acting) -> None:
    if story.screened:
        async with acting("clerk", at(story.screened)) as tx:
            await _screen(tx, application_id)
    if story.assessed:
        # What the unit approves is recorded by who signs for it; the feasibility is assessed by the office.
        async with acting("clerk", at(story.assessed)) as tx:
            assessing = bool((await governing(tx)).pack.content.feasibility)
            if assessing:
                reviewers = ["段问津", "苏知微", "陶守拙"]
                held(await record_feasibility(tx, application_id, _DIMENSIONS, reviewers, "feasible"))
        if not assessing:
            async with acting("head", at(story.assessed)) as tx:
                approved = Taken(tx.today, {}, "经单位会议审议，同意赋权")
                held(await record_step(tx, application_id, "approve", approved))
    if story.published:
        async with acting("clerk", at(story.published, 9)) as tx:
            held(await publish(tx, application_id, days=story.days))
    if story.objected:
        async with acting("leader", at(story.objected, 15)) as tx:
            (notice_id,) = await queries.notice_ids_of(tx, application_id)
            done(await raise_objection(tx, notice_id, "公示的完成人范围与立项任务书不一致，请核实是否遗漏参与人员。"))


async def _screen(tx: Transaction, application_id: UUID) -> None:
    """Item by item against the province's list, or against the unit's own where the text wants that one."""
    pack = (await governing(tx)).pack
    answers = {code: {"answer": "no"} for code in pack.content.screening_categories}
    used = await queries.list_in_force(tx, tx.today) if list_owner(pack) == "province" else None
    items = dict.fromkeys(used.items, "no") if used else {}
    screened = Screened(answers, items, own_list="" if used else OWN_LIST)
    held(await screen(tx, application_id, used.version_id if used else None, screened))


async def _agree(story: Story, application_id: UUID, acting: Acting) -> None:
    if story.signed:
        async with acting("head", at(story.signed)) as tx:
            wanted = (await governing(tx)).pack.content.agreements[story.grant].clauses
            clauses = {code: CLAUSES.get(code, _FURTHER) for code in wanted}
            paper = Agreement(date(2026, *story.signed), date(2026, *story.signed), clauses, opinions_heard=True)
            held(await sign_agreement(tx, application_id, paper))
    if story.formalised:
        async with acting("clerk", at(story.formalised)) as tx:
            papers = (await governing(tx)).pack.content.agreements[story.grant].formalities
            handled = [Handled(code, "权属变更登记通知书（演示）", date(2026, *story.formalised)) for code in papers]
            held(await record_formality(tx, application_id, handled))
