"""Rules of the yearly reports: forms, due days, recipients and sums, on the packs as they are."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.annual_report import rules
from services.annual_report.figures import COLUMNS, Line, reported, summed
from services.annual_report.payload import changes_between
from shared.clock import SHANGHAI
from shared.policy import load_pack
from shared.policy.loader import PACKS, resolve_pack
from shared.policy.pack import Pack
from shared.policy.sources import Sources
from tests.world import REGION

YUNNAN = load_pack("cn-53")
JILIN = load_pack("cn-22").with_mode("enforced")
TODAY = date(2026, 3, 16)


def form(
    pack: Pack = YUNNAN,
    code: str = "annual_report",
    year: int = 2025,
    due: Mapping[str, Mapping[str, date]] | None = None,
) -> rules.Form:
    return next(one for one in rules.forms(pack, year, due or {}, ["provincial"], TODAY) if one.code == code)


@pytest.mark.requirement("R086", "R130", "R165")
def test_each_province_has_its_reports_with_recipients_of_their_own() -> None:
    assert [(one.code, one.unit_stage.recipients) for one in rules.forms(YUNNAN, 2025, {}, ["provincial"], TODAY)] == [
        ("annual_report", ("competent",))
    ]
    assert {one.code: one.unit_stage.recipients for one in rules.forms(JILIN, 2025, {}, ["provincial"], TODAY)} == {
        "work_report": ("science", "competent"),
        "conversion_report": ("competent", "science", "finance"),
    }
    stage = form().stage_of("competent")
    assert stage is not None
    assert stage.recipients == ("science", "finance")


@pytest.mark.requirement("R088")
def test_a_day_that_the_text_does_not_state_is_the_provinces() -> None:
    assert form().unit_stage.due is None
    assert "尚未公布" in form().unit_stage.counted
    entered = form(due={"annual_report": {"unit": date(2026, 4, 30)}}).unit_stage
    assert entered.due == date(2026, 4, 30)


@pytest.mark.parametrize(
    ("instant", "late"),
    [
        (datetime(2027, 1, 31, 23, 59, 59, tzinfo=SHANGHAI), False),
        (datetime(2027, 2, 1, 0, 0, 0, tzinfo=SHANGHAI), True),
    ],
)
def test_the_end_of_january_is_the_31st_even_on_a_sunday(instant: datetime, late: bool) -> None:
    """Rule 30."""
    report = form(JILIN, "conversion_report", 2026)
    assert report.unit_stage.due == date(2027, 1, 31)
    asked = rules.due(report, report.unit_stage, {}, ["provincial"], JILIN, instant.date(), instant)
    assert asked.answer.values["late"] is late
    assert asked.answer.allowed


def test_a_central_unit_is_never_overdue() -> None:
    """Rule 37."""
    report = form(JILIN, "conversion_report", 2024)
    for traits, overdue in ((["provincial"], True), (["central"], False)):
        asked = rules.due(report, report.unit_stage, {}, traits, JILIN, TODAY)
        assert asked.answer.values["overdue"] is overdue


def test_a_draft_in_reference_mode_makes_nothing_overdue_and_refuses_no_sums() -> None:
    """Rule 57."""
    pack = load_pack("cn-22")
    report = form(pack, "conversion_report", 2024)
    assert rules.due(report, report.unit_stage, {}, ["provincial"], pack, TODAY).answer.values["overdue"] is False
    wrong = [Line("type", "patent_right", opening=1, closing=5)]
    assert rules.unsound(*rules.sums(wrong, "conversion_report", pack, TODAY)) is None
    assert rules.unsound(*rules.sums(wrong, "conversion_report", JILIN, TODAY)) is not None


def test_a_unit_does_not_file_past_its_department() -> None:
    """Rule 31."""
    assert rules.may_send(form(), "unit", "competent", YUNNAN, TODAY).answer.allowed
    assert not rules.may_send(form(), "unit", "science", YUNNAN, TODAY).answer.allowed


def test_dimensions_that_count_another_whole_are_named() -> None:
    lines = [
        Line("type", "patent_right", opening=2, added=1, closing=3),
        Line("status", "not_converted", opening=2, closing=2),
    ]
    refusal = rules.unsound(*rules.sums(lines, "annual_report", YUNNAN, TODAY))
    assert refusal is not None
    assert [one.message for one in refusal.findings] == ["转化状态各项年末合计应与成果类型合计3一致，所填合计2。"]
    assert refusal.findings[0].citation.article == "第十七条"


COUNT = st.integers(0, 10_000)


@given(st.lists(st.tuples(COUNT, COUNT, COUNT, COUNT, st.integers(-3, 3)), min_size=1, max_size=6))
def test_exactly_the_lines_that_do_not_add_up_are_named_with_the_figure_expected(
    drawn: list[tuple[int, int, int, int, int]],
) -> None:
    codes = [
        "patent_right",
        "software_copyright",
        "ic_layout",
        "plant_variety",
        "clinical_permit",
        "patent_application",
    ]
    lines = []
    for code, (opening, first, added, removed, error) in zip(codes, drawn, strict=False):
        lines.append(Line("type", code, opening, first, added, removed, opening + first + added - removed + error))
    wrong = {line.value for line in lines if not line.balanced}
    refusal = rules.unsound(*rules.sums(lines, "annual_report", YUNNAN, TODAY))
    named = {one.code.removeprefix("report.unbalanced.") for one in refusal.findings} if refusal else set()
    assert named == wrong
    for line in lines:
        if refusal and not line.balanced:
            assert any(f"应为{line.expected}" in one.message for one in refusal.findings)


@given(st.lists(st.lists(st.tuples(COUNT, COUNT, COUNT, COUNT), min_size=1, max_size=3), min_size=1, max_size=4))
def test_a_sum_of_even_reports_is_even(drawn: list[list[tuple[int, int, int, int]]]) -> None:
    codes = ["patent_right", "software_copyright", "ic_layout"]
    units = [
        [
            Line(
                "type",
                code,
                opening,
                first,
                added,
                removed,
                opening + first + added - removed,
                n_valued=1,
                amount=Decimal(7),
            )
            for code, (opening, first, added, removed) in zip(codes, unit, strict=False)
        ]
        for unit in drawn
    ]
    total = summed(units)
    assert all(line.balanced for line in total)
    assert sum(line.closing for line in total) == sum(line.closing for unit in units for line in unit)
    assert sum(line.amount for line in total) == 7 * sum(len(unit) for unit in units)


def test_stated_figures_keep_the_counted_ones_and_the_whole_follows() -> None:
    counted = [Line("all", "", closing=5, first_entry=5), Line("type", "patent_right", closing=5, first_entry=5)]
    stated = {"type:patent_right": dict(zip(COLUMNS, (0, 5, 1, 0, 6), strict=True))}
    whole, line = reported(counted, stated)
    assert (whole.closing, whole.added, line.closing) == (6, 1, 6)
    assert line.counted is not None
    assert line.counted["closing"] == 5


def test_what_changed_is_told_part_by_part_and_figure_by_figure() -> None:
    def content(text: str, closing: int) -> dict[str, object]:
        line = {**Line("type", "patent_right", closing=closing).as_json(), "label": "专利权"}
        return {
            "parts": [{"code": "problems", "label": "存在的突出问题", "text": text, "counted": ""}],
            "figures": [line],
            "stated_reason": "",
        }

    found = changes_between(content("旧", 1), content("新", 2))
    assert [(one["label"], one["before"], one["after"]) for one in found] == [
        ("存在的突出问题", "旧", "新"),
        ("成果类型：专利权　年末", "1", "2"),
    ]
    assert changes_between(None, content("新", 2)) == []


def test_whether_a_report_keeps_its_version_is_a_value_of_the_document_that_asks_for_it() -> None:
    texts = dict(Sources.of_folder(PACKS).texts)
    name = f"{REGION}/ledger/scope.toml"
    assert 'governed_by = "pinned"' in texts[name]
    texts[name] = texts[name].replace('governed_by = "pinned"', 'governed_by = "newest"', 1)
    began, newest = uuid4(), uuid4()
    kept, follows = resolve_pack(REGION, Sources.of_folder(PACKS)), resolve_pack(REGION, Sources(texts))
    assert rules.governing_version("annual_report", began, newest, kept, date(2026, 3, 1)) == began
    assert rules.governing_version("annual_report", began, newest, follows, date(2026, 3, 1)) == newest
    # another document of the same pack says nothing about this one's report
    other = f"{REGION}/empowerment/scope.toml"
    texts = dict(Sources.of_folder(PACKS).texts)
    texts[other] = texts[other].replace('governed_by = "pinned"', 'governed_by = "newest"', 1)
    elsewhere = resolve_pack(REGION, Sources(texts))
    assert rules.governing_version("annual_report", began, newest, elsewhere, date(2026, 3, 1)) == began
