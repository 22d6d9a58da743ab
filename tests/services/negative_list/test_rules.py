"""What a list version may become, and how its text is ordered, marked and hashed: no database."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from services.negative_list import rules
from services.negative_list.models import Mark
from services.negative_list.publication.comparison import compare, pieces
from services.negative_list.queries import Consultation, Entry
from services.negative_list.rules import Draft, DraftItem
from shared.policy import load_pack
from shared.policy.answer import Verdict

PACK = load_pack("cn-53").with_mode("enforced")
TODAY = date(2026, 3, 16)
DONE = {
    "list": "provincial_empowerment",
    "consultation_closed": True,
    "unanswered": 0,
    "expert_record": True,
    "determined": True,
}


def round_(last_day: date, *, closed: bool = False) -> Consultation:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return Consultation(
        uuid4(), uuid4(), "empowerment", 1, at, 30, last_day, at if closed else None, None, None, {}, ""
    )


@pytest.mark.requirement("R007")
@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ({"consultation_closed": False}, "list.no_consultation"),
        ({"unanswered": 1}, "list.no_answers"),
        ({"expert_record": False}, "list.no_experts"),
        ({"determined": False}, "list.no_determination"),
    ],
)
def test_publication_is_refused_with_article_5_while_a_step_is_open(missing: dict[str, object], code: str) -> None:
    answer = rules.may_publish({**DONE, **missing}, PACK, TODAY)
    assert answer.verdict is Verdict.REFUSED
    assert [finding.code for finding in answer.findings] == [code]
    citation = answer.findings[0].citation
    assert citation.article == "第五条"
    assert "公开征集意见" in citation.quote


def test_publication_is_allowed_when_every_step_is_done() -> None:
    assert rules.may_publish(DONE, PACK, TODAY).verdict is Verdict.ALLOWED


def test_a_round_without_opinions_must_still_be_closed() -> None:
    open_round = rules.publication_facts("provincial_empowerment", round_(TODAY), 0, reviewed=True, determined=True)
    assert rules.may_publish(open_round, PACK, TODAY).has("list.no_consultation")
    closed = rules.publication_facts(
        "provincial_empowerment", round_(TODAY, closed=True), 0, reviewed=True, determined=True
    )
    assert rules.may_publish(closed, PACK, TODAY).allowed


def test_determination_waits_for_consultation_and_experts_but_not_for_answers() -> None:
    before = {**DONE, "determined": False}
    assert rules.may_determine({**before, "unanswered": 3}, PACK, TODAY).allowed
    assert rules.may_determine({**before, "expert_record": False}, PACK, TODAY).has("list.no_experts")
    assert rules.may_determine({**before, "consultation_closed": False}, PACK, TODAY).has("list.no_consultation")


@pytest.mark.parametrize(("day", "open_"), [(date(2026, 4, 8), True), (date(2026, 4, 9), False)])
def test_a_round_runs_through_its_last_day(day: date, open_: bool) -> None:
    last_day = rules.last_day_of(date(2026, 3, 9), 30)
    assert last_day == date(2026, 4, 8)
    one = round_(last_day)
    assert (rules.consultation_running(one, "provincial_empowerment", PACK, day) is not None) is open_
    assert (rules.consultation_over(one, day) is None) is open_


@pytest.mark.requirement("R014")
@pytest.mark.parametrize(
    ("day", "state"),
    [
        (date(2025, 12, 31), "coming"),
        (date(2026, 1, 1), "listed"),
        (date(2027, 1, 31), "listed"),
        (date(2027, 2, 1), "former"),
    ],
)
def test_an_entry_is_listed_until_the_day_before_its_end(day: date, state: str) -> None:
    entry = Entry(uuid4(), "X-001", "ethics", "题", "注", effective_on=date(2026, 1, 1), ended_on=date(2027, 2, 1))
    assert rules.entry_state(entry, PACK, day) == state


def test_a_code_is_never_given_twice() -> None:
    assert rules.next_code("A-B", []) == "A-B-001"
    assert rules.next_code("A-B", ["A-B-001", "A-B-009", "C-D-040"]) == "A-B-010"


def test_a_new_draft_takes_what_is_listed_unchanged_and_leaves_what_was_ended() -> None:
    draft = Draft(
        "A", (DraftItem("A-001", "ethics", "题", "注", Mark.ENDED), DraftItem("A-002", "x", "t", "n", Mark.NEW))
    )
    assert [item.code for item in draft.listed()] == ["A-002"]
    assert draft.counts() == {"new": 1, "revised": 0, "ended": 1}
    assert Draft.of(draft.as_json()) == draft


def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    assert rules.canonical({"a": 1, "b": "甲"}) == rules.canonical({"b": "甲", "a": 1})
    assert rules.canonical({"a": 1})[1] != rules.canonical({"a": 2})[1]


def test_order_is_the_articles_grounds_then_listed_before_ended_then_code() -> None:
    items = [
        DraftItem("A-003", "ethics", "", "", Mark.KEPT),
        DraftItem("A-001", "major_interest", "", "", Mark.ENDED),
        DraftItem("A-009", "major_interest", "", "", Mark.NEW),
    ]
    ordered = rules.in_order(items, ["major_interest", "state_secret", "ethics"])
    assert [item.code for item in ordered] == ["A-009", "A-001", "A-003"]


@pytest.mark.parametrize(("before", "after"), [("甲乙丙", "甲丁丙"), ("", "新"), ("旧", ""), ("同", "同")])
def test_the_pieces_of_a_comparison_spell_both_texts(before: str, after: str) -> None:
    found = pieces(before, after)
    assert "".join(p.text for p in found if p.op != "gone") == after
    assert "".join(p.text for p in found if p.op != "new") == before


def test_comparison_names_what_is_new_gone_revised_and_the_same() -> None:
    def item(code: str, title: str) -> DraftItem:
        return DraftItem(code, "ethics", title, "注", Mark.KEPT)

    found = compare(
        [item("A-1", "甲"), item("A-2", "乙"), item("A-3", "丙")],
        [item("A-1", "甲"), item("A-2", "丁"), item("A-4", "戊")],
    )
    assert {d.code: d.change for d in found} == {"A-1": "same", "A-2": "revised", "A-3": "gone", "A-4": "new"}
