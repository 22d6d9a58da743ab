"""Amounts of money as clerks write them, into yuan; nothing is guessed, doubts come back as codes."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

import msgspec

from services.ledger.reading.text import compact
from services.ledger.reading.vocabulary import NOT_VALUED

CENT: Final = Decimal("0.01")
ZERO: Final = Decimal("0.00")
OUT_OF_RANGE: Final = Decimal(10) ** 12
SUSPECT_IN_TEN_THOUSANDS: Final = Decimal(100_000)
UNITS: Final[dict[str, Decimal]] = {"元": Decimal(1), "万元": Decimal(10_000), "亿元": Decimal(100_000_000)}

_SCALES: Final[dict[str, Decimal]] = {
    "": Decimal(1),
    "十": Decimal(10),
    "百": Decimal(100),
    "千": Decimal(1_000),
    "万": Decimal(10_000),
    "十万": Decimal(100_000),
    "百万": Decimal(1_000_000),
    "千万": Decimal(10_000_000),
    "亿": Decimal(100_000_000),
}
_NUMBER = r"[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_SCALE = r"(?:[十百千]?万|[十百千]|亿)"
_CURRENCY = r"(?:人民币|rmb|cny|¥)"
_EXACT = re.compile(rf"{_CURRENCY}?:?({_NUMBER})({_SCALE})?(元|圆|块)?(?:\(?(?:人民币|rmb|cny)\)?)?[整正]?")
_COMPOUND = re.compile(rf"{_CURRENCY}?(\d+(?:\.\d+)?)亿(\d+(?:\.\d+)?)万[元圆]?[整正]?")
_RANGE = re.compile(
    rf"{_CURRENCY}?({_NUMBER})({_SCALE})?(元|圆)?(?:-|~|—+|–|至|到){_CURRENCY}?({_NUMBER})({_SCALE})?(元|圆)?[整正]?"
)
_ANYWHERE = re.compile(rf"({_NUMBER})({_SCALE})?(元|圆)?")
_FOREIGN = re.compile(
    r"usd|us\$|\$|美元|美金|eur|€|欧元|gbp|£|英镑|jpy|日元|hkd|hk\$|港元|港币|krw|韩元|aud|澳元|cad|加元"
)
_APPROXIMATE = re.compile(
    r"大约|约|将近|接近|近|不低于|不少于|不高于|不超过|不多于|至少|最低|最高|超过|超|逾|预计|预估|暂估|估计|概算"
    r"|左右|上下|以上|以下|以内|余|多|起|许|≈|>=?|<=?|≥|≤|\+(?=$|万|元)"
)
_CAPITAL_DIGITS: Final = {
    **dict(zip("零壹贰叁肆伍陆柒捌玖", range(10), strict=True)),
    **dict(zip("〇一二三四五六七八九", range(10), strict=True)),
    **{"两": 2, "貳": 2, "叄": 3, "弍": 2, "陸": 6, "參": 3},
}
_CAPITAL_TENS: Final = {"拾": 10, "佰": 100, "仟": 1000, "十": 10, "百": 100, "千": 1000}
_CAPITAL = re.compile(
    rf"{_CURRENCY}?:?([{''.join(_CAPITAL_DIGITS)}{''.join(_CAPITAL_TENS)}万萬亿億]+)([元圆])?"
    rf"(?:([{''.join(_CAPITAL_DIGITS)}])角)?(?:零?([{''.join(_CAPITAL_DIGITS)}])分)?[整正]?"
)


class Amount(msgspec.Struct, frozen=True, gc=False):
    """What a cell says about money. `yuan` is the best reading; with a `code` it is not to be taken unasked.

    `bare` is the number as written where the cell names no unit; `own_unit` is the unit that the cell names itself.
    """

    yuan: Decimal | None = None
    code: str | None = None
    own_unit: str | None = None
    alternatives: tuple[Decimal, ...] = ()


EMPTY: Final = Amount()


def amount_of_number(number: float, unit: str | None) -> Amount:
    """The amount of a numeric cell; binary float noise is rounded to the cent. `unit` is the column's."""
    try:
        return _bare(Decimal(repr(number)) if isinstance(number, float) else Decimal(number), unit)
    except InvalidOperation:
        return Amount(code="amount_out_of_range")


