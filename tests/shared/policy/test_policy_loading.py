"""Bad packs: everything wrong is told at once, with its file and line; and what inheritance does to values."""

from __future__ import annotations

from datetime import date

import pytest

from shared.policy import Pack, PackError, evaluate
from shared.policy.loader import PACKS, Sources, overlaps, resolve_pack
from shared.policy.schema import PackHeader

HEADER = """\
id = "cn-99"
title = "试验省"
version = "1"
level = "province"
effective_from = 2026-01-01
legal_state = "in_force"
documents = ["main"]
"""
CHILD = (
    HEADER.replace("cn-99", "cn-9901").replace("试验省", "试验市").replace("province", "city") + 'parent = "cn-99"\n'
)
DOCUMENT = 'title = "试验办法"\n'
NOTICE = """\
[notices.empowerment]
label = "公示"
days = 15
comparator = ">="
cite = { article = "第八条", quote = "公示期不少于十五日" }
"""


def sources(rules: str, *, header: str = HEADER, **more: str) -> Sources:
    texts = {"cn-99/pack.toml": header, "cn-99/main/document.toml": DOCUMENT, "cn-99/main/rules.toml": rules}
    return Sources(
        {**texts, **{name.replace("__", "/").replace("_TOML", ".toml"): text for name, text in more.items()}}
    )


def child(rules: str, parent: str = NOTICE, header: str = CHILD) -> Pack:
    texts = dict(sources(parent).texts)
    texts["cn-9901/pack.toml"] = header
    texts["cn-9901/main/document.toml"] = 'title = "试验市办法"\n'
    texts["cn-9901/main/rules.toml"] = rules
    return resolve_pack("cn-9901", Sources(texts))


def problems(found: Sources, region: str = "cn-99") -> list[str]:
    with pytest.raises(PackError) as caught:
        resolve_pack(region, found)
    return [str(problem) for problem in caught.value.problems]


def test_a_good_pack_loads() -> None:
    pack = resolve_pack("cn-99", sources(NOTICE))
    assert pack.value("notices.empowerment.days").value == 15
    assert pack.citation("notices.empowerment.days").quote == "公示期不少于十五日"
    assert pack.content.notices["empowerment"].days == 15


def test_a_missing_citation_is_told_with_its_line() -> None:
    rules = NOTICE.replace("cite = { article", "# cite = { article")
    assert "cn-99/main/rules.toml:3: notices.empowerment.days: has no citation (cite or cites)" in problems(
        sources(rules)
    )


def test_a_date_that_does_not_exist() -> None:
    rules = NOTICE + '[guidelines.ledger]\nfirst_day = 2026-02-30\ncite = "第一条"\n'
    found = problems(sources(rules))
    assert len(found) == 1
    assert found[0].startswith("cn-99/main/rules.toml:7: not TOML: Invalid date")


def test_an_unknown_code_an_unknown_key_and_a_wrong_type_are_told_together() -> None:
    unknown = problems(sources(NOTICE + 'venues = ["moon"]\nbasics_only_for = ["cheese"]\n'))
    assert unknown == [
        "cn-99/main/rules.toml:6: notices.empowerment.venues: moon is not a code of enumerations.venue",
        "cn-99/main/rules.toml:7: notices.empowerment.basics_only_for: cheese is not a code of enumerations.achievement_type",
    ]
    wrong = problems(sources(NOTICE.replace("days = 15", 'days = "15"') + "dais = 3\n"))
    assert wrong[0].startswith("cn-99/main/rules.toml:3: notices.empowerment.days: ")
    assert wrong[1] == "cn-99/main/rules.toml:6: notices.empowerment.dais: the schema has no such key"


