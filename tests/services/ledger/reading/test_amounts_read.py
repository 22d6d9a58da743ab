"""Amounts as clerks write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.reading.amounts import Amount, amount_of_number, amount_of_text
from tests.services.ledger.reading.samples import codes, read_rows, row


@pytest.mark.parametrize(
    ("text", "unit", "yuan"),
    [
        ("352.82万元", "万元", "3528200.00"),
        ("￥30万元", "万元", "300000.00"),
        ("0.5亿元", "万元", "50000000.00"),
        ("1,200", "万元", "12000000.00"),
        ("５０", "万元", "500000.00"),
        ("¥940,500", "元", "940500.00"),
        ("282000 ", "元", "282000.00"),
        ("127.8万元整", "万元", "1278000.00"),
        ("人民币捌万元整", "万元", "80000.00"),
        ("壹拾万元整", "元", "100000.00"),
        ("肆拾叁万玖仟元整", "万元", "439000.00"),
        ("壹佰玖拾柒万伍仟贰佰壹拾肆元贰角伍分", "元", "1975214.25"),
        ("壹亿零叁佰万元整", None, "103000000.00"),
        ("柒仟零伍元叁角贰分", None, "7005.32"),
        ("1亿2000万元", None, "120000000.00"),
        ("0.00", "万元", "0.00"),
        ("'-", "万元", None),
    ],
)
def test_an_amount_is_read(text: str, unit: str | None, yuan: str | None) -> None:
    amount = amount_of_text(text, unit)
    assert amount.code is None
    assert amount.yuan == (None if yuan is None else Decimal(yuan))


@pytest.mark.parametrize("text", ["", "/", "-", "—", "——", "无", "未评估", "暂无", "　"])
def test_not_valued_is_not_zero(text: str) -> None:
    assert amount_of_text(text, "万元") == Amount()


@pytest.mark.parametrize(
    ("text", "code", "best"),
    [
        ("约120万", "amount_approximate", "1200000.00"),
        ("80万左右", "amount_approximate", "800000.00"),
        ("不低于50万元", "amount_approximate", "500000.00"),
        ("约10", "amount_approximate", "100000.00"),
        ("120余万", "amount_approximate", "1200000.00"),
        ("近百万元", "amount_approximate", "1000000.00"),
        ("80-100万", "amount_range", "800000.00"),
        ("121～131", "amount_range", "1210000.00"),
        ("800至830万元", "amount_range", "8000000.00"),
        ("50（含税）", "amount_extra_text", "500000.00"),
        ("25万元/年", "amount_extra_text", "250000.00"),
        ("首付100万，余款按里程碑支付", "amount_extra_text", "1000000.00"),
        ("100万+提成", "amount_extra_text", "1000000.00"),
        ("USD 80,000", "amount_foreign_currency", None),
        ("5万欧元", "amount_foreign_currency", None),
        ("#VALUE!", "amount_error_value", None),
        ("合同保密", "amount_no_number", None),
        ("-1500000", "amount_negative", None),
        ("1000000000000元", "amount_out_of_range", None),
        ("100000", "amount_suspect_unit", "100000.00"),
    ],
)
def test_a_doubtful_amount_is_not_taken_unasked(text: str, code: str, best: str | None) -> None:
    amount = amount_of_text(text, "万元")
    assert amount.code == code
    assert amount.yuan == (None if best is None else Decimal(best))


def test_the_boundaries_of_doubt() -> None:
    assert amount_of_number(99_999.99, "万元").code is None
    assert amount_of_number(100_000.0, "万元").code == "amount_suspect_unit"
    assert amount_of_number(100_000.0, "元").code is None
    assert amount_of_number(999_999_999_999.99, "元").code is None
    assert amount_of_number(1e12, "元").code == "amount_out_of_range"
    assert amount_of_number(5.0, None).code == "amount_unit_unknown"
    assert amount_of_number(333.2400000000001, "万元").yuan == Decimal("3332400.00")


@given(st.decimals(min_value=0, max_value=Decimal("99999.99"), places=2), st.sampled_from(["元", "万元"]))
def test_a_written_amount_comes_back(value: Decimal, unit: str) -> None:
    factor = 10_000 if unit == "万元" else 1
    for text in (f"{value}", f"{value:,}", f"¥{value:,}", f"{value}{unit}", f"{value}{unit}整"):
        assert amount_of_text(text, unit).yuan == (value * factor).quantize(Decimal("0.01"))


def capital(number: int) -> str:
    """A whole number below 10^8 in capital numerals."""
    digits = "零壹贰叁肆伍陆柒捌玖"

    def section(value: int) -> str:
        text, gap = "", False
        for unit, name in ((1000, "仟"), (100, "佰"), (10, "拾"), (1, "")):
            digit = value // unit % 10
            if digit:
                text += ("零" if gap and text else "") + digits[digit] + name
                gap = False
            else:
                gap = True
        return text

    high, low = divmod(number, 10_000)
    text = f"{section(high)}万" if high else ""
    if high and 0 < low < 1000:
        text += "零"
    return text + section(low)


@given(st.integers(min_value=1, max_value=99_999_999), st.sampled_from(["元", "万元", None]))
def test_capital_numerals_are_yuan_whatever_the_header_says(number: int, unit: str | None) -> None:
    assert amount_of_text(f"{capital(number)}元整", unit).yuan == Decimal(number)


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading(text: str) -> None:
    amount = amount_of_text(text, "万元")
    assert amount.yuan is None or 0 <= amount.yuan < 10**12


@pytest.mark.requirement("R073")
def test_converted_needs_an_amount_and_zero_asks() -> None:
    empty, slash, secret, zero, kept_zero = read_rows(
        row("甲成果", status="已转化", method="许可"),
        row("乙成果", status="已转化", method="许可", value="/"),
        row("丙成果", status="已转化", method="许可", value="合同保密"),
        row("丁成果", status="已转化", method="许可", value=0.0),
        row("戊成果", value=0.0),
    )
    assert [codes(record) for record in (empty, slash, secret)] == [["amount_missing_for_converted"]] * 3
    assert codes(zero) == ["amount_zero_for_converted"]
    assert codes(kept_zero) == ["zero_on_unconverted_kept"]
    assert kept_zero.value == Decimal("0.00")


def test_the_unit_in_the_cell_wins_over_the_header() -> None:
    stated, other, hundred_million = read_rows(
        row("甲成果", value="30万元"), row("乙成果", value="300000元"), row("丙成果", value="0.5亿元")
    )
    assert [record.value for record in (stated, other)] == [Decimal("300000.00")] * 2
    assert (codes(stated), codes(hundred_million)) == ([], [])
    assert codes(other) == ["unit_in_cell_overrides_header"]
