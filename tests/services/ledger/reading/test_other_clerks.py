"""Ledgers in the manner of clerks that no sample shows: several ledgers in a sheet, three rows of header, odd lists of people.

The property test writes the same achievements in ever other manners and reads them back.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter
import xlwt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.ledger.reading.layout import LedgerError
from services.ledger.reading.persons import read_team
from services.ledger.reading.reader import LedgerReader
from services.ledger.reading.records import Record
from shared.documents.workbook import CellValue, read_workbook
from tests.services.ledger.reading.samples import FOUR_STATES, THREE_STATES, codes
from tests.services.ledger.reading.test_hostile_ledgers import HEAD, Read, book, others, plain, read

_TODAY = date(2026, 3, 1)


def sheet(*rows: list[CellValue]) -> Read:
    return read(book(("表一", rows, ())))


def test_a_second_ledger_below_the_first_has_its_own_columns() -> None:
    reader = sheet(
        ["一、专利"],
        [*HEAD, "备注"],
        ["甲法", "张三", "发明专利", "ZL201810862228.X", "已转化", "许可", 5, "甲注"],
        ["二、软件著作权"],
        ["登记号", "软件名称", "开发语言", "完成人", "转化状态", "转化方式", "转化金额（元）", "成果类型"],
        ["2020SR0123456", "某系统", "Python", "李四", "未转化", "", "", "软件著作权"],
        ["2020SR0123457", "某平台", "", "李四、王五", "已转化", "许可", 50000, "软件著作权"],
        ["合计", "", "", "", "", "", 50000, ""],
        ["三、其他"],
        [*HEAD, "备注"],
        plain("丙法"),
    )  # fmt: skip
    assert [(one.row, one.name, one.number, one.value) for one in reader.found] == [
        (3, "甲法", "201810862228.X", Decimal(50_000)),
        (6, "某系统", "2020SR0123456", None),
        (7, "某平台", "2020SR0123457", Decimal(50_000)),
        (11, "丙法", None, None),
    ]
    assert [one.completers for one in reader.found[1:3]] == [("李四",), ("李四", "王五")]
    assert reader.found[1].remark == "开发语言：Python"
    assert codes(reader.found[2]) == ["unit_in_cell_overrides_header"]
    assert others(reader) == [
        (4, "section_heading"), (5, "repeated_header"), (8, "total"), (9, "section_heading"), (10, "repeated_header"),
    ]  # fmt: skip


def test_an_amount_below_a_header_without_a_unit_is_not_read_by_the_first_ones() -> None:
    second: list[CellValue] = ["成果名称", "完成人", "转化金额", "成果类型", "转化状态", "转化方式"]
    reader = sheet(HEAD, plain("甲法"), second, ["乙法", "李四", 50000, "非专利技术", "已转化", "许可"])  # type: ignore[arg-type]
    assert (reader.found[1].disposition.value, codes(reader.found[1])) == ("human", ["amount_extra_text"])


def test_a_question_below_a_second_header_names_the_column_in_which_the_cell_stands() -> None:
    second: list[CellValue] = ["转化状态", "成果类型", "成果名称", "完成人", "转化方式"]
    rows: list[list[CellValue]] = [
        [*HEAD], ["甲法", "", "非专利技术", "", "未转化"], second, ["待定", "非专利技术", "乙法", "同上", ""],
        ["未转化", "非专利技术", "甲法", "李四", ""], [*HEAD], ["丙法", "", "非专利技术", "", "未转化"],
    ]  # fmt: skip
    reader = sheet(*rows)
    told = {one.row: [(issue.code, issue.column) for issue in one.issues] for one in reader.found}
    assert told == {
        2: [("team_missing", "B")],
        4: [("team_ditto", "D"), ("status_unknown", "A")],
        5: [("duplicate", "C")],
        7: [("team_missing", "B")],
    }


def test_what_is_classified_below_a_second_header_is_found_by_its_own_column() -> None:
    second: list[CellValue] = ["序号", "是否涉密", "成果名称", "完成人", "成果类型", "转化状态"]
    data = book((
        "表一",
        [
            HEAD, plain("甲法"), second,
            [1, "是", "某型装备的减振支座", "李四", "非专利技术", "未转化"],
            [2, "否", "乙法", "李四", "非专利技术", "未转化"],
            [3, "", "某型装备的减振支座", "李四", "非专利技术", "未转化"],
        ],
        (),
    ))  # fmt: skip
    reader = read(data)
    assert [(one.row, one.secret) for one in reader.found] == [(2, False), (4, True), (5, False), (6, True)]
    assert not [one for one in reader.found if one.secret and one.name]


def test_completers_in_several_columns_are_one_team() -> None:
    head: list[CellValue] = ["成果名称", "第一完成人", "第二完成人", "其他完成人", "成果类型", "转化状态"]
    reader = sheet(
        head,
        ["甲法", "张 三", "李四", "王五；赵 六", "非专利技术", "未转化"],
        ["乙法", "张三（负责人）", "", "等3人", "非专利技术", "未转化"],
        ["丙法", "", "李四", "/", "非专利技术", "未转化"],
        ["丁法", "同上", "李四", "", "非专利技术", "未转化"],
        ["戊法", "张三", "张三", "李 四 王 五", "非专利技术", "未转化"],
    )
    assert [(one.completers, codes(one)) for one in reader.found] == [
        (("张三", "李四", "王五", "赵六"), []),
        (("张三",), ["team_note_removed", "team_list_incomplete"]),
        (("李四",), ["team_missing"]),
        ((), ["team_ditto"]),
        (("张三", "李四", "王五"), ["team_ambiguous_blanks"]),
    ]


def test_short_headings_mean_the_conversion_where_no_longer_one_does() -> None:
    head: list[CellValue] = ["登记号", "软件名称", "著作权人/完成人", "类型", "状态", "方式", "金额（万元）"]
    row: list[CellValue] = ["2020SR0123456", "某平台", "周九，吴十", "软件著作权", "已转化", "许可", 8]
    (one,) = sheet(head, row).found
    assert (one.status, one.method, one.value, codes(one)) == ("已转化", "许可", Decimal(80_000), [])
    longer = sheet([*head, "转化状态"], [*row[:4], "有效", *row[5:], "已转化"]).found[0]
    assert (longer.status, codes(longer)) == ("已转化", [])


_INSTITUTE = """长白示范研究院成果台账
成果名称,是否授权,成果类别,发明人,取得日期,是否转化,转化途径,成交金额(元),受让单位,合同编号,登记号,备注
某肥料配方,否,配方,张三 李四,2023年2月30日,否,,,,,,
某大豆品种,是,植物新品种权,李四,2023.10.9,是,技术入股,"1,200,000.00",某公司,HT-1,CNA20181234.5,
某传感器,是,发明专利,王五、赵六,2021-5,洽谈中,,无,,,ZL201810862228.X,不涉密
某算法,否,专利申请权,甲 乙,23.5.6,转化中,,,,,202310012345.6,
某机床,,实用新型专利,钱七,2022/07/08 00:00:00,是,委托开发,５０万,某厂,,,
某装置,是,发明专利,孙八,20230506,拟转化,许可,,,,CN109876543B,
某器件,是,发明,李九,2023-1-1,否,,,,,,本成果涉密
合计,,,,,,,1700000,,,,"""


def test_a_text_file_of_the_three_state_province_with_everything_that_clerks_write() -> None:
    reader = LedgerReader(read_workbook(_INSTITUTE.encode("gbk"), "台账.csv"), THREE_STATES, today=_TODAY)
    found = {one.row: one for one in reader.records()}
    assert {row: (one.disposition.value, set(codes(one))) for row, one in found.items()} == {
        3: ("refused", {"date_impossible"}),
        4: ("valid", set()),
        5: ("valid", {"date_month_only"}),
        6: ("refused", {"status_not_in_pack", "date_ambiguous", "number_check_digit"}),
        7: ("human", {"type_grant_unknown", "method_mapped_to_other", "unit_in_cell_overrides_header"}),
        8: ("refused", {"number_is_publication_number"}),
        9: ("refused", {"suspected_classified"}),
    }
    assert found[4].value == Decimal(1_200_000)
    assert (found[4].type, found[4].method, found[4].obtained) == ("已授权/植物新品种权", "作价投资", "2023-10-09")
    assert (found[5].status, found[5].obtained, found[5].value) == ("意向转化", "2021-05", None)
    assert found[6].completers == ("甲乙",)
    assert (found[7].value, found[7].obtained) == (Decimal(500_000), "2022-07-08")
    assert (found[9].name, found[9].completers) == (None, ())


def test_two_ledgers_beside_each_other_are_refused_in_words() -> None:
    head = ["成果名称", "完成人", "成果类型", "转化状态"]
    with pytest.raises(LedgerError) as refused:
        sheet([*head, "", *head], ["甲法", "张三", "非专利技术", "未转化", "", "乙法", "李四", "非专利技术", "未转化"])
    assert (refused.value.code, "并排" in refused.value.message) == ("ledger_side_by_side", True)
    # several columns for one field are no second ledger
    several: list[CellValue] = ["成果名称", "专利名称", "成果类型", "专利类型", "第一完成人", "完成人", "转化状态"]
    assert len(sheet(several, ["甲", "甲", "已授权", "发明", "张三", "张三", "未转化"]).found) == 1


def test_three_rows_of_header_with_the_unit_in_the_last() -> None:
    rows: list[list[CellValue]] = [
        ["成果台账", "", "", "", "", "", ""],
        ["序号", "成果信息", "", "", "转化信息", "", ""],
        ["", "基本信息", "", "", "状态", "方式", "金额"],
        ["", "名称", "完成人", "类型", "", "", "（万元）"],
        [1, "甲法", "张三", "非专利技术", "未转化", "", ""],
        [2, "乙法", "张三", "非专利技术", "已转化", "许可", 3],
    ]
    merges = ((2, 1, 4, 1), (2, 2, 2, 4), (3, 2, 3, 4), (2, 5, 2, 7), (3, 5, 4, 5), (3, 6, 4, 6))
    reader = read(book(("表一", rows, merges)))
    assert reader.layout.sheets[0].header_rows == (2, 3, 4)
    assert [(one.status, one.method, one.value) for one in reader.found] == [
        ("未转化", None, None), ("已转化", "许可", Decimal(30_000)),
    ]  # fmt: skip


@pytest.mark.parametrize("words", ["本年累计", "2025年合计", "上半年小计", "全校合计：12.5万元", "截至目前累计"])
def test_totals_between_the_rows_are_no_achievements(words: str) -> None:
    reader = sheet(HEAD, plain("甲法"), [words, "", "", "", "", "", 12.5], plain("乙法"), ["（以下无正文）"])  # type: ignore[arg-type]
    assert [one.name for one in reader.found] == ["甲法", "乙法"]


@pytest.mark.parametrize(
    ("cell", "people", "code"),
    [
        ("1.张三 2.李四", ("张三", "李四"), None),
        ("1、张三；2、李四", ("张三", "李四"), None),
        ("①张三②李四", ("张三", "李四"), None),
        ("（1）张三（2）李四", ("张三", "李四"), None),
        ("张三1,2、李四2", ("张三", "李四"), None),
        ("张三*、李四", ("张三", "李四"), None),
        ("第一完成人：张三；其他：李四", ("张三", "李四"), None),
        ("张三（负责人）、李四", ("张三", "李四"), None),
        ("张三&李四", ("张三", "李四"), "team_unclear"),
        ("张三，男", ("张三", "男"), "team_unclear"),
        ("待补充", (), "team_missing"),
        ("O'Neil, J. Smith", ("O'Neil", "J. Smith"), None),
        ("阿依古丽·买买提、𬭎明", ("阿依古丽·买买提", "𬭎明"), None),
    ],
)
def test_people_with_numbers_marks_and_labels(cell: str, people: tuple[str, ...], code: str | None) -> None:
    team = read_team(cell)
    assert (team.people, team.code) == (people, code)


@pytest.mark.parametrize("words", ["截止时间：2025年12月31日", "（截至2025.12.31）", "数据截止到 2025 年 12 月 31 日"])
def test_the_ledgers_own_day_is_read_from_its_head(words: str) -> None:
    assert sheet([words], HEAD, plain("甲法")).layout.as_of == date(2025, 12, 31)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Fact:
    """What an achievement is, whoever writes it down."""

    name: str
    team: tuple[str, ...]
    converted: bool
    method: str
    cents: int
    day: date


NAMES = {
    "name": ["成果名称", "职务科技成果名称", "项目成果名称", "成果 名称", "成果\n名称", "*成果名称"],
    "team": ["完成人", "发明人", "主要完成人", "成果完成人（按排序）", "完 成 人"],
    "type": ["成果类型", "类别", "知识产权类型"],
    "day": ["授权日期", "取得时间", "登记日期"],
    "status": ["转化状态", "转化现状", "是否转化"],
    "method": ["转化方式", "转化途径", "成果转化方式"],
    "value": ["转化金额", "合同金额", "成交额"],
    "remark": ["备注", "说明"],
}
METHODS = {"许可": ["许可", "专利许可", "独占许可"], "转让": ["转让", "权利转让"], "作价投资": ["作价入股", "技术入股"]}
_FULL = str.maketrans("0123456789.-", "０１２３４５６７８９．－")
facts = st.lists(
    st.builds(
        Fact,
        st.text("甲乙丙丁戊己庚辛壬癸法系统平台工艺", min_size=2, max_size=24),
        st.lists(st.text("赵钱孙李周吴郑王", min_size=2, max_size=3), min_size=1, max_size=4).map(tuple),
        st.booleans(),
        st.sampled_from(sorted(METHODS)),
        st.integers(1, 99_999 * 1_000_000),
        st.dates(date(1990, 1, 1), date(2026, 2, 28)),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda fact: fact.name,
)


class Manner:
    """How one clerk writes: words, order, unit, dates, digits, what stands around the rows."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data
        self.order = list(data.draw(st.permutations(sorted(NAMES))))
        self.heads = {field: self._one(words) for field, words in NAMES.items()}
        self.asks = self.heads["status"] == "是否转化"
        self.unit = self._one(["元", "万元"])
        self.unit_above = data.draw(st.booleans())
        self.separator = self._one(["、", "，", ",", "；", "\n", "/", "　"])

    def _one(self, words: list[Any]) -> Any:
        return self._data.draw(st.sampled_from(words))

    def head(self) -> list[CellValue]:
        unit = "" if self.unit_above else self._one([f"（{self.unit}）", f"({self.unit})", f"/{self.unit}"])
        return [self.heads[field] + (unit if field == "value" else "") for field in self.order]

    def row(self, fact: Fact) -> list[CellValue]:
        cells: dict[str, CellValue] = {
            "name": self._one([fact.name, f" {fact.name}　", fact.name[:1] + "\n" + fact.name[1:]]),
            "team": self.separator.join(fact.team) + self._one(["", "、"] if self.separator != "　" else [""]),
            "type": self._one(["非专利技术", "专有技术", "技术秘密"]),
            "day": self._day(fact.day),
            "status": self._status(fact.converted),
            "method": self._one(METHODS[fact.method]) if fact.converted else self._one(["", "/", "—"]),
            "value": self._amount(fact.cents) if fact.converted else self._one(["", "/", "未评估"]),
            "remark": self._one(["", "第一批", "=说明"]),
        }
        return [cells[field] for field in self.order]

    def _status(self, converted: bool) -> str:
        if self.asks:
            return "是" if converted else "否"
        return str(self._one(["已转化", "完成转化"] if converted else ["未转化", "尚未转化", "待转化 "]))

    def _day(self, day: date) -> CellValue:
        forms: list[CellValue] = [
            day, day.isoformat(), f"{day.year}.{day.month}.{day.day}", f"{day:%Y/%m/%d}", f"{day:%Y年%m月%d日}", f"{day:%Y%m%d}",
            f"{day.year}年{day.month}月{day.day}日".translate(_FULL),
        ]  # fmt: skip
        return self._one(forms)  # type: ignore[no-any-return]

    def _amount(self, cents: int) -> CellValue:
        yuan = Decimal(cents) / 100
        bare = yuan if self.unit == "元" else yuan / 10_000
        if self.unit == "万元" and bare >= 100_000:
            return f"{yuan:f}元"
        return self._one([f"{bare:f}", f"{bare:,f}", f"{bare:f}".translate(_FULL), f"{yuan:f}元", f"￥{yuan:,f}元"])  # type: ignore[no-any-return]

    def lines(self, found: list[Fact]) -> list[list[CellValue]]:
        """A whole sheet, with what clerks put around the rows."""
        lines: list[list[CellValue]] = [["某大学成果台账"]] if self._data.draw(st.booleans()) else []
        if self.unit_above:
            lines.append([f"单位：{self.unit}"])
        lines.append(self.head())
        for number, fact in enumerate(found):
            if number and self._data.draw(st.integers(0, 3)) == 0:
                lines.append(self._one([["小计", "", "", 3], [], ["二、第二批"], self.head()]))
            lines.append(self.row(fact))
        return [*lines, *self._one([[], [["合计", "", "", 3]], [[], ["填表人：王某", "", "日期：2026年3月1日"]]])]


