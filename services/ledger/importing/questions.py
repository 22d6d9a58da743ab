"""What a row asks, as a form: the answers to choose from, whether one may type, accept or leave out. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from services.ledger.importing.entries import OF_THE_COLUMN
from services.ledger.importing.rechecking import ACCEPTABLE, FURTHER, LEAVE_OUT, UNIT
from services.ledger.reading.layout import Layout
from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.reasons import message_of
from services.ledger.reading.vocabulary import FIELD_LABELS

# The clerk's words back to fields; a type's group is answered with the type, an assessed value as the value.
_FIELDS: Final = {label: field for field, label in reversed(FIELD_LABELS.items())} | {
    "成果类型": "type",
    "转化价值": "value",
    "完成人（团队）": "completers",
    "合同编号": "contract_number",
    "信用代码": "credit_code",
}
_LISTED: Final = ("type", "status", "method", "stage")
# What differs from row to row even where the cells are alike: typed for one row, never for all of them.
_OWN: Final = ("name", "completers", "number", "value", "obtained", "counterparty", "contract_number", "credit_code")
_FROM_LEDGER: Final = frozenset({"already_in_ledger", "differs_from_ledger", "number_in_ledger"})
_HINTS: Final = {
    "value": "请写明单位，如 50万元、500000元",
    "obtained": "如 2025-03-14；只知道月份的写 2025-03",
    "completers": "用顿号分开，如 张三、李四",
    "number": "专利号、登记号等；确实没有编号的不填",
}
_REASONS: Final = {
    "duplicate": "与前面的行重复",
    "already_in_ledger": "台账中已有，内容一致",
    "row_marked_void": "原表标为作废",
}
_ACCEPTED: Final = {
    "amount_zero_for_converted": "金额确实为 0 元（如先使用后付费）",
    "secrecy_internal": "不涉密，可以录入台账",
    "secrecy_unknown": "不涉密，可以录入台账",
    "row_marked_void": "没有作废，仍然导入",
}
FURTHER_LABEL: Final = "是前面那项成果的又一次转化：合同和金额计入该项成果，不另计成果"
_OPTIONS_SHOWN: Final = 24
# More choices than this stand in a list of their own.
_BESIDE_EACH_OTHER: Final = 4


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to answer: ``value`` is what the form sends."""

    value: str
    label: str
    proposed: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """All rows that ask the same. ``listed`` are further choices where they are many; ``typed`` is the hint beside the free
    text, None where none is offered.
    """

    code: str
    field: str
    said: str
    message: str
    rows: int
    places: str
    first: int
    choices: tuple[Choice, ...]
    listed: tuple[Choice, ...]
    typed: str | None
    reason: str
    of: str
    in_ledger: str

    @property
    def of_column(self) -> bool:
        """Whether one answer is for a whole column."""
        return self.code in OF_THE_COLUMN


def subject_of_label(label: str) -> str | None:
    """The field that a clerk's word names, None where it names none."""
    return _FIELDS.get(label)


def question_of(issue: Mapping[str, Any], rows: int, places: str, first: int, profile: LedgerProfile) -> Question:
    """The form of one group of rows that ask the same; ``first`` is the first one's ordinal."""
    code, field = str(issue["code"]), str(issue["field"])
    subject = UNIT if code in OF_THE_COLUMN else subject_of_label(field)
    found = list(_choices(code, subject, issue.get("proposals") or (), profile))
    alone = rows == 1 or bool(issue.get("said"))
    typed = None
    compared = code in _FROM_LEDGER or code in ("duplicate", "first_row_open")
    if subject and subject not in _LISTED and subject != UNIT and alone and not compared:
        typed = _HINTS.get(subject, "")
        typed = typed if rows == 1 or subject not in ("name", "number") else None
    if code in ACCEPTABLE:
        found.insert(0, Choice("accept", _ACCEPTED[code]))
    if code == "duplicate":
        found.insert(0, Choice("further", FURTHER_LABEL, proposed=issue.get("kind") == "repeated_conversion"))
    if code in _FROM_LEDGER:
        found.append(Choice("again", "台账已经更正或撤销，重新核对"))
    listed = tuple(one for one in found if one.value.startswith("set:") and not one.proposed)
    listed = listed if len(listed) > _BESIDE_EACH_OTHER else ()
    of = issue.get("of") or {}
    return Question(
        code,
        field,
        str(issue.get("said") or ""),
        message_of(code),
        rows,
        places,
        first,
        tuple(one for one in found if one not in listed),
        listed,
        typed,
        _REASONS.get(code, ""),
        f"“{of['sheet']}”第{of['row']}行" if of else "",
        str(issue.get("kind") or "") if code in _FROM_LEDGER else "",
    )