def amount_of_text(text: str, unit: str | None) -> Amount:
    """The amount of a text cell in yuan; `unit` is that of a number without one (元, 万元, 亿元, None unknown)."""
    plain = compact(text)
    if plain in NOT_VALUED:
        return EMPTY
    if plain.startswith("#"):
        return Amount(code="amount_error_value")
    if _FOREIGN.search(plain):
        return Amount(code="amount_foreign_currency")
    exact = _EXACT.fullmatch(plain)
    if exact:
        return _stated(exact[1], exact[2], exact[3], unit)
    return _compound(plain) or _capital(plain, unit) or _doubtful(plain, unit)


def _doubtful(plain: str, unit: str | None) -> Amount:
    span = _RANGE.fullmatch(plain)
    if span:
        # 80-100万: the unit at the end is meant for both ends
        scale, currency = span[2] or span[5], span[3] or span[6]
        low = _stated(span[1], scale, currency, unit).yuan
        high = _stated(span[4], span[5] or span[2], span[6] or span[3], unit).yuan
        return Amount(low, "amount_range", alternatives=(high,) if high is not None else ())
    bare = _APPROXIMATE.sub("", plain)
    if bare != plain:
        exact = _EXACT.fullmatch(bare)
        best = _stated(exact[1], exact[2], exact[3], unit) if exact else _capital(bare, unit)
        if best is not None:
            return Amount(best.yuan, "amount_approximate")
    found = _ANYWHERE.search(plain)
    if found is None:
        return Amount(code="amount_no_number")
    return Amount(_stated(found[1], found[2], found[3], unit).yuan, "amount_extra_text")


def _compound(plain: str) -> Amount | None:
    match = _COMPOUND.fullmatch(plain)
    if match is None:
        return None
    return _checked(Decimal(match[1]) * UNITS["亿元"] + Decimal(match[2]) * UNITS["万元"], "亿元")


def _stated(number: str, scale: str | None, currency: str | None, unit: str | None) -> Amount:
    value = Decimal(number.replace(",", "").replace("−", "-"))
    if scale is None and currency is None:
        return _bare(value, unit)
    if scale is None:
        own = "元"
    elif "亿" in scale:
        own = "亿元"
    else:
        own = "万元" if "万" in scale else "元"
    return _checked(value * _SCALES[scale or ""], own)


def _bare(value: Decimal, unit: str | None) -> Amount:
    if unit is None:
        return Amount(None if value else ZERO, "amount_unit_unknown" if value else None)
    amount = _checked(value * UNITS[unit], None)
    if amount.code is None and unit == "万元" and value >= SUSPECT_IN_TEN_THOUSANDS:
        in_yuan = _checked(value, None)
        alternatives = () if amount.yuan is None else (amount.yuan,)
        return Amount(in_yuan.yuan, "amount_suspect_unit", alternatives=alternatives)
    return amount


def _checked(yuan: Decimal, own_unit: str | None) -> Amount:
    if yuan < 0:
        return Amount(code="amount_negative")
    if yuan >= OUT_OF_RANGE:
        return Amount(code="amount_out_of_range")
    return Amount(yuan.quantize(CENT, ROUND_HALF_UP), own_unit=own_unit)


def _capital(plain: str, unit: str | None) -> Amount | None:
    match = _CAPITAL.fullmatch(plain)
    if match is None:
        return None
    whole = _capital_whole(match[1])
    if whole is None:
        return None
    cents = _CAPITAL_DIGITS.get(match[3] or "零", 0) * 10 + _CAPITAL_DIGITS.get(match[4] or "零", 0)
    if match[2] is None and not cents and not re.search("[万萬亿億]", match[1]):
        return _bare(Decimal(whole), unit)
    # Written out, an amount is in yuan whatever the header says, and never mistaken for another unit.
    return _checked(Decimal(whole) + Decimal(cents) / 100, None)


def _capital_whole(text: str) -> int | None:
    if not any(char in _CAPITAL_DIGITS or char in _CAPITAL_TENS for char in text):
        return None
    total = section = digit = 0
    previous: str | None = None
    for char in text:
        if char in _CAPITAL_DIGITS:
            if previous is not None and previous in _CAPITAL_DIGITS and digit:
                return None
            digit = _CAPITAL_DIGITS[char]
        elif char in _CAPITAL_TENS:
            section += (digit or (1 if not section and previous in (None, "万", "亿") else digit)) * _CAPITAL_TENS[char]
            digit = 0
        else:
            scale = 10_000 if char in "万萬" else 100_000_000
            section += digit
            total = (total + section) * scale if scale > 10_000 else total + section * scale
            section = digit = 0
        previous = char
    return total + section + digit
