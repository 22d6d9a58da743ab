"""The columns of the list: which may be shown besides number and name, in which order, and how a row fills them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.ledger.display import KINDS_OF_VALUE, TONES, obtained
from services.ledger.rules import Vocabulary
from shared.ui.words import EMPTY, money


@dataclass(frozen=True, slots=True)
class Column:
    """``sort`` is the list's order by it, where there is one; ``number``: figures, set to the right."""

    label: str
    shown: Callable[[Any, Vocabulary], str]
    sort: str = ""
    number: bool = False


def _people(row: Any, words: Vocabulary) -> str:
    people, size = row["people"], row["team_size"]
    return f"{'、'.join(people[:2])}等 {size} 人" if size > 3 else "、".join(people) or EMPTY


def _coded(name: str, column: str = "") -> Callable[[Any, Vocabulary], str]:
    return lambda row, words: words.label(name, row[column or name]) or EMPTY


def _stated(name: str) -> Callable[[Any, Vocabulary], str]:
    return lambda row, words: str(row[name]) if row[name] not in (None, "") else EMPTY


COLUMNS: Mapping[str, Column] = {
    "people": Column("完成人（团队）", _people),
    "type": Column("成果类型", _coded("type")),
    "stage": Column("成果阶段", _coded("stage", "stage_recognised")),
    "status": Column("转化状态", _coded("status")),
    "mode": Column("转化方式", _coded("mode")),
    "value": Column("转化价值（万元）", lambda row, words: money(row["value"], "未评估"), "value", number=True),
    "declared": Column("填报阶段", _coded("stage", "stage_declared")),
    "conversions": Column("转化频次", lambda row, words: str(row["conversions"]), number=True),
    "value_kind": Column("价值口径", lambda row, words: KINDS_OF_VALUE.get(row["value_kind"] or "", EMPTY)),
    "obtained": Column(
        "取得时间", lambda row, words: obtained(row["obtained_on"], row["obtained_precision"]), "obtained"
    ),
    "numbers": Column("权利号", lambda row, words: "、".join(row["numbers"]) or EMPTY),
    "category": Column("权利类别", _stated("right_category")),
    "college": Column("所属部门", _stated("college")),
}
DEFAULT = ("people", "type", "stage", "status", "mode", "value")
WIDE = frozenset({"numbers"})


def offered(words: Vocabulary) -> dict[str, Column]:
    """What may be chosen; a province whose text knows no stages has no such column."""
    return {code: one for code, one in COLUMNS.items() if words.stages or code not in ("stage", "declared")}


def columns_of(value: Any, words: Vocabulary) -> tuple[str, ...]:
    """The columns that an address names, in its order; the list's own where it names none that there is."""
    known = offered(words)
    chosen = tuple(dict.fromkeys(one for one in str(value or "").split(",") if one in known))
    return chosen or default(words)


def default(words: Vocabulary) -> tuple[str, ...]:
    """The list's own columns."""
    return tuple(one for one in DEFAULT if one in offered(words))


def as_query(columns: Sequence[str], words: Vocabulary) -> str:
    """As an address repeats them; empty for the list's own."""
    return "" if tuple(columns) == default(words) else ",".join(columns)


def cells_of(row: Any, columns: Sequence[str], words: Vocabulary) -> list[tuple[str, bool, str]]:
    """(text, whether it is a figure, tone of a badge or empty) of each column."""
    return [
        (
            COLUMNS[code].shown(row, words),
            COLUMNS[code].number,
            TONES.get(row["status"], "secondary") if code == "status" else "",
        )
        for code in columns
    ]


def moved(columns: Sequence[str], code: str, by: int) -> tuple[str, ...]:
    """The columns with one of them ``by`` places on; at an end it stays."""
    place = columns.index(code)
    there = min(max(place + by, 0), len(columns) - 1)
    rest = [one for one in columns if one != code]
    return (*rest[:there], code, *rest[there:])
