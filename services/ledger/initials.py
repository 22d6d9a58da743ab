"""Pinyin initials of a name as search words: what somebody types who knows how a name sounds; no database here.

They stand in the table of search words beside those of the name itself, each behind a mark that no name holds.
"""

import re
from functools import lru_cache

from services.ledger.entry import name_key

# Blank and invisible: a name's key never has it, so that no word of a name is taken for initials.
MARK = "\u200b"
_READINGS = 8
_ASKED = re.compile(r"(?=.*[a-z])[a-z0-9]{2,40}")
# Characters that read in two ways in the names of achievements; the dictionary of single characters knows the first only.
_PAIRS = (
    "重cz", "行xh", "长cz", "调td", "传cz", "参cs", "弹dt", "降jx", "率ls", "单ds", "系xj", "校xj", "石sd",
    "藏cz", "解jx", "盛sc", "乐ly", "提td", "壳kq", "给gj", "车cj", "曾zc", "折zs", "厦sx", "仇cq", "召zs",
    "尉wy", "查cz", "洗xs", "尺cz", "省sx", "识sz", "属sz", "朝cz", "畜cx", "会hk", "巷xh", "轧zy",
)  # fmt: skip
_SECOND = {pair[0]: pair[1:] for pair in _PAIRS}


@lru_cache(maxsize=30_000)
def _letters(char: str) -> str:
    """The first letters of a character's readings; itself where it is a letter or a figure; else nothing."""
    if char in _SECOND:
        return _SECOND[char]
    if char > "\u2fff":
        from pypinyin import Style, lazy_pinyin  # its dictionaries take a while: a web process starts without them

        char = lazy_pinyin(char, style=Style.FIRST_LETTER)[0]
    return char if len(char) == 1 and char.isascii() and char.isalnum() else ""


def initials_of(name: str) -> str:
    """The initials of a name, ``重组蛋白`` ``czdb zzdb``: every way to read it, up to eight, with blanks between."""
    readings = [""]
    for char in name_key(name):
        letters = _letters(char)
        if len(letters) > 1 and len(readings) * len(letters) <= _READINGS:
            readings = [one + letter for one in readings for letter in letters]
        elif letters:
            readings = [one + letters[0] for one in readings]
    return " ".join(readings).strip()


def initial_words(name: str) -> set[str]:
    """The search words of a name's initials: every three neighbours behind the mark, and the last two."""
    return {
        MARK + reading[place : place + 3]
        for reading in initials_of(name).split()
        for place in range(max(len(reading) - 1, 0))
    }


def asked_initials(key: str) -> list[str]:
    """What of the search words a typed key asks for, all of them at once: nothing where it is no initials; a word of two
    letters is the beginning of what is looked for.
    """
    if not _ASKED.fullmatch(key):
        return []
    return sorted({MARK + key[place : place + 3] for place in range(max(len(key) - 2, 1))})
