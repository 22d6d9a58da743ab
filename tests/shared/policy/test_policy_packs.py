"""All packs: their own cases, their citations, their quotes."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.policy import Pack, evaluate, load_pack
from shared.policy.cases import Case, differences
from shared.policy.commands import check
from shared.policy.loader import PACKS, Sources

SEEDS = Path("../shared/seeds")
TEXTS = {"cn-53": "004_01cd80a42bcb58f9.txt", "cn-22": "000_124af5abe73fae13.txt"}
REGIONS = Sources.of_folder(PACKS).regions()
LOADED = {region: load_pack(region) for region in REGIONS}
CASES = [
    pytest.param(pack, case, id=f"{region}:{number}:{case.rule or '-'}")
    for region, pack in LOADED.items()
    for number, case in enumerate(pack.cases)
]


@pytest.mark.parametrize(("pack", "case"), CASES)
def test_case(pack: Pack, case: Case) -> None:
    answer = evaluate(case.question, case.facts, pack.with_mode(case.mode), case.today)
    assert differences(case.expect, answer) == [], f"{case.file}:{case.line} {case.title}"


def test_all_packs_pass_the_check() -> None:
    assert check(PACKS) == []


@pytest.mark.requirement("R208")
def test_every_numbered_rule_has_a_case() -> None:
    # Of who may see what (55, 56) a pack says who receives which report; the rest is the database's roles.
    proved = {case.rule for pack in LOADED.values() for case in pack.cases if case.rule}
    assert set(range(1, 61)) - proved == set()


@pytest.mark.parametrize("region", REGIONS)
def test_every_value_says_where_it_is_written(region: str) -> None:
    pack = LOADED[region]
    for path in pack.paths():
        for citation in pack.citations(path):
            assert citation.document
            assert citation.article
            assert citation.pack in dict(pack.chain)
            assert bool(citation.quote) <= citation.text_seen
            if citation.basis == "text" and not citation.quote:
                assert not citation.text_seen, path


@pytest.mark.skipif(not SEEDS.exists(), reason="the texts stand beside the working copy only")
@pytest.mark.parametrize("region", TEXTS)
def test_quotes_are_verbatim(region: str) -> None:
    text = (SEEDS / TEXTS[region]).read_text("utf-8")
    quoted = [
        citation
        for path in LOADED[region].paths()
        for citation in LOADED[region].citations(path)
        if citation.pack == region and citation.quote
    ]
    assert len(quoted) > 100
    assert [citation.quote for citation in quoted if citation.quote not in text] == []


@pytest.mark.parametrize("region", ["cn-37", "cn-44", "cn-4405"])
def test_where_only_a_paraphrase_is_known_nothing_is_quoted(region: str) -> None:
    own = [one for path in LOADED[region].paths() for one in LOADED[region].citations(path) if one.pack == region]
    assert own
    assert all(one.quote == "" and not one.text_seen for one in own if one.basis == "text")


def test_the_identity_of_the_text_is_kept(yunnan: Pack) -> None:
    document = yunnan.documents["cn-53/empowerment"]
    assert document.number == "云科规〔2025〕5号"
    assert str(document.issued) == "2025-10-08"
    assert str(document.in_force) == "2025-11-09"
    assert document.addressed_to == "各试点单位"
    assert document.approved_by == "云南省人民政府"


def test_the_legal_basis_is_kept_with_both_texts(yunnan: Pack) -> None:
    for owner in ("cn-53/empowerment", "cn-53/ledger"):
        assert yunnan.documents[owner].basis == (
            "中华人民共和国促进科技成果转化法",
            "云南省促进科技成果转化条例",
            "云办发〔2021〕36号",
            "云政办发〔2024〕65号",
        )


def test_a_draft_says_so_and_is_advisory_unless_told_otherwise() -> None:
    pack = load_pack("cn-22")
    assert pack.draft
    assert pack.mode == "advisory"
    assert "征求意见稿" in pack.banner
    assert load_pack("cn-53").banner == ""


def test_open_points_are_readings_with_both_sides(yunnan: Pack) -> None:
    reading = yunnan.content.readings["validity"]
    assert "11月8日" in reading.used
    assert "11月9日" in reading.other
    assert reading.decided_by
    assert reading.effect


def test_codes_map_to_the_national_vocabulary_and_what_has_no_counterpart_stands_apart(
    yunnan: Pack, jilin: Pack
) -> None:
    statuses = {item.national for item in yunnan.enumeration("status").values()}
    draft = {item.national for item in jilin.enumeration("status").values()}
    assert statuses - draft == {"converting"}
    assert {item.national for item in jilin.enumeration("mode").values()} == {
        "assignment",
        "licence",
        "equity",
        "other",
    }
    assert "converting" in yunnan.enumeration("national_status")


ONES = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"]
NUMERALS = [tens + one for tens in ("", "十", "二十") for one in ONES][1:]


@pytest.mark.parametrize(
    ("region", "document", "articles"),
    [
        ("cn-53", "云南省职务科技成果赋权改革试点操作指引(试行)", 14),
        ("cn-53", "云南省职务科技成果单列管理试点操作指引(试行)", 21),
        ("cn-22", "吉林省职务科技成果资产单列管理操作指引（试行）", 19),
    ],
)
def test_every_article_of_the_text_is_somewhere_in_the_pack(region: str, document: str, articles: int) -> None:
    pack = LOADED[region]
    cited = {one.article for path in pack.paths() for one in pack.citations(path) if one.document == document}
    missing = [
        number for number in NUMERALS[:articles] if not any(article.startswith(f"第{number}条") for article in cited)
    ]
    assert missing == []


@pytest.mark.parametrize(
    "part", ["二（一）1", "二（一）2", "二（一）3", "二（二）1", "二（二）2", "二（二）3", "二（二）4"]
)
def test_every_part_of_the_plan_is_somewhere_in_the_pack(part: str) -> None:
    pack = LOADED["cn-22"]
    later = [
        "二（三）1",
        "二（三）2",
        "二（三）3",
        "二（四）1",
        "二（四）2",
        "三（一）",
        "三（二）",
        "三（三）",
        "三（四）",
    ]
    cited = {one.article for path in pack.paths() for one in pack.citations(path)}
    assert part in cited
    assert set(later) <= cited
