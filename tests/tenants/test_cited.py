"""What rules that hold no pack refuse is told with the article of the province that governs, and what was judged in words."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from services.annual_report import refusals
from services.annual_report import rules as reports
from services.empowerment.signing import rules as signing
from services.ledger import rules as ledger
from services.ledger.importing import rules as importing
from services.ledger.marking import rules as marking
from services.ledger.stages import rules as stages
from services.negative_list import rules as lists
from services.notices import rules as notices
from services.pilot import rules as pilot
from shared.errors import Refusal, lost_race
from shared.policy import load_pack
from shared.policy.inputs import inputs_in_words
from tenants.packs import cited

PACKS = {region: load_pack(region) for region in ("cn-53", "cn-22", "cn-37")}
DAY, NEXT, NOW = date(2026, 3, 2), date(2026, 3, 3), datetime(2026, 3, 2, 2, tzinfo=UTC)
LIST, OURS = "provincial_empowerment", "（本平台口径）"
POSTED = notices.Counted("empowerment", NOW, 15)


def form(region: str) -> reports.Form:
    return reports.forms(PACKS[region], 2025, {}, [], DAY)[0]


@pytest.mark.parametrize(
    ("refusal", "yunnan", "jilin"),
    [
        (pilot.selected_too_late("ledger", DAY, NEXT), "第三条", "第三条"),
        (pilot.ends_wrongly("empowerment", NEXT, DAY), "第三条", "三（四）"),
        (lists.future_day(LIST, "needs_experts", NEXT, DAY), "第五条", "二（一）1"),
        (lists.effect_too_early(LIST, DAY, NEXT, None), "第五条", "二（一）1"),
        (notices.own_objection("empowerment"), "第八条(三)", OURS),
        (notices.interrupted_wrongly(POSTED, NOW, NOW, NOW), OURS, OURS),
        (signing.wrong_days("use_right", NEXT, NEXT, DAY), "第八条(三)", "二（一）1"),
        (signing.unknown_formality("use_right", ["x"]), "第八条(四)2", "二（一）1"),
        (refusals.without_reason("annual_report", ["成果数量"]), "第十七条", None),
        (refusals.without_reason("conversion_report", ["成果数量"]), None, "第十七条"),
        (ledger.number_taken("ZL1", "CG-1"), "第九条", "第八条"),
        (ledger.wrong_day(NEXT, DAY, DAY), "第九条", "第八条"),
        (stages.in_future({"feasible": NEXT}, DAY), "第九条(四)2", "第八条"),
        (marking.wrong_day(NEXT, DAY, None, DAY), "第十一条", "第五条"),
        (importing.as_of_refusal(None, DAY), "第九条", "第八条"),
        (importing.secret_reason("机密★10年"), OURS, OURS),
    ],
    ids=lambda one: one.code if isinstance(one, Refusal) else "",
)
def test_the_article_is_that_of_the_governing_province(
    refusal: Refusal | None, yunnan: str | None, jilin: str | None
) -> None:
    assert refusal is not None
    for region, article in (("cn-53", yunnan), ("cn-22", jilin)):
        if article is None:
            continue
        told = cited(refusal, PACKS[region])
        assert told.citation is not None
        assert told.citation.article == article
        assert bool(told.citation.quote) == (article != OURS)
        assert told.told


def test_a_province_without_a_text_of_its_own_has_the_platforms_reading_and_no_quote() -> None:
    told = cited(ledger.number_taken("ZL1", "CG-1"), PACKS["cn-37"])
    assert told.citation is not None
    assert (told.citation.quote, told.citation.basis) == ("", "decision")


def test_who_was_a_moment_too_late_broke_no_rule() -> None:
    told = cited(lost_race("他人刚刚办理"), PACKS["cn-53"])
    assert (told.citation, told.told, told.status) == (None, (), 409)


def test_a_reports_refusals_name_what_its_form_names() -> None:
    told = cited(refusals.not_frozen(form("cn-53"), "报送"), PACKS["cn-53"])
    assert told.citation == form("cn-53").citation
    assert dict(told.told) == {"年度": "2025", "统计时点": "2025-12-31"}


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"published_at": NOW, "today": DAY}, {"发布时间": "2026-03-02 10:00", "今天": "2026-03-02"}),
        ({"published_at": "2026-03-01T16:30:00+00:00"}, {"发布时间": "2026-03-02 00:30"}),
        ({"grant_type": "use_right", "unit_kind": "soe"}, {"赋权类型": "长期使用权赋权", "单位类型": "国有企业"}),
        ({"done": ["apply", "screen"], "reason": ""}, {"已办步骤": "申请、负面清单排查", "理由": "（无）"}),
        ({"notice": {"days": 14, "restarts": []}}, {"公示": "天数 14；重新计算 （无）"}),
        ({"same_name": [str(UUID(int=1)), str(UUID(int=2))]}, {"同名成果": "2 项"}),
        ({"representative": str(UUID(int=1)), "import_id": str(UUID(int=2)), "case": "notice"}, {}),
        ({"team": [{"person": str(UUID(int=1)), "confirmed": False}]}, {"团队": "已确认 否"}),
        (
            {"codes": [f"CG-{number}" for number in range(8)]},
            {"成果编号": "CG-0、CG-1、CG-2、CG-3、CG-4、CG-5 等 8 项"},
        ),
    ],
)
def test_what_was_judged_is_told_in_words_without_ids(inputs: dict[str, object], words: dict[str, str]) -> None:
    assert dict(inputs_in_words(PACKS["cn-53"], inputs)) == words
