"""How the text of a cell is compared and tidied; the raw text is kept besides by the caller."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import Final

from shared.documents.workbook import CellValue

# The zero-width joiner (U+200D) holds emoji together; it goes only where no emoji follows.
_ZERO_WIDTH = re.compile("[\u200b\u200c\u200e\u200f\u2060\ufeff\u00ad]|\u200d(?![\u2600-\u27bf\U0001f000-\U0001faff])")
_FULL_WIDTH: Final = {
    **{0xFF10 + i: 0x30 + i for i in range(10)},
    **{0xFF21 + i: 0x41 + i for i in range(26)},
    **{0xFF41 + i: 0x61 + i for i in range(26)},
}
_FULL_DOT = re.compile("(?<=[0-9A-Za-z])．(?=[0-9A-Za-z])")
_CHINESE = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\u3001-\u303f\uff01-\uff0f\uff1a-\uff20\u2018-\u201d"
_DIRTY = re.compile("[\\s\u200b-\u200f\u2060\ufeff\u00ad\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff0e]|^'[=+\\-@]")
_LINE_BREAK = re.compile(r"\s*[\r\n\v\f\u2028\u2029\x85]+\s*")
_BETWEEN_LETTERS = re.compile(r"(?<=[A-Za-z])\s*[\r\n\v\f\u2028\u2029\x85]+\s*(?=[A-Za-z])")
_CHINESE_BLANK = re.compile(f"(?<=[{_CHINESE}])\\s+(?=[{_CHINESE}])")
_BLANKS = re.compile(r"\s+")
_BLANK_OR_INVISIBLE = re.compile("[\\s\u200b-\u200f\u2060\ufeff\u00ad]+")
_QUOTE_PREFIX = re.compile(r"'(?=[=+\-@])")


def cell_text(value: CellValue) -> str:
    """The text that a cell shows, near enough to be read: whole numbers without .0, dates as ISO."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def tidy(text: str) -> str:
    """Outer blanks, zero-width characters, full-width letters and digits, and our own export's quote mark go."""
    if _DIRTY.search(text) is None:
        return text
    text = _ZERO_WIDTH.sub("", text).strip()
    text = _FULL_DOT.sub(".", text.translate(_FULL_WIDTH))
    return _QUOTE_PREFIX.sub("", text, count=1) if text.startswith("'") else text


def tidy_name(text: str) -> str:
    """A name as one line: `tidy`, without line breaks and without blanks between Chinese characters."""
    if _DIRTY.search(text) is None:
        return text
    text = _BETWEEN_LETTERS.sub(" ", tidy(text))
    text = _CHINESE_BLANK.sub("", _LINE_BREAK.sub("", text))
    return _BLANKS.sub(" ", text)


def compact(text: str) -> str:
    """NFKC, lower case, no blanks and no invisible characters: how vocabulary is looked up."""
    if text.startswith("'"):
        text = _QUOTE_PREFIX.sub("", text, count=1)
    return _BLANK_OR_INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold()


def identity_key(text: str) -> str:
    """What makes two names the same name within a unit; idempotent. (Article: the name identifies the achievement.)"""
    key = compact(text)
    # Folding can make a sequence that normalises once more (ß, ligatures); the key must be stable.
    again = compact(key)
    return key if again == key else compact(again)


def looks_literal(text: str) -> bool:
    """Whether a spreadsheet would take the text for a formula: begins with = + - @."""
    return text[:1] in ("=", "+", "-", "@")
