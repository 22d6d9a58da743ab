"""The demo's negative list: two published versions and a third one in consultation, made by the slice's own verbs.

All wording is our own and fictional, sorted under the three grounds of article 5; no real list is quoted.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from deploy.demo.acting import Demo, done, held
from deploy.demo.provinces import DemoProvince
from services.negative_list.drafting.workflow import add_item, draft_version, end_item, revise_item
from services.negative_list.models import list_version
from services.negative_list.opinions.workflow import answer_opinion, record_letter, submit_opinion
from services.negative_list.queries import Consultation, consultation_of, opinions
from services.negative_list.workflow import (
    Proceeding,
    close_consultation,
    determine,
    open_consultation,
    publish,
    record_expert_review,
)
from shared.clock import SHANGHAI
from shared.db.transaction import Transaction

RULE = "provincial_empowerment"
TITLE = "职务科技成果赋权负面清单"
PREFIX = "YN-FQ"

_FIRST = (
    (
        "major_interest",
        "可能对国家安全产生负面影响的成果",
        "转让、许可或者对外合作可能损害国家安全的；以有关主管部门的认定为准",
    ),
    ("major_interest", "可能对社会稳定产生负面影响的成果", "转化应用可能引发社会风险的"),
    (
        "major_interest",
        "可能对公共安全和公众健康产生重大负面影响的成果",
        "转化应用后风险难以控制、可能造成重大人身或者财产损害的",
    ),
    ("state_secret", "包含国家秘密且在解密之前的成果", "自解密之日起不再适用；此类成果的任何内容均不得在本平台填报"),
    ("state_secret", "是否属于国家秘密尚待确定的成果", "确定为不属于国家秘密之日起不再适用；确定之前按前一条管理"),
    (
        "ethics",
        "涉及人的研究，经判定违背伦理准则的成果",
        "以专业伦理审查机构的书面判定为准；仅有投诉、尚无判定的，不列入",
    ),
    ("ethics", "涉及实验动物的研究，经判定违背伦理准则的成果", "以专业伦理审查机构的书面判定为准"),
    ("major_interest", "可能引发群体性风险的成果", "转化应用可能引发群体性事件的"),
)
_SECOND = (
    (
        "major_interest",
        "可能对生态安全和生物资源安全产生重大负面影响的成果",
        "转化应用可能造成不可逆生态损害或者重要生物资源流失的",
    ),
    (
        "ethics",
        "数据与智能技术应用，经判定违背伦理准则的成果",
        "转化应用过程不能保证安全可控、损害公众权益的；以书面判定为准",
    ),
)
_OPINIONS = (
    "建议写明由哪个部门作出认定，便于试点单位排查时掌握。",
    "建议将说明写得更具体，避免各单位理解不一致。",
    "支持本条，建议同时公布咨询电话。",
    "建议明确成果解密以后重新申请的办法。",
    "本条与相邻条目有交叉，建议合并或者写明区别。",
    "建议说明仅有投诉、尚无书面判定时如何办理。",
)
# What came in on the draft that is in consultation: day of March, how it came, the item it is about, its words.
_RECEIVED = (
    (10, "", "007", "书面判定应由哪一级专业伦理审查机构作出，建议写明。"),
    (11, "letter", "011", "供水、供电、交通以外的通信和供热设施是否包括在内，建议列举。"),
    (12, "", "011", "建议给出判断“重要基础设施”的参照目录，基层单位不好把握。"),
    (12, "meeting", "", "建议清单每次调整时同时公布与上一版的对照表。"),
    (13, "", "002", "支持上一版的修订，建议保持稳定，两年内不再调整。"),
    (15, "", "", "建议征求意见期满后公布意见采纳情况。"),
)
_ANSWERED = ("感谢您的意见。清单由省级有专业资质的伦理审查机构判定为准，将在说明中写明。", "adopted")
_CONSIDERATIONS = {
    "特殊性": "逐条研究了所列成果与一般成果的不同，认为有必要单独列明。",
    "敏感性": "对涉及安全和伦理的条目逐条评估，表述适当。",
    "可能产生的社会影响": "条目清楚，便于单位排查和社会监督，未见明显不利影响。",
}


async def seed_lists(tx: Transaction) -> UUID:
    """Make the lists as the science department of the province; returns the id of the draft in consultation.

    ``tx`` is entered as ``web_science``. Its legal instant is moved step by step and left as it was.
    """
    entered_at = tx.now
    tx.now = _at(2025, 11, 10)
    first = done(await draft_version(tx, RULE, TITLE, PREFIX))
    for category, title, note in _FIRST:
        done(await add_item(tx, first, category, title, note))
    await _adopt(tx, first, (2025, 11, 10), 31, (2025, 12, 16), (2025, 12, 22), (2025, 12, 25), date(2026, 1, 1))

    tx.now = _at(2025, 12, 29)
    second = done(await draft_version(tx, RULE, TITLE))
    for category, title, note in _SECOND:
        done(await add_item(tx, second, category, title, note))
    revised = "转化应用可能引发群体性、系统性社会风险的；修订内容自 2026-03-01 生效"
    held(await revise_item(tx, second, f"{PREFIX}-002", "可能对社会稳定产生负面影响的成果", revised))
    held(await end_item(tx, second, f"{PREFIX}-008", f"第 2 版并入 {PREFIX}-002；终止前的内容长期保留"))
    await _adopt(tx, second, (2025, 12, 29), 12, (2026, 2, 3), (2026, 2, 6), (2026, 2, 10), date(2026, 3, 1))

    tx.now = _at(2026, 3, 9)
    third = done(await draft_version(tx, RULE, TITLE))
    done(
        await add_item(
            tx,
            third,
            "major_interest",
            "可能对重要基础设施安全产生重大负面影响的成果",
            "转化应用可能危及供水、供电、交通等重要基础设施安全运行的",
        )
    )
    animals = "以专业伦理审查机构的书面判定为准；判定应写明所依据的伦理准则"
    held(await revise_item(tx, third, f"{PREFIX}-007", "涉及实验动物的研究，经判定违背伦理准则的成果", animals))
    held(await open_consultation(tx, third, 30))
    tx.now = entered_at
    return third


async def publish_lists(demo: Demo, province: DemoProvince) -> None:
    """The lists of a province whose policy has one, and what came in on the draft that is in consultation."""
    async with demo.acting(province.officer) as tx:
        if await tx.scalar(select(func.count()).where(list_version.c.province_id == province.id)):
            return
        draft = await seed_lists(tx)
        round_ = await consultation_of(tx, draft)
        assert round_ is not None
    for number, (day, channel, item, body) in enumerate(_RECEIVED):
        await _receive(demo, province, round_, (_at(2026, 3, day), channel, f"{PREFIX}-{item}", body, number))
    async with demo.acting(province.officer, _at(2026, 3, 13)) as tx:
        first = min(await opinions(tx, round_.id), key=lambda one: one.received_at)
        held(await answer_opinion(tx, first.id, *_ANSWERED))


async def _receive(
    demo: Demo, province: DemoProvince, round_: Consultation, sent: tuple[datetime, str, str, str, int]
) -> None:
    """One opinion: from the public page, or entered by the officer."""
    when, channel, code, body, number = sent
    if channel:
        async with demo.acting(province.officer, when) as tx:
            done(await record_letter(tx, round_.id, channel, body, code))
    else:
        async with demo.visiting(province, f"198.51.100.{number + 1}", when) as tx:
            done(await submit_opinion(tx, round_.id, body, code))


async def _adopt(
    tx: Transaction,
    version_id: UUID,
    opened: tuple[int, int, int],
    received: int,
    reviewed: tuple[int, int, int],
    decided: tuple[int, int, int],
    published: tuple[int, int, int],
    effective_on: date,
) -> None:
    """Consultation, answers, expert review, determination and publication of one version, each on its day."""
    tx.now = _at(*opened)
    held(await open_consultation(tx, version_id, 30))
    round_ = await consultation_of(tx, version_id)
    assert round_ is not None
    codes = [item["code"] for item in round_.draft["items"]]
    for number in range(received):
        channel = ("letter", "meeting", "visit")[number % 3]
        body = _OPINIONS[number % len(_OPINIONS)]
        done(await record_letter(tx, round_.id, channel, body, codes[number % len(codes)]))
    for opinion in await opinions(tx, round_.id):
        held(await answer_opinion(tx, opinion.id, "感谢您的意见，已在修改说明时研究吸收。", "partly"))
    tx.now = _at(*reviewed)
    held(await close_consultation(tx, version_id))
    review = Proceeding(
        tx.today, "高等院校、科研院所、医疗卫生机构专家 7 人", "同意提交确定", "专家审核与评估意见", _CONSIDERATIONS
    )
    held(await record_expert_review(tx, version_id, review))
    tx.now = _at(*decided)
    joint = Proceeding(tx.today, "省科技厅会同相关单位共 5 家", "一致同意", "共同确定会议纪要")
    held(await determine(tx, version_id, joint))
    tx.now = _at(*published)
    held(await publish(tx, version_id, effective_on))


def _at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 9, 30, tzinfo=SHANGHAI)
