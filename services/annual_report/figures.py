"""One line of a report's figures, plain: what was counted, what the institution states instead, how lines are summed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

DIMENSIONS = {
    "all": "成果数量",
    "type": "成果类型",
    "stage": "成果阶段",
    "status": "转化状态",
    "mode": "转化方式",
    "deal": "本年转化合同",
}
COLUMNS = {
    "opening": "年初",
    "first_entry": "首次入账",
    "added": "本年增加",
    "removed": "本年减少",
    "closing": "年末",
}
# What an institution may state otherwise than counted: whatever is a number of achievements by some value.
STATABLE = ("type", "stage", "status", "mode")
_ORDER = {name: place for place, name in enumerate(DIMENSIONS)}


@dataclass(frozen=True, slots=True)
class Line:
    """Figures of one value of one dimension.

    ``declared`` counts by the declared stage, beside the recognised one that is counted; None in other dimensions.
    ``amount`` is in yuan over the ``n_valued`` achievements (for ``deal``: contracts) that state one. ``counted`` are the
    five figures as counted from the ledger where the institution states others.
    """

    dimension: str
    value: str
    opening: int = 0
    first_entry: int = 0
    added: int = 0
    removed: int = 0
    closing: int = 0
    declared: int | None = None
    n_valued: int = 0
    amount: Decimal = Decimal(0)
    counted: Mapping[str, int] | None = None

    @property
    def key(self) -> str:
        return f"{self.dimension}:{self.value}"

    @property
    def figures(self) -> dict[str, int]:
        """The five figures by column."""
        return {name: getattr(self, name) for name in COLUMNS}

    @property
    def expected(self) -> int:
        """What the closing figure must be."""
        return self.opening + self.first_entry + self.added - self.removed

    @property
    def balanced(self) -> bool:
        return self.closing == self.expected

    def as_json(self) -> dict[str, Any]:
        return {
            "dimension": self.dimension,
            "value": self.value,
            **self.figures,
            "declared": self.declared,
            "n_valued": self.n_valued,
            "amount": str(self.amount),
            "counted": dict(self.counted) if self.counted else None,
        }

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> "Line":
        names = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
        return cls(**{**names, "amount": Decimal(value["amount"])})


def in_order(lines: Iterable[Line], values: Mapping[str, list[str]]) -> list[Line]:
    """Lines by dimension, values in the pack's order, what has no value last."""

    def place(line: Line) -> tuple[int, int, str]:
        known = values.get(line.dimension, [])
        return _ORDER[line.dimension], known.index(line.value) if line.value in known else len(known), line.value

    return sorted(lines, key=place)


def reported(counted: Iterable[Line], stated: Mapping[str, Mapping[str, int]]) -> list[Line]:
    """The lines that are reported: as counted, except where the institution states others (by ``Line.key``).

    The number of all achievements follows the types, so that it never contradicts them.
    """
    lines = []
    known = set()
    for line in counted:
        known.add(line.key)
        own: Any = stated.get(line.key)
        lines.append(replace(line, **own, counted=line.figures) if own else line)
    for key, stating in stated.items():
        if key not in known:
            dimension, _, value = key.partition(":")
            figures: Any = stating
            lines.append(Line(dimension, value, **figures, counted=dict.fromkeys(COLUMNS, 0)))
    if not any(line.dimension == "type" and line.counted for line in lines):
        return lines
    whole: Any = {name: sum(getattr(line, name) for line in lines if line.dimension == "type") for name in COLUMNS}
    return [replace(line, **whole, counted=line.figures) if line.dimension == "all" else line for line in lines]


def summed(reports: Iterable[Iterable[Line]]) -> list[Line]:
    """The lines of several reports added up, value by value."""
    total: dict[str, Line] = {}
    for lines in reports:
        for line in lines:
            before = total.get(line.key)
            plain = replace(line, counted=None)
            total[line.key] = plain if before is None else _added(before, plain)
    return sorted(total.values(), key=lambda line: (_ORDER[line.dimension], line.value))


def _added(one: Line, other: Line) -> Line:
    figures: Any = {name: getattr(one, name) + getattr(other, name) for name in COLUMNS}
    declared = None if one.declared is None and other.declared is None else (one.declared or 0) + (other.declared or 0)
    return replace(
        one,
        **figures,
        declared=declared,
        n_valued=one.n_valued + other.n_valued,
        amount=one.amount + other.amount,
    )
