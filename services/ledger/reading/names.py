"""The name of an achievement out of one cell."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from services.ledger.reading.text import compact, tidy_name
from services.ledger.reading.vocabulary import NOTHING

LONGEST: Final = 200
_CALL = re.compile(r"[=+\-@]\s*[A-Za-z_.]+\s*\(")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_ABSTRACT = re.compile(r"[。；;\n]|[（(【\[]?(?:摘\s*要|本发明公开|本发明涉及|本实用新型)")


class Name(msgspec.Struct, frozen=True, gc=False):
    """A name as one line; with a `code` it is the best proposal, or None."""

    value: str | None
    code: str | None = None


MISSING: Final = Name(None, "name_missing")


def read_name(text: str) -> Name:
    """Read a name cell. Text that begins with = + - @ is a name unless it is a formula."""
    name = tidy_name(text)
    if len(name) < 5 and compact(name) in NOTHING:
        return MISSING
    if name[0] in "=+-@" and (name[0] == "=" or _CALL.match(name)):
        return Name(_shown_text(name), "name_formula_like")
    if len(name) > LONGEST:
        head = _ABSTRACT.split(name, maxsplit=1)[0].strip("：:，, ")
        return Name(head if 0 < len(head) <= LONGEST else None, "name_too_long")
    return Name(name)


def _shown_text(formula: str) -> str | None:
    """The last quoted text of a formula that is no address: what a cell with a link shows."""
    quoted = [text for text in _QUOTED.findall(formula) if text and "://" not in text]
    return tidy_name(quoted[-1]) if quoted else None
