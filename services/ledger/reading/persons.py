"""The completers of an achievement out of one cell."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from services.ledger.reading.text import compact, tidy
from services.ledger.reading.vocabulary import DITTO, NOTHING

_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PLAIN = re.compile(f"[{_HAN}·]{{2,}}(?:[、，,；;][{_HAN}·]{{2,}})*")
_SEPARATORS = re.compile(r"[、，,；;/／|\r\n\v\f]+")
_HARD = re.compile(r"[、，,；;]")
_NOTE = re.compile(r"[（(【\[][^（）()【】\[\]]*[）)】\]]")
_ET_AL = re.compile(r"[\s、，,；;/]*等(?:\s*[0-9一二三四五六七八九十百]+\s*(?:人|位|名|同志))?$")
_BLANKS = re.compile(r"\s+")
_LATIN = re.compile(r"[A-Za-z.'’-]+")
# What stands around names: counting them, marking their organisation, saying who is who.
_ORDINAL = re.compile(r"(?:[①-⑳]|[(（]\d{1,2}[)）]|(?:^|(?<=[\s、，,；;/]))\d{1,2}\s*[)）.．、])\s*")
_MARK = re.compile(
    rf"(?<=[{_HAN}])[0-9*＊#†‡§¹²³⁴-⁹]+(?=$|[\s、，,；;/])|(?:(?<=^)|(?<=[、，,；;/\s]))[0-9]+(?=$|[、，,；;/\s])"
)
_LABEL = re.compile(
    r"(?:第[一二三四五六七八九十]+|主要|其他|其余|项目|成果)*(?:完成人|发明人|设计人|负责人|主持人|参与人|成员|其他|其余)员?[:：]"
)
# A name holds none of these, and is longer than one character.
_NO_NAME = re.compile(rf"[0-9:：&＆=+<>@#%]|^[{_HAN}]$")
_AND = re.compile(r"[&＆]")
_PLACEHOLDER_NAMES: Final = frozenset(
    {"待定", "待补", "待补充", "待填", "不详", "未知", "暂缺", "略", "见附件", "详见附件"}
)
_WORDS_NOT_NAMES: Final = DITTO | NOTHING | _PLACEHOLDER_NAMES


class Team(msgspec.Struct, frozen=True, gc=False):
    """The people named, in order. `code` asks a person; `warnings` were settled; `people` is then the best reading."""

    people: tuple[str, ...] = ()
    code: str | None = None
    warnings: tuple[str, ...] = ()


MISSING: Final = Team(code="team_missing")
_DITTO_TEAM: Final = Team(code="team_ditto")


def read_team(text: str) -> Team:
    """Read the completers of one cell; 、，,；;/ line breaks separate, blanks where every part is a whole name."""
    if _PLAIN.fullmatch(text) and not text.endswith("等") and text not in _WORDS_NOT_NAMES:
        return Team(tuple(_HARD.split(text)))
    plain = tidy(text)
    key = compact(plain)
    if key in NOTHING or key in _PLACEHOLDER_NAMES:
        return MISSING
    if key in DITTO:
        return _DITTO_TEAM
    warnings: list[str] = []
    without = _MARK.sub("", _LABEL.sub("", _NOTE.sub("", _ORDINAL.sub("、", plain))))
    if without != plain:
        warnings.append("team_note_removed")
    whole = _ET_AL.sub("", without.rstrip())
    if whole != without.rstrip():
        warnings.append("team_list_incomplete")
    people: list[str] = []
    code: str | None = None
    for part in _SEPARATORS.split(whole):
        names, ambiguous = _names(part.strip())
        people.extend(names)
        code = "team_ambiguous_blanks" if ambiguous else code
    if not people:
        return MISSING
    if code is None and any(map(_NO_NAME.search, people)):
        likely = (name.strip() for one in people for name in _AND.split(one))
        return Team(tuple(name for name in likely if name), "team_unclear", tuple(warnings))
    return Team(tuple(people), code, tuple(warnings))


def _names(part: str) -> tuple[list[str], bool]:
    """The names between two separators, and whether blanks can be read in two ways."""
    if not part:
        return [], False
    pieces = _BLANKS.split(part)
    if len(pieces) == 1:
        return pieces, False
    if all(_LATIN.fullmatch(piece) for piece in pieces):
        return [" ".join(pieces)], False
    if all(len(piece) >= 2 for piece in pieces):
        return pieces, False
    if len(pieces) == 2 and all(len(piece) == 1 for piece in pieces):
        return ["".join(pieces)], False
    return _paired(pieces), True


def _paired(pieces: list[str]) -> list[str]:
    """The likeliest cut: single characters belong together two by two."""
    names: list[str] = []
    held = ""
    for piece in pieces:
        if len(piece) > 1:
            names.extend(name for name in (held, piece) if name)
            held = ""
        elif held:
            names.append(held + piece)
            held = ""
        else:
            held = piece
    return [*names, held] if held else names
