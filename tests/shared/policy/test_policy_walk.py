"""What a clerk meets on the way from disclosure to agreement, as the two guidelines of the first province say it."""

from __future__ import annotations

import json
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from shared.clock import SHANGHAI
from shared.policy import Answer, FactError, Pack, Verdict, as_json, evaluate, questions
from shared.policy.cases import merged

TODAY = date(2026, 3, 18)
UNIT = {"unit_kind": "university", "memberships": [{"guideline": "empowerment", "first_day": date(2025, 12, 1)}]}
APPLICATION: dict[str, Any] = {
    **UNIT,
    "grant_type": "ownership",
    "conditions": {
        "clear_ownership": {"met": True, "evidence": ["ownership_certificate"]},
        "clear_prospect": {"met": True, "evidence": ["market_study"]},
        "clear_receiver": {"met": True, "evidence": ["team_capability"]},
        "strong_will": {"met": True, "evidence": ["voluntary_statement"]},
    },
    "team": [{"person": "a", "confirmed": True}, {"person": "b", "confirmed": True}],
    "representative": "a",
    "materials": ["achievement_description", "team_information", "conversion_plan"],
}
SIGNING: dict[str, Any] = {
    "grant_type": "ownership",
    "notice": {"published_at": datetime(2026, 3, 2, 10, tzinfo=SHANGHAI), "days": 15},
    "objections": [],
}


def apply(pack: Pack, **changes: Any) -> Answer:
    return evaluate("empowerment.may_apply", merged(APPLICATION, changes), pack, TODAY)


def sign(pack: Pack, now: datetime, **changes: Any) -> Answer:
    facts = merged({**SIGNING, "now": now}, changes)
    return evaluate("agreement.may_sign", facts, pack, now.astimezone(SHANGHAI).date())


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=SHANGHAI)


def codes(answer: Answer) -> set[str]:
    return {finding.code for finding in answer.findings}


def test_a_complete_application_may_be_filed(yunnan: Pack) -> None:
    assert apply(yunnan).verdict is Verdict.ALLOWED


def test_who_is_in_no_pilot_is_refused_with_article_3(yunnan: Pack) -> None:
    answer = apply(yunnan, memberships=[])
    assert answer.verdict is Verdict.REFUSED
    assert answer.gravest is not None
    assert answer.gravest.code == "pilot.not_selected"
    assert answer.gravest.citation.article == "第三条"
    assert "中遴选为试点的单位" in answer.gravest.citation.quote


@pytest.mark.requirement("R017")
def test_there_are_two_types_of_grant(yunnan: Pack) -> None:
    assert apply(yunnan).values["grant_types"] == ["ownership", "use_right"]
    assert "empowerment.grant_type" in codes(apply(yunnan, grant_type="dividend"))


@pytest.mark.requirement("R025", "R026", "R027", "R028")
@pytest.mark.parametrize("condition", ["clear_ownership", "clear_prospect", "clear_receiver", "strong_will"])
def test_each_condition_and_its_evidence_are_needed(yunnan: Pack, condition: str) -> None:
    unmet = apply(yunnan, conditions={condition: {"met": False}})
    bare = apply(yunnan, conditions={condition: {"met": True, "evidence": []}})
    assert unmet.verdict is bare.verdict is Verdict.REFUSED
    assert codes(unmet) == {f"condition.{condition}.not_met"}
    assert codes(bare) == {f"condition.{condition}.no_evidence"}
    assert unmet.findings[0].citation.article.startswith("第七条(二)")


@pytest.mark.requirement("R029")
def test_a_team_needs_consensus_and_one_of_its_own_as_representative(yunnan: Pack) -> None:
    waiting = apply(yunnan, team=[{"person": "a", "confirmed": True}, {"person": "b", "confirmed": False}])
    stranger = apply(yunnan, representative="c")
    assert codes(waiting) == {"team.no_consensus"}
    assert codes(stranger) == {"team.no_representative"}


@pytest.mark.requirement("R030")
def test_every_part_of_the_application_is_needed(yunnan: Pack) -> None:
    answer = apply(yunnan, materials=["team_information"])
    assert codes(answer) == {"application.missing.achievement_description", "application.missing.conversion_plan"}


@pytest.mark.requirement("R016")
def test_one_incentive_for_one_conversion(yunnan: Pack) -> None:
    assert "incentive.exclusive" in codes(apply(yunnan, incentives=[{"scope": "conversion"}]))
    assert apply(yunnan, incentives=[{"scope": "achievement"}]).verdict is Verdict.ADVISED


@pytest.mark.requirement("R018")
def test_unit_and_team_become_co_owners(yunnan: Pack) -> None:
    assert apply(yunnan, ownership={"team": "0.7", "unit": "0.3"}).verdict is Verdict.ALLOWED
    assert "shares.not_shared" in codes(apply(yunnan, ownership={"team": "1"}))
    assert "shares.not_whole" in codes(apply(yunnan, ownership={"team": "0.7", "unit": "0.2"}))


