"""A province's own steps, rights and venues: what the schema says and how the engine follows it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from shared.clock import SHANGHAI
from shared.policy import Answer, Pack, PackError, Verdict, evaluate, load_pack
from shared.policy.loader import PACKS, Sources, resolve_pack

TODAY = date(2026, 3, 18)
RULES = """
[readings.ours]
question = "怎样办理？"
used = "按本表"
other = "另定"
effect = "步骤不同"
decided_by = "测试"

[enumerations.evidence.panel_opinion]
label = "评议意见"
cite = { decision = "ours" }

[enumerations.venue.village_board]
label = "村务公开栏"
cite = { decision = "ours" }

[grant_types.income_right]
label = "收益权赋权"
asks = ["shares", "term"]
full_ownership = true
cite = { article = "第六条" }

[notices.income]
label = "收益权公示"
comparator = ">="
days = 7
unit = "working_day"
objections = "block"
result_published = true
venues = ["unit_website", "village_board"]
venue_mode = "all"
cite = { article = "第九条" }

[agreements.income_right]
label = "收益权协议"
after_notice = "income"
cite = { article = "第十条" }

[steps.empowerment]
cite = { article = "第八条" }
apply = { label = "申请", actor = "representative" }
result = { label = "公布公示结果", actor = "unit", after = ["announce"], waits_for_notice = true }
announce = { label = "公示", actor = "unit", after = ["panel"] }
panel = { label = "专家评议", actor = "professionals", after = ["apply"], evidence = ["panel_opinion"], skip_when = ["formula"] }
sign = { label = "签约", actor = "unit", after = ["result"] }
"""


def pack_of(rules: str = RULES) -> Pack:
    texts = dict(Sources.of_folder(PACKS).texts)
    texts["cn-99/pack.toml"] = (
        'id = "cn-99"\ntitle = "某省"\nversion = "1"\nlevel = "province"\nparent = "cn"\n'
        'effective_from = 2026-01-01\nlegal_state = "in_force"\ndocuments = ["main"]\n'
    )
    texts["cn-99/main/document.toml"] = 'title = "某省办法"\n'
    texts["cn-99/main/rules.toml"] = rules
    return resolve_pack("cn-99", Sources(texts))


def steps(pack: Pack, **facts: Any) -> list[str]:
    values = evaluate("procedure.steps", {"grant_type": "ownership", **facts}, pack, TODAY).values
    return [one["code"] for one in values["steps"]]


def take(pack: Pack, step: str, done: list[str], **facts: Any) -> Answer:
    given = {"grant_type": "income_right", "step": step, "done": done, **facts}
    return evaluate("step.may_take", given, pack, TODAY)


def codes(answer: Answer) -> list[str]:
    return [finding.code for finding in answer.findings if finding.verdict is Verdict.REFUSED]


def at(day: int) -> datetime:
    return datetime(2026, 3, day, 9, tzinfo=SHANGHAI)


def test_each_province_has_its_own_steps_in_its_own_order(yunnan: Pack, jilin: Pack) -> None:
    assert steps(yunnan) == ["apply", "screen", "assess", "announce", "sign", "formalities"]
    assert steps(jilin) == ["apply", "screen", "approve", "announce", "sign", "change"]
    assert steps(pack_of(), grant_type="income_right") == ["apply", "panel", "announce", "result", "sign"]
    # A city whose text lists no steps is asked only for what its other rules need.
    assert steps(load_pack("cn-4405")) == ["apply", "sign"]


def test_a_step_of_its_own_is_recorded_with_its_papers_and_the_article() -> None:
    pack = pack_of()
    panel = evaluate("procedure.steps", {"grant_type": "income_right"}, pack, TODAY).values["steps"][1]
    assert (panel["act"], panel["evidence"]) == ("record", [{"code": "panel_opinion", "label": "评议意见"}])
    missing = take(pack, "panel", ["apply"], provided={})
    assert codes(missing) == ["step.no_evidence.panel_opinion"]
    assert missing.findings[0].citation.article == "第八条"
    assert take(pack, "panel", ["apply"], provided={"panel_opinion": "评议字1号"}).allowed
    assert codes(take(pack, "announce", ["apply"])) == ["step.before.panel"]


def test_a_step_may_be_left_out_where_the_text_says_so() -> None:
    assert "panel" not in steps(pack_of(), grant_type="income_right", holds=["formula"])


@pytest.mark.parametrize(("day", "refused"), [(11, ["notice.running"]), (12, [])])
def test_the_result_of_a_notice_is_published_once_its_working_days_are_over(day: int, refused: list[str]) -> None:
    posted = {"published_at": at(2), "days": 7}
    done = ["apply", "panel", "announce"]
    assert codes(take(pack_of(), "result", done, now=at(day), notice=posted)) == refused


def test_an_open_objection_holds_up_the_result() -> None:
    posted = {"published_at": at(2), "days": 7}
    objections = [{"received_at": at(4), "state": "open"}]
    answer = take(pack_of(), "result", ["apply", "panel", "announce"], now=at(12), notice=posted, objections=objections)
    assert codes(answer) == ["objection.open"]


@pytest.mark.parametrize(
    ("posted", "refused"),
    [
        ({}, ["notice.venue.unit_website", "notice.venue.village_board"]),
        ({"venue_unit_website": "https://a.example/1"}, ["notice.venue.village_board"]),
        ({"venue_unit_website": "https://a.example/1", "venue_village_board": "照片3"}, []),
    ],
)
def test_a_notice_stands_at_every_venue_that_the_text_names(posted: dict[str, str], refused: list[str]) -> None:
    answer = evaluate("notice.content", {"kind": "income", "provided": posted}, pack_of(), TODAY)
    assert codes(answer) == refused
    if refused:
        assert "第九条" in {finding.citation.article for finding in answer.findings}


def test_at_one_of_several_venues_is_enough_where_the_text_says_any() -> None:
    pack = pack_of(RULES.replace('venue_mode = "all"', 'venue_mode = "any"'))
    answer = evaluate("notice.content", {"kind": "income", "provided": {"venue_village_board": "照片3"}}, pack, TODAY)
    assert answer.allowed


def test_everything_may_be_given_to_the_team_where_the_text_allows_it() -> None:
    facts = {"unit_kind": "university", "grant_type": "income_right", "ownership": {"unit": "0", "team": "1"}}
    answer = evaluate("empowerment.may_apply", facts, pack_of(), TODAY)
    assert not {code for code in codes(answer) if code.startswith("shares.")}


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('actor = "unit", after = ["panel"]', 'actor = "unit", after = ["result"]', "wait for each other"),
        ("result = { label", 'result = { act = "sign", label', "more than one step that does sign"),
        ("announce = { label", "publicity = { label", "does announce"),
        ('evidence = ["panel_opinion"]', 'evidence = ["nothing"]', "nothing is not a code"),
    ],
)
def test_steps_that_cannot_be_followed_are_told_with_their_place(before: str, after: str, message: str) -> None:
    text = RULES.replace(before, after)
    if "publicity" in after:
        text = text.replace('after = ["announce"]', 'after = ["publicity"]')
    with pytest.raises(PackError) as failure:
        pack_of(text)
    assert any(message in str(problem) for problem in failure.value.problems), failure.value.problems
    assert all(problem.file.startswith("cn-99/") and problem.line for problem in failure.value.problems)