def _choices(code: str, subject: str | None, proposals: Sequence[str], profile: LedgerProfile) -> Sequence[Choice]:
    if subject == UNIT:
        return [Choice("set:元", "单位是元"), Choice("set:万元", "单位是万元")]
    listed = options_of(subject, profile)
    if listed and set(listed) <= set(proposals):
        # The reader gives the whole list, with what it takes for the likeliest in front.
        proposals = proposals[:1] if proposals[0] != listed[0] else ()
    proposed = list(dict.fromkeys(proposals))[:_OPTIONS_SHOWN]
    found = [Choice(f"set:{_cell(subject, one)}", _label(subject, one), proposed=True) for one in proposed]
    found += [Choice(f"set:{one}", one) for one in listed if one not in proposed]
    if code in ("number_placeholder", "number_incomplete", "number_unrecognised", "number_not_a_right"):
        found.append(Choice("set:", "暂无编号，先不填"))
    return found


def options_of(subject: str | None, profile: LedgerProfile) -> tuple[str, ...]:
    """The province's own words for a field that is chosen from a list."""
    if subject == "type":
        return tuple(f"{one.group_label}/{one.label}" if one.group_label else one.label for one in profile.types)
    return {"status": profile.statuses, "method": profile.methods, "stage": profile.stages}.get(subject or "", ())


def _cell(subject: str | None, proposal: str) -> str:
    return f"{proposal}元" if subject == "value" else proposal


def _label(subject: str | None, proposal: str) -> str:
    if subject != "value":
        return proposal
    try:
        yuan = Decimal(proposal)
    except InvalidOperation:
        return proposal
    text = f"{yuan:,.2f} 元"
    return f"{text}（{(yuan / 10_000).normalize():,f} 万元）" if yuan >= 10_000 else text


def acceptances(questions: Sequence[Question]) -> list[tuple[str, str]]:
    """What of a row may be said by a yes alone: (subject, words)."""
    found = []
    for one in questions:
        for choice in one.choices:
            if choice.value in ("accept", "further"):
                found.append((FURTHER if choice.value == "further" else one.code, choice.label))
    return found


def answers_of_choice(code: str, field: str, choice: str, picked: str, text: str, reason: str) -> dict[str, str]:
    """What a form's choice says, by subject; ``picked`` is the one of the list where the choice is to pick."""
    choice = picked if choice == "pick" else choice
    if choice == "accept":
        return {code: ""}
    if choice == "further":
        return {FURTHER: ""}
    if choice == "again":
        return {"again": ""}
    if choice == LEAVE_OUT:
        return {LEAVE_OUT: reason}
    subject = UNIT if code in OF_THE_COLUMN else subject_of_label(field)
    if subject is None:
        # A field that no column can answer: whoever sends a value for it finds no row that asks so.
        return {code: ""}
    return {subject: choice.removeprefix("set:") if choice.startswith("set:") else text}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a held row in a form: ``name`` is its subject, ``value`` as it would be read now, ``raw`` as it stands."""

    name: str
    label: str
    value: str
    raw: str
    options: tuple[str, ...]
    hint: str
    asked: bool


def cells_of(
    raw: Sequence[Sequence[str]],
    layout: Layout,
    sheet_name: str,
    answers: Mapping[str, str],
    issues: Sequence[Mapping[str, Any]],
    profile: LedgerProfile,
) -> list[Cell]:
    """Every field of a held row that can be answered: the sheet's own columns, then what it asks and has no column for."""
    sheet = next(one for one in layout.sheets if one.name == sheet_name)
    asked = {subject_of_label(str(one["field"])) for one in issues if one["severity"] == "human"}
    found: list[Cell] = []
    for position, line in enumerate(raw):
        for column in sheet.columns:
            if column.field in (None, "sequence") or (position and column.field not in _PER_ROW):
                continue
            assert column.field is not None
            text = line[column.index - sheet.first_column]
            name = f"{column.field}#{position}" if position else column.field
            label = f"第{position + 1}行 {column.header}" if position else column.header
            options = options_of(column.field, profile)
            hint = _HINTS.get(column.field, "")
            found.append(Cell(name, label, answers.get(name, text), text, options, hint, column.field in asked))
    for field in (*_MISSABLE, *sorted({one.partition("#")[0] for one in answers})):
        known = {cell.name for cell in found}
        if field in FIELD_LABELS and field not in known and (field in asked or field in answers):
            options = options_of(field, profile)
            found.append(
                Cell(
                    field,
                    FIELD_LABELS[field],
                    answers.get(field, ""),
                    "",
                    options,
                    _HINTS.get(field, ""),
                    field in asked,
                )
            )
    return found


_PER_ROW: Final = ("method", "value", "counterparty", "credit_code", "contract_number", "remark")
_MISSABLE: Final = ("completers", "type", "number", "obtained", "stage", "status", "method", "value", "frequency")