@pytest.mark.requirement("R033", "R035")
def test_refused_on_day_15_at_16_and_allowed_on_day_16(yunnan: Pack) -> None:
    refused = sign(yunnan, at(17, 16))
    assert refused.verdict is Verdict.REFUSED
    assert codes(refused) == {"notice.running"}
    finding = refused.findings[0]
    assert finding.citation.article == "第八条(三)"
    assert "公示期满且无异议后" in finding.citation.quote
    assert "第15/15天" in finding.message
    assert "2026-03-18" in finding.would_change
    assert sign(yunnan, at(18, 0)).verdict is Verdict.ALLOWED


@pytest.mark.requirement("R035")
def test_an_open_objection_blocks_after_the_end_and_a_late_one_does_not(yunnan: Pack) -> None:
    timely = {"received_at": datetime(2026, 3, 17, 23, 50, tzinfo=SHANGHAI), "state": "open"}
    late = {"received_at": datetime(2026, 3, 18, 0, 10, tzinfo=SHANGHAI), "state": "open"}
    assert codes(sign(yunnan, at(20), objections=[timely])) == {"objection.open"}
    assert sign(yunnan, at(20), objections=[late]).verdict is Verdict.ADVISED
    assert sign(yunnan, at(20), objections=[{**timely, "state": "settled"}]).verdict is Verdict.ALLOWED
    assert codes(sign(yunnan, at(20), objections=[{**timely, "state": "upheld"}])) == {"objection.upheld"}


def test_without_a_notice_nothing_is_signed(yunnan: Pack) -> None:
    answer = sign(yunnan, at(20), notice={"published_at": None})
    assert codes(answer) == {"notice.missing"}


def test_a_notice_that_is_offline_must_come_back(yunnan: Pack) -> None:
    gap = [{"from": at(10), "to": None}]
    answer = sign(yunnan, at(20), notice={"offline": gap})
    assert "notice.interrupted" in codes(answer)


@pytest.mark.requirement("R036")
def test_ownership_agreements_have_six_clauses(yunnan: Pack) -> None:
    clauses = evaluate("agreement.clauses", {"grant_type": "ownership"}, yunnan, TODAY).values["clauses"]
    assert [one["label"] for one in clauses] == [
        "科技成果内容界定", "赋权比例", "收益分配", "费用分担", "后续改进成果归属", "违约责任",
    ]  # fmt: skip


@pytest.mark.requirement("R037")
def test_use_right_agreements_have_ten_clauses(yunnan: Pack) -> None:
    clauses = evaluate("agreement.clauses", {"grant_type": "use_right"}, yunnan, TODAY).values["clauses"]
    assert len(clauses) == 10
    complete = [one["code"] for one in clauses]
    for missing in complete:
        kept = [code for code in complete if code != missing]
        assert codes(evaluate("agreement.clauses", {"grant_type": "use_right", "clauses": kept}, yunnan, TODAY)) == {
            f"clause.{missing}"
        }


@pytest.mark.parametrize(
    ("grant", "paper"), [("ownership", "co_ownership_registration"), ("use_right", "licence_filing")]
)
def test_formalities_need_their_proof(yunnan: Pack, grant: str, paper: str) -> None:
    facts: dict[str, Any] = {"grant_type": grant, "provided": []}
    assert codes(evaluate("agreement.formalities", facts, yunnan, TODAY)) == {f"formality.{paper}"}
    assert evaluate("agreement.formalities", {**facts, "provided": [paper]}, yunnan, TODAY).verdict is Verdict.ALLOWED


@pytest.mark.requirement("R031", "R012")
@pytest.mark.parametrize("hit", ["major_interest", "state_secret"])
def test_screening_is_item_by_item_and_any_one_suffices(yunnan: Pack, hit: str) -> None:
    version = {"version": "1", "hash": "h"}
    answers = {code: {"answer": "no"} for code in yunnan.content.screening_categories}
    facts: dict[str, Any] = {"list": version, "list_in_force": version, "answers": answers}
    assert evaluate("screening.result", facts, yunnan, TODAY).values["result"] == "passed"
    open_answer = merged(facts, {"answers": {hit: {"answer": None}}})
    assert codes(evaluate("screening.result", open_answer, yunnan, TODAY)) == {f"screening.unanswered.{hit}"}
    yes = evaluate("screening.result", merged(facts, {"answers": {hit: {"answer": "yes"}}}), yunnan, TODAY)
    assert codes(yes) == {f"screening.excluded.{hit}"}
    items = {"items": ["L-1", "L-2"], "item_answers": {"L-1": "no"}}
    assert codes(evaluate("screening.result", {**facts, **items}, yunnan, TODAY)) == {"screening.unanswered_items"}
    items["item_answers"] = {"L-1": "no", "L-2": "yes"}
    assert codes(evaluate("screening.result", {**facts, **items}, yunnan, TODAY)) == {"screening.item_hit"}