def test_problems_of_several_files_are_told_at_once() -> None:
    found = problems(sources("[oops\n", header=HEADER.replace('title = "试验省"\n', "")))
    assert any(one.startswith("cn-99/pack.toml") and "title" in one for one in found)
    both = Sources({**sources("[oops\n").texts, "cn-99/main/more.toml": "days = \n"})
    assert {one.split(":")[0] for one in problems(both)} == {"cn-99/main/rules.toml", "cn-99/main/more.toml"}


def test_a_circle_of_inheritance() -> None:
    texts = dict(sources(NOTICE, header=HEADER + 'parent = "cn-9901"\n').texts)
    texts["cn-9901/pack.toml"] = CHILD
    found = problems(Sources(texts), "cn-9901")
    assert len(found) == 1
    assert "inheritance goes in a circle: cn-9901 → cn-99 → cn-9901" in found[0]
    assert found[0].startswith("cn-99/pack.toml:8: parent")


def test_a_parent_that_is_not_there() -> None:
    assert "there is no pack cn-98" in problems(sources(NOTICE, header=HEADER + 'parent = "cn-98"\n'))[0]


def test_a_reading_that_is_not_stated() -> None:
    found = problems(sources(NOTICE + 'offline_limit_hours = 4\ncites.offline_limit_hours = { decision = "guess" }\n'))
    assert found == [
        "cn-99/main/rules.toml:6: notices.empowerment.offline_limit_hours: guess is not one of the readings"
    ]


@pytest.mark.parametrize(
    ("cite", "message"),
    [
        ('{ quote = "公示期" }', "needs an article"),
        ('{ article = "第八条", text_seen = true }', "needs its verbatim quote"),
        ('{ article = "第八条", quote = "公示", text_seen = false }', "leave the quote empty"),
        ('{ article = "第八条", page = "3" }', "a citation has no page"),
        ("3", "a citation is an article"),
    ],
)
def test_citations_are_checked(cite: str, message: str) -> None:
    rules = f'[feasibility.a]\nlabel = "x"\ncite = {cite}\n'
    assert any(message in one for one in problems(sources(rules)))


def test_a_bare_article_means_that_the_text_was_not_seen() -> None:
    pack = resolve_pack("cn-99", sources('[feasibility.a]\nlabel = "x"\ncite = "第八条"\n'))
    citation = pack.citation("feasibility.a.label")
    assert (citation.article, citation.quote, citation.text_seen) == ("第八条", "", False)


def test_two_texts_of_one_region_may_agree_but_not_differ() -> None:
    second = NOTICE.replace("第八条", "第九条").replace("公示期不少于十五日", "公示十五日")
    texts = {**sources(NOTICE).texts, "cn-99/main/second.toml": second}
    both = resolve_pack("cn-99", Sources(texts)).citations("notices.empowerment.days")
    assert [one.article for one in both] == ["第八条", "第九条"]
    texts["cn-99/main/second.toml"] = second.replace("15", "20")
    assert any("days: is set differently in cn-99/main/rules.toml" in one for one in problems(Sources(texts)))


def test_a_city_overrides_one_value_and_keeps_the_others_with_their_citations() -> None:
    pack = child('[notices.empowerment]\ndays = 20\ncite = "第三条"\n')
    assert pack.content.notices["empowerment"].days == 20
    assert pack.citation("notices.empowerment.days").document == "试验市办法"
    assert pack.citation("notices.empowerment.comparator").document == "试验办法"
    assert pack.chain == (("cn-99", "1"), ("cn-9901", "1"))


def test_a_city_may_remove_or_replace_an_entry() -> None:
    assert child("[notices.empowerment]\nremoved = true\n").content.notices == {}
    replaced = child('[notices.empowerment]\nreplace = true\nlabel = "另一种"\ncite = "第三条"\n')
    assert replaced.content.notices["empowerment"].days is None
    with pytest.raises(PackError, match="no pack above has it"):
        child("[notices.other]\nremoved = true\n")


UNIT = CHILD.replace("city", "unit")


