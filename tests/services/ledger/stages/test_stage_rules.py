"""From which day what is recognised, and when research began: the cases of rules 38 and 39."""

from datetime import date

import pytest

from services.ledger.papers.rules import SIZE_LIMIT, fault
from services.ledger.stages import rules
from shared.errors import Refusal
from shared.policy import evaluate, load_pack

BEGAN, TODAY = date(2026, 3, 2), date(2026, 6, 1)
PACK = load_pack("cn-53")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, None, [(TODAY, False)]),
        (None, date(2026, 4, 1), [(date(2026, 4, 1), True)]),
        (None, date(2025, 4, 1), [(BEGAN, True)]),
        (date(2026, 4, 1), date(2026, 3, 20), [(date(2026, 3, 20), True)]),
        (date(2026, 4, 1), date(2026, 5, 1), [(date(2026, 4, 1), False), (date(2026, 5, 1), True)]),
        (date(2026, 4, 1), None, [(date(2026, 4, 1), False)]),
        (date(2025, 4, 1), None, [(BEGAN, False)]),
        (date(2025, 4, 1), date(2025, 5, 1), [(BEGAN, True)]),
    ],
)
def test_the_stage_turns_on_its_own_day_never_before_the_ledger_knew_the_achievement(
    before: date | None, after: date | None, expected: list[tuple[date, bool]]
) -> None:
    assert rules.turns(before, after, BEGAN, TODAY) == expected


@pytest.mark.requirement("R066")
def test_research_begins_with_the_approval_of_its_funding_or_another_day_with_its_reason() -> None:
    approved, other = date(2025, 3, 3), date(2025, 1, 15)
    usual = rules.research_start("fiscal", {"project_approved": approved}, None, None, PACK, TODAY)
    assert usual.answer.values["start"] == approved
    own = rules.research_start("own", {"project_approved": approved, "plan_approved": other}, None, None, PACK, TODAY)
    assert own.answer.values["start"] == other, "the approval of a fiscal project is no start of one's own funds"
    refused = rules.research_start("fiscal", {"project_approved": approved}, other, "", PACK, TODAY)
    refusal = Refusal.of(refused.answer)
    assert refusal is not None
    assert refusal.code == "research_start.no_reason"
    assert refusal.citation is not None
    assert refusal.citation.article == "第九条(四)1"
    given = rules.research_start("fiscal", {"project_approved": approved}, other, "项目书先行执行", PACK, TODAY)
    assert given.answer.allowed
    assert given.answer.values["start"] == other


@pytest.mark.requirement("R069")
def test_one_paper_is_enough_by_the_reading_that_the_answer_names() -> None:
    days = dict.fromkeys(PACK.content.stage.criteria, TODAY) if PACK.content.stage is not None else {}
    facts = {"declared": "development", "criteria": days, "evidence": ["intent_contract"]}
    answer = evaluate("ledger.stage", facts, PACK, TODAY)
    assert answer.values["recognised"] == "development"
    (said,) = [one for one in answer.values["readings"] if "每一项" in one["question"]]
    assert "每一项各有一份" in said["other"]
    bare = evaluate("ledger.stage", {**facts, "evidence": []}, PACK, TODAY)
    assert bare.values["recognised"] == "research", "five of five without any document"


def test_kinds_recorded_without_a_paper_stay_and_others_follow_the_papers() -> None:
    recorded = ("assessment_report", "intent_contract")
    assert rules.evidence_codes(recorded, ["intent_contract"], []) == ("assessment_report",)
    assert rules.evidence_codes((), [], ["trade_certificate"]) == ("trade_certificate",)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("评估报告.pdf", b"MZ\x90\x00\x03\x00", "Windows 程序"),
        ("评估报告.pdf", b"just text", "不是 PDF 或图片"),
        ("评估报告.pdf", b"", "不能是空的"),
        ("秘密★10年 评估报告.pdf", b"%PDF-1.7", "密级标志"),
        ("评估报告.pdf", b"%PDF-1.7" + b"0" * SIZE_LIMIT, "20 MB"),
    ],
)
def test_a_file_that_is_not_kept_is_told_why(name: str, content: bytes, words: str) -> None:
    told = fault(name, content)
    assert told is not None
    assert words in told


def test_what_is_kept_is_known_by_its_bytes_not_by_its_name() -> None:
    assert fault("扫描件.exe", b"%PDF-1.7\n") is None
