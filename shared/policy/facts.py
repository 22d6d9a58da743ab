"""Facts as they come from a slice or from a stored decision (JSON): read with their type, errors with their key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any


class FactError(ValueError):
    """A fact that the question needs is missing or has another type: a defect of the caller, never a refusal."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key


_MISSING = object()


class Facts:
    """Typed access to a mapping of facts; dates, instants, money and shares may be objects or their ISO text."""

    __slots__ = ("_data", "_prefix")

    def __init__(self, data: Mapping[str, Any], prefix: str = "") -> None:
        self._data = data
        self._prefix = prefix

    def __contains__(self, key: str) -> bool:
        return self._data.get(key) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def raw(self, key: str, default: Any = _MISSING) -> Any:
        """The fact as given; raises FactError where it is missing and no default is given."""
        value = self._data.get(key)
        if value is not None:
            return value
        if default is _MISSING:
            raise FactError(self._prefix + key, "missing")
        return default

    def pick(self, *keys: str) -> dict[str, Any]:
        """The named facts that are there, for a finding's inputs."""
        return {key: self._data[key] for key in keys if key in self._data}

    def text(self, key: str, default: Any = _MISSING) -> str:
        """A fact that is text (or a code)."""
        value = self.raw(key, default)
        if not isinstance(value, str):
            raise FactError(self._prefix + key, "not text")
        return value

    def flag(self, key: str, default: bool | None = None) -> bool:
        """A fact that is yes or no."""
        value = self.raw(key, _MISSING if default is None else default)
        if not isinstance(value, bool):
            raise FactError(self._prefix + key, "not yes or no")
        return value

    def number(self, key: str, default: Any = _MISSING) -> int:
        """A fact that is a whole number."""
        value = self.raw(key, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise FactError(self._prefix + key, "not a whole number")
        return value

    def money(self, key: str) -> Decimal | None:
        """Yuan, or None where the fact is empty: empty is not zero."""
        value = self._data.get(key)
        if value is None:
            return None
        if isinstance(value, bool | float):
            raise FactError(self._prefix + key, "money is a Decimal, an int or text")
        try:
            return Decimal(value)
        except (InvalidOperation, TypeError, ValueError) as error:
            raise FactError(self._prefix + key, "not an amount") from error

    def share(self, key: str) -> Fraction | None:
        """An exact share (1/3, "1/3", "0.7"), or None where the fact is empty."""
        value = self._data.get(key)
        return None if value is None else as_share(self._prefix + key, value)

    def day(self, key: str, default: date | None = None) -> date:
        """A legal date; raises FactError where it is missing and no default is given."""
        found = self.day_or_none(key)
        if found is not None:
            return found
        if default is None:
            raise FactError(self._prefix + key, "missing")
        return default

    def day_or_none(self, key: str) -> date | None:
        """A legal date, or None where the fact is empty."""
        value = self._data.get(key)
        if value is None:
            return None
        if isinstance(value, str):
            try:
                return date.fromisoformat(value)
            except ValueError as error:
                raise FactError(self._prefix + key, "not a date") from error
        if isinstance(value, datetime) or not isinstance(value, date):
            raise FactError(self._prefix + key, "not a date")
        return value

    def instant(self, key: str) -> datetime:
        """An aware instant; raises FactError where it is missing."""
        found = self.instant_or_none(key)
        if found is None:
            raise FactError(self._prefix + key, "missing")
        return found

    def instant_or_none(self, key: str) -> datetime | None:
        """An aware instant, or None where the fact is empty."""
        value = self._data.get(key)
        if value is None:
            return None
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError as error:
                raise FactError(self._prefix + key, "not an instant") from error
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise FactError(self._prefix + key, "not an aware instant")
        return value

    def time_or_none(self, key: str) -> time | None:
        """A time of day in China (close of business), or None."""
        value = self._data.get(key)
        if value is None or isinstance(value, time):
            return value
        try:
            return time.fromisoformat(value)
        except (TypeError, ValueError) as error:
            raise FactError(self._prefix + key, "not a time of day") from error

    def part(self, key: str) -> Facts:
        """A nested object of facts; empty where it is missing."""
        value = self._data.get(key)
        if value is None:
            value = {}
        if not isinstance(value, Mapping):
            raise FactError(self._prefix + key, "not an object")
        return Facts(value, f"{self._prefix}{key}.")

    def parts(self, key: str) -> list[Facts]:
        """A list of nested objects; empty where it is missing."""
        found = []
        for position, value in enumerate(self.items(key)):
            if not isinstance(value, Mapping):
                raise FactError(f"{self._prefix}{key}[{position}]", "not an object")
            found.append(Facts(value, f"{self._prefix}{key}[{position}]."))
        return found

    def items(self, key: str) -> list[Any]:
        """A list; empty where it is missing."""
        value = self._data.get(key)
        if value is None:
            return []
        if isinstance(value, str | Mapping) or not hasattr(value, "__iter__"):
            raise FactError(self._prefix + key, "not a list")
        return list(value)

    def codes(self, key: str) -> frozenset[str]:
        """A list of codes as a set; empty where it is missing."""
        return frozenset(str(item) for item in self.items(key))


def as_share(key: str, value: Any) -> Fraction:
    """An exact share of a fact's value; floats are no shares, since 0.1 is none."""
    if isinstance(value, bool | float):
        raise FactError(key, "a share is a Fraction, a Decimal, an int or text")
    try:
        return Fraction(value)
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise FactError(key, "not a share") from error