def as_xlsx(lines: list[list[CellValue]]) -> tuple[bytes, str]:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "date_1904": True}) as made:
        page, days = made.add_worksheet("表一"), made.add_format({"num_format": "yyyy-mm-dd"})
        for number, line in enumerate(lines):
            for place, cell in enumerate(line):
                if isinstance(cell, date):
                    page.write_datetime(number, place, datetime(cell.year, cell.month, cell.day), days)  # noqa: DTZ001 - a cell has no zone
                elif cell != "":
                    page.write(number, place, cell)
    return buffer.getvalue(), "台账.xlsx"


def as_xls(lines: list[list[CellValue]]) -> tuple[bytes, str]:
    made = xlwt.Workbook()
    page, days = made.add_sheet("表一"), xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for number, line in enumerate(lines):
        for place, cell in enumerate(line):
            if cell != "":
                page.write(number, place, cell, *([days] if isinstance(cell, date) else []))
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue(), "台账.xls"


def as_csv(lines: list[list[CellValue]]) -> tuple[bytes, str]:
    quoted = [",".join('"' + str(cell).replace('"', '""') + '"' for cell in line) for line in lines]
    return "\r\n".join(quoted).encode("gb18030"), "台账.csv"


def told(record: Record) -> tuple[Any, ...]:
    return (
        record.name,
        record.completers,
        record.status,
        record.method,
        record.value,
        record.obtained,
        record.disposition.value,
    )


@pytest.mark.requirement("R170")
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(facts, st.data())
def test_the_same_achievements_are_read_whatever_the_manner(found: list[Fact], data: st.DataObject) -> None:
    lines = Manner(data).lines(found)
    content, name = data.draw(st.sampled_from([as_xlsx, as_xls, as_csv]))(lines)
    reader = LedgerReader(read_workbook(content, name), FOUR_STATES, today=_TODAY)
    assert [told(one) for one in reader.records()] == [
        (
            fact.name,
            fact.team,
            "已转化" if fact.converted else "未转化",
            fact.method if fact.converted else None,
            Decimal(fact.cents) / 100 if fact.converted else None,
            fact.day.isoformat(),
            "valid",
        )
        for fact in found
    ]