@pytest.mark.requirement("R009", "R010", "R011")
def test_the_three_categories_with_their_articles(yunnan: Pack) -> None:
    categories = evaluate("screening.questions", {}, yunnan, TODAY).values["categories"]
    assert [one["citation"].article for one in categories] == ["第五条1", "第五条2", "第五条3"]
    assert [one["until"] for one in categories] == [None, "declassification", None]
    assert [one["needs_finding"] for one in categories] == [False, False, True]


@pytest.mark.requirement("R032")
def test_feasibility_has_three_dimensions_and_somebody_who_judged(yunnan: Pack) -> None:
    dimensions = [one["code"] for one in evaluate("feasibility.dimensions", {}, yunnan, TODAY).values["dimensions"]]
    assert len(dimensions) == 3
    whole: dict[str, Any] = {"dimensions": dict.fromkeys(dimensions, "可行"), "reviewers": ["p9"]}
    assert evaluate("feasibility.recorded", whole, yunnan, TODAY).verdict is Verdict.ALLOWED
    assert codes(evaluate("feasibility.recorded", {**whole, "reviewers": []}, yunnan, TODAY)) == {
        "feasibility.no_reviewer"
    }
    blank = merged(whole, {"dimensions": {dimensions[1]: "  "}})
    assert codes(evaluate("feasibility.recorded", blank, yunnan, TODAY)) == {f"feasibility.missing.{dimensions[1]}"}


@pytest.mark.requirement("R005", "R051", "R070", "R072")
def test_the_vocabularies_of_the_ledger(yunnan: Pack) -> None:
    values = evaluate("ledger.enumerations", {}, yunnan, TODAY).values
    labels = "专利权 计算机软件著作权 集成电路布图设计专有权 植物新品种权 药品上市许可 临床许可 专利申请权 非专利技术"
    assert [one["label"] for one in values["types"]] == labels.split()
    assert [one["label"] for one in values["statuses"]] == ["未转化", "意向转化", "转化中", "已转化"]
    assert len(values["modes"]) == 8
    assert [one["label"] for one in values["stages"]] == ["研究阶段", "开发阶段"]


@pytest.mark.requirement("R058")
def test_a_disclosure_names_every_missing_field(yunnan: Pack) -> None:
    answer = evaluate("disclosure.fields", {"provided": {"name": "甲"}}, yunnan, TODAY)
    assert len(answer.values["fields"]) == 6
    assert len(answer.findings) == 5


@pytest.mark.requirement("R059", "R060")
def test_evidence_by_funding(yunnan: Pack) -> None:
    for funding, paper, other in (
        ("fiscal", "project_contract", "research_plan"),
        ("own", "research_plan", "approval_paper"),
    ):
        good = evaluate("disclosure.evidence", {"funding": funding, "provided": [paper]}, yunnan, TODAY)
        bad = evaluate("disclosure.evidence", {"funding": funding, "provided": [other]}, yunnan, TODAY)
        assert good.verdict is Verdict.ALLOWED
        assert bad.verdict is Verdict.REFUSED


@pytest.mark.requirement("R024")
def test_use_rights_signed_and_effective_in_time_go_on(yunnan: Pack) -> None:
    facts = {
        "grant_type": "use_right",
        "signed_on": "2028-10-20",
        "effective_on": "2028-11-01",
        "last_day": "2038-10-31",
    }
    later = date(2030, 1, 1)
    assert evaluate("agreement.outlives", facts, yunnan, later).values["continues"] is True
    late = evaluate("agreement.outlives", {**facts, "effective_on": "2028-11-20"}, yunnan, later)
    assert late.verdict is Verdict.PERSON_MUST_DECIDE
    silent = evaluate("agreement.outlives", {**facts, "grant_type": "ownership"}, yunnan, later)
    assert codes(silent) == {"agreement.continuation_silent"}


@pytest.mark.parametrize(("answer", "keep"), [("yes", "nothing"), ("suspected", "nothing"), ("no", "all")])
def test_the_gate_before_any_text(yunnan: Pack, answer: str, keep: str) -> None:
    found = evaluate("secret.gate", {"answer": answer}, yunnan, TODAY)
    assert found.values["keep"] == keep
    assert found.allowed is (answer == "no")
    assert evaluate("secret.gate", {}, yunnan, TODAY).verdict is Verdict.REFUSED