def test_a_units_rules_may_be_stricter_and_are_shown_as_its_own() -> None:
    pack = child('[notices.empowerment]\ndays = 20\ncite = "制度第三条"\n', header=UNIT)
    assert pack.content.notices["empowerment"].days == 20
    assert pack.citation("notices.empowerment.days").basis == "unit_rule"
    added = child('[conditions.budget]\nlabel = "经费落实"\ncite = "制度第四条"\n', header=UNIT)
    assert "budget" in added.content.conditions


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ('[notices.empowerment]\ndays = 10\ncite = "制度第三条"\n', "is looser than 15"),
        ('[notices.empowerment]\nmodality = "encouraged"\ncite = "制度第三条"\n', "may not set this|may not weaken"),
        ("[notices.empowerment]\nremoved = true\n", "may not remove 公示"),
        ('[notices.empowerment]\ncomparator = "="\ncite = "制度第三条"\n', "may not change this"),
        ('[guidelines.ledger]\nlabel = "自行试点"\ncite = "制度第三条"\n', "may not set this"),
    ],
)
def test_a_units_rules_are_never_looser(rules: str, message: str) -> None:
    parent = NOTICE + 'modality = "must"\n'
    with pytest.raises(PackError, match=message):
        child(rules, parent=parent, header=UNIT)


def test_versions_of_one_region_do_not_overlap() -> None:
    def header(version: str, first: date, last: date | None) -> PackHeader:
        return PackHeader(
            id="cn-99",
            title="试验省",
            version=version,
            level="province",
            effective_from=first,
            effective_to=last,
            legal_state="in_force",
            documents=("main",),
        )

    first = header("1", date(2026, 1, 1), date(2026, 6, 30))
    second = header("2", date(2026, 7, 1), None)
    assert overlaps([second, first]) == []
    found = overlaps([header("1", date(2026, 1, 1), None), second])
    assert found == ["cn-99: 1 and 2 are both effective on 2026-07-01"]


def test_a_stored_bundle_gives_the_same_pack() -> None:
    files = Sources.of_folder(PACKS)
    pack = resolve_pack("cn-53", files)
    text = files.bundle([region for region, _ in pack.chain])
    again = resolve_pack("cn-53", Sources.of_bundle(text))
    assert again.content_hash == pack.content_hash
    assert again.content == pack.content
    assert "cn-22/pack.toml" not in Sources.of_bundle(text).texts


def test_another_text_has_another_hash() -> None:
    one, other = (resolve_pack("cn-99", sources(NOTICE.replace("15", days))) for days in ("15", "16"))
    assert one.content_hash != other.content_hash


def test_look_up_goes_by_the_effective_day() -> None:
    pack = resolve_pack("cn-99", sources(NOTICE))
    assert not pack.in_force(date(2025, 12, 31))
    assert pack.in_force(date(2026, 1, 1))


def test_a_right_that_no_other_province_knows_can_be_said() -> None:
    rules = NOTICE + (
        '[grant_types.investment_right]\nlabel = "投资权"\nminimum_years = 3\nfirst_term_years = 3\ncite = "第九条"\n'
        '[notices.empowerment.content]\nvenue_map = { label = "公示地点图", basic = true }\ncite = "第十条"\n'
        '[agreements.investment_right]\nlabel = "投资权协议"\nafter_notice = "empowerment"\ncite = "第九条"\n'
        '[agreements.investment_right.clauses]\nexit = { label = "退出" }\ncite = "第九条"\n'
    )
    pack = resolve_pack("cn-99", sources(rules))
    facts = {"grant_type": "investment_right", "clauses": []}
    answer = evaluate("agreement.clauses", facts, pack, date(2026, 3, 1))
    assert [finding.message for finding in answer.findings] == ["协议缺少条款：退出。"]
    short = {"grant_type": "investment_right", "term": {"first_day": "2026-03-01", "last_day": "2028-02-29"}}
    assert evaluate("term.use_right", short, pack, date(2026, 3, 1)).has("term.too_short")
