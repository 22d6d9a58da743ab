"""The parts that every kind of pack entry shares: settings, modality, items, form fields, evidence."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Modality = Literal["must", "may", "encouraged"]
Comparator = Literal["=", ">=", "<=", ">"]
Unit = Literal["day", "working_day", "month", "year"]
Codes = Annotated[tuple[str, ...], Field(strict=False)]
Days = Annotated[tuple[date, ...], Field(strict=False)]
Numbers = Annotated[tuple[int, ...], Field(strict=False)]
# Shares are written as text ("0.7", "1/3"): a TOML float cannot hold them exactly.
Share = Annotated[str, Field(pattern=r"^(0|1|0?\.\d+|\d+/\d+)$")]


class Section(BaseModel):
    """The settings of every model: immutable, strict, no unknown key."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Rule(Section):
    """An entry that obliges, permits or encourages (应当, 可以, 鼓励); what is encouraged never blocks."""

    label: str = ""
    modality: Modality = "must"
    reading: str | None = None
    note: str = ""


class Item(Rule):
    """A value of an enumeration; `national` is its code in the national vocabulary, `group` its heading."""

    group: str | None = None
    national: str | None = None
    sub_labels: Codes = ()
    description: str = ""


class FormField(Rule):
    """A field of a form; `when` names the facts (unit kind, funding, status) under which it is required."""

    required: bool = True
    unit_kinds: Codes = ()
    funding: Codes = ()
    when: Codes = ()
    basic: bool = False
    shown: bool = True


class Evidence(Rule):
    """Papers that prove something: any one of `any_of`, where the circumstances in `when`, `funding`, `types` hold."""

    any_of: Codes = ()
    required: bool = True
    unit_kinds: Codes = ()
    funding: Codes = ()
    types: Codes = ()
    groups: Codes = ()
    when: Codes = ()
    help_only: bool = False