def test_a_refusal_says_article_quote_inputs_version_and_what_would_change_it(yunnan: Pack) -> None:
    finding = sign(yunnan, at(17, 16)).findings[0]
    assert finding.citation.place == "《云南省职务科技成果赋权改革试点操作指引(试行)》第八条(三)"
    assert finding.citation.quote
    assert set(finding.inputs) == {"notice", "now"}
    assert (finding.citation.pack, finding.citation.pack_version) == (yunnan.id, yunnan.version)
    assert finding.would_change


def test_stored_facts_give_the_same_answer_again(yunnan: Pack) -> None:
    facts = {**SIGNING, "now": at(17, 16), **UNIT, "ownership": {"team": Fraction(2, 3), "unit": Fraction(1, 3)}}
    stored = json.loads(json.dumps(as_json(facts)))
    first = evaluate("agreement.may_sign", facts, yunnan, TODAY)
    again = evaluate("agreement.may_sign", stored, yunnan, TODAY)
    assert (again.verdict, codes(again)) == (first.verdict, codes(first))
    assert as_json(again.values) == as_json(first.values)


def test_in_mode_advisory_nothing_is_refused_but_everything_is_said(yunnan: Pack) -> None:
    answer = sign(yunnan.with_mode("advisory"), at(17, 16))
    assert answer.verdict is Verdict.ADVISED
    assert answer.allowed
    assert codes(answer) == {"notice.running"}
    assert answer.mode == "advisory"


def test_every_answer_of_a_draft_says_that_it_is_one(jilin: Pack) -> None:
    for question in ("screening.questions", "ledger.enumerations", "feasibility.dimensions"):
        answer = evaluate(question, {}, jilin, TODAY)
        assert answer.draft
        assert "征求意见稿" in answer.banner


def test_a_missing_fact_is_the_callers_error_and_no_refusal(yunnan: Pack) -> None:
    with pytest.raises(FactError, match="grant_type"):
        evaluate("agreement.may_sign", {"now": at(17)}, yunnan, TODAY)
    with pytest.raises(FactError, match="unit_kind"):
        evaluate("pilot.covers", {"guideline": "empowerment"}, yunnan, TODAY)
    with pytest.raises(FactError, match="aware"):
        evaluate("notice.period", {"published_at": datetime(2026, 3, 2)}, yunnan, TODAY)  # noqa: DTZ001
    with pytest.raises(FactError, match="share"):
        apply(yunnan, shares={"a": 0.5, "b": 0.5})
    with pytest.raises(KeyError):
        evaluate("no.such_question", {}, yunnan, TODAY)


def test_the_questions_are_documented() -> None:
    readme = Path("shared/policy/README.md").read_text("utf-8")
    assert [name for name in questions() if f"`{name}`" not in readme] == []


def test_where_the_calendar_is_unknown_no_objection_is_late(yunnan: Pack) -> None:
    notice = {"published_at": "2026-12-25T09:00:00+08:00"}
    effect = evaluate("objection.effect", {"notice": notice, "received_at": "2027-01-10T09:00:00+08:00"}, yunnan, TODAY)
    assert effect.verdict is Verdict.PERSON_MUST_DECIDE
    assert effect.values["blocks"] is True
    early = evaluate("objection.effect", {"notice": notice, "received_at": "2027-01-09T09:00:00+08:00"}, yunnan, TODAY)
    assert early.verdict is Verdict.ALLOWED
    open_one = {"received_at": "2027-01-10T09:00:00+08:00", "state": "open"}
    now = datetime(2027, 1, 12, 9, tzinfo=SHANGHAI)
    assert "objection.open" in codes(sign(yunnan, now, notice=notice, objections=[open_one]))


def test_where_the_text_gives_no_number_of_days_the_unit_states_it(yunnan: Pack) -> None:
    facts = {"kind": "pricing", "published_at": "2026-03-02T09:00:00+08:00"}
    assert codes(evaluate("notice.period", facts, yunnan, TODAY)) == {"notice.days_not_set"}
    stated = evaluate("notice.period", {**facts, "days": 7}, yunnan, TODAY)
    assert (stated.verdict, stated.values["end"]) == (Verdict.ALLOWED, date(2026, 3, 9))


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (at(2, 11), "2026-03-02 发布，公示至 2026-03-17，自 2026-03-03 起计，共 15 天"),
        (at(9), "2026-03-02 发布，公示至 2026-03-17，第 7/15 天"),
        (at(17, 23), "2026-03-02 发布，公示至 2026-03-17，第 15/15 天"),
        (at(18, 0), "2026-03-02 发布，公示至 2026-03-17，已满"),
    ],
)
def test_a_deadline_says_how_it_was_counted(yunnan: Pack, now: datetime, words: str) -> None:
    answer = evaluate("notice.period", {"published_at": at(2, 10), "now": now}, yunnan, TODAY)
    assert answer.values["counted"] == words
