"""From a record as read to what is staged of it: the entry for the ledger, or the raw cells and what is asked."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from msgspec import structs

from services.ledger.entry import Completer, Deal, Entry, Right, name_key, right_number, sort_key
from services.ledger.initials import initials_of
from services.ledger.reading.layout import Layout
from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.records import Conversion, Disposition, Issue, Record, Severity
from services.ledger.reading.text import cell_text
from services.ledger.rules import Completed, complete
from shared.db.serialising import dump_json, load_json
from shared.ids import new_id
from shared.policy.pack import Pack

STAGED: Final = {Disposition.VALID: "valid", Disposition.HUMAN: "question", Disposition.REFUSED: "refused"}
_DISPOSITION: Final = {code: disposition for disposition, code in STAGED.items()}
_CONVERTED: Final = "converted"
_DERIVED: Final = ("type_group", "stage_recognised", "stage_since", "value_kind")
_APPLICATION: Final = "patent_application"
# What the ledger's columns hold at the most, by the clerk's word for them.
_COLLEGE, _PERSON, _COUNTERPARTY, _CONTRACT, _NUMBER, _CREDIT_CODE = 80, 80, 200, 80, 80, 18
# A patent's number as reading gives it needs no second look.
_PATENT = re.compile(r"\d{8,12}\.[\dX]")
_COLLEGE_SHEET = re.compile(r".{2,40}(?:学院|研究院|研究所|学部|医院|实验室|系|中心)")
_CONVERSIONS_AT_MOST: Final = 10_000
# Further columns about people (contacts, phones) stay in the kept workbook: names stand in one table only.
# What is asked of a whole column, whatever its cells say.
OF_THE_COLUMN: Final = frozenset({"amount_unit_unknown", "amount_suspect_unit"})
# How a row repeats an earlier one: each kind is asked by itself.
REPEATED: Final = {
    "same_name_same_number": "名称和编号都与前面的行相同",
    "same_name_other_number": "名称与前面的行相同，编号不同",
    "same_number_other_name": "编号与前面的行相同，名称不同",
    "repeated_conversion": "与前面的行是同一成果，合同不同",
}
_SAID_SHOWN: Final = 80
_PERSONAL: Final = (
    "完成人",
    "发明人",
    "设计人",
    "作者",
    "人员",
    "联系",
    "负责人",
    "电话",
    "手机",
    "邮箱",
    "身份证",
    "填表人",
    "经办",
    "姓名",
    "邮件",
)


class StagedRow(NamedTuple):
    """One row of ``ledger_import_row`` in the order of its columns, without tenant and import."""

    ordinal: int
    sheet: str
    first_row: int
    sheet_rows: list[int] | None
    disposition: str
    achievement_id: UUID | None
    name_key: str | None
    numbers: list[str] | None
    entry: str | None
    raw: str | None
    issues: str | None
    block_total: bool


class Follows(NamedTuple):
    """What the rules make of all records of one kind: derived values, whether conversions are counted, what is asked."""

    values: Mapping[str, Any]
    counted: bool
    asked: tuple[Issue, ...]


class Stager:
    """Makes staged rows of one import's records. Pure: the same record gives the same row but for its id.

    Rules are asked once per kind of record (type, status, mode, stage, what is given), not once per record.
    """

    def __init__(self, profile: LedgerProfile, layout: Layout, pack: Pack, today: date) -> None:
        self._profile = profile
        self._pack = pack
        self._today = today
        self._types = {f"{one.group_label}/{one.label}" if one.group_label else one.label: one for one in profile.types}
        self._number_offsets = {
            sheet.name: column.index - sheet.first_column
            for sheet in layout.sheets
            if (column := sheet.column_of("number")) is not None
        }
        # By the field, since a row below a further header is kept with its cells where the first header has them.
        self._places: dict[tuple[str, str], list[tuple[str, int]]] = {}
        for sheet in layout.sheets:
            for column in sheet.columns:
                if column.field:
                    place = (column.letter, column.index - sheet.first_column)
                    self._places.setdefault((sheet.name, column.label), []).append(place)
        self._follows: dict[tuple[Any, ...], Follows] = {}

    def row(self, ordinal: int, record: Record) -> StagedRow:
        """What is kept of a record; of a classified one nothing but its place and why."""
        if record.disposition is Disposition.VALID:
            values = self.values(record)
            follows = self._rules(values) if values else None
            asked = [*too_long(values), *follows.asked] if values and follows else [_unknown_code(record)]
            if not asked and values and follows:
                return self._valid(ordinal, record, values, follows)
            record.issues.extend(asked)
            record.disposition = Disposition.HUMAN
        if record.secret:
            return StagedRow(
                ordinal, _plain(record.sheet), record.row, _several(record), STAGED[record.disposition], None, None, None,
                None, None, _issues(record.issues), False,
            )  # fmt: skip
        issues = [self._with_cell(record, one) if one.severity is Severity.HUMAN else one for one in record.issues]
        doubted = any(issue.code.startswith("number_") for issue in issues if issue.severity is not Severity.WARN)
        numbers = [] if doubted else [right["number"] for right in self._rights(record, "", "")]
        return StagedRow(
            ordinal, _plain(record.sheet), record.row, _several(record), STAGED[record.disposition], None,
            name_key(_plain(record.name)) if record.name else None, numbers or None, None,
            _json([[_cell(value) for value in row] for row in record.raw]), _issues(issues), record.merged_total,
        )  # fmt: skip

    def _with_cell(self, record: Record, issue: Issue) -> Issue:
        """The issue with what its cell says, so that rows which ask the same can be answered together."""
        if issue.code in OF_THE_COLUMN:
            return structs.replace(issue, said=f"“{record.sheet}”{issue.column}列")
        if issue.kind in REPEATED:
            return structs.replace(issue, said=REPEATED[issue.kind])
        places = self._places.get((record.sheet, issue.field))
        if places is None or not issue.column or issue.of is not None or not record.raw:
            return issue
        offset = next((place for letter, place in places if letter == issue.column), places[0][1])
        said = " ".join(cell_text(record.raw[0][offset]).split())
        return structs.replace(issue, said=_plain(said[:_SAID_SHOWN]))

    def followed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """An entry's values with what the rules derive from them, as they are staged."""
        follows = self._rules({name: value for name, value in values.items() if name not in _DERIVED})
        return {**values, **follows.values, "conversions": values["conversions"] if follows.counted else 0}

    def _valid(self, ordinal: int, record: Record, values: dict[str, Any], follows: Follows) -> StagedRow:
        if not follows.counted:
            values["conversions"] = 0
        values.update(follows.values)
        name, numbers = values["name"], [right["number"] for right in values["rights"]]
        values["sort_key"], values["initials"] = sort_key(name), initials_of(name)
        return StagedRow(
            ordinal, _plain(record.sheet), record.row, _several(record), "valid", new_id(), name_key(name),
            numbers or None, _json(values), None, _issues(record.issues), record.merged_total,
        )  # fmt: skip

    def _rules(self, values: Mapping[str, Any]) -> Follows:
        value, conversions = values["value"], values["conversions"]
        kind = (
            values["type"], values["status"], values["mode"], values["stage_declared"],
            None if value is None else value > 0, conversions > 0, bool(values["team"]), values["obtained_on"] is None,
        )  # fmt: skip
        known = self._follows.get(kind)
        if known is None:
            known = self._follows[kind] = follows_of(complete(_entry(values), self._pack, self._today), conversions)
        return known

    def values(self, record: Record) -> dict[str, Any] | None:
        """The record in the ledger's own fields and codes; None where the pack has no code for one of its labels."""
        profile = self._profile
        kind, status = self._types.get(record.type or ""), profile.status_codes.get(record.status or "")
        if kind is None or status is None or not record.name:
            return None
        day, precision = _obtained(record.obtained)
        granted = kind.granted if kind.granted is not None else kind.concept != _APPLICATION
        return {
            "name": _plain(record.name),
            "type": kind.code,
            "status": status,
            "team": [{"name": name} for name in dict.fromkeys(record.completers)],
            "rights": self._rights(record, kind.code, "granted" if granted else "applied"),
            "deals": self._deals(record, status),
            "right_category": record.patent_kind,
            "obtained_on": day,
            "obtained_precision": precision,
            "stage_declared": profile.stage_codes.get(record.stage or ""),
            "mode": profile.method_codes.get(record.method or ""),
            "value": record.value,
            "conversions": record.frequency or len(record.conversions),
            "college": record.department or _college(record.sheet),
            "core_technology": False,
            "remark": record.remark,
            "extra": _extra(record, status),
        }

    def _rights(self, record: Record, kind: str, status: str) -> list[dict[str, Any]]:
        if not record.number:
            return []
        numbers = dict.fromkeys(
            number if _PATENT.fullmatch(number) else right_number(number)
            for number in (record.number, *record.more_numbers)
            if number
        )
        offset = self._number_offsets.get(record.sheet)
        raw = cell_text(record.raw[0][offset]) if offset is not None and len(numbers) == 1 and record.raw else None
        return [
            {
                "number": number,
                "kind": kind,
                "raw": raw or None,
                "category": record.patent_kind,
                "status": status,
                "applied_on": None,
                "granted_on": None,
                "expires_on": None,
            }
            for number in numbers
        ]

    def _deals(self, record: Record, status: str) -> list[dict[str, Any]]:
        if record.conversions:
            return [self._deal(one, one.amount) for one in record.conversions]
        known = record.counterparty or record.contract_number or record.credit_code
        if status != _CONVERTED or not known:
            return []
        # The sum of several conversions is no one contract's amount.
        return [self._deal(record, record.value if record.frequency in (None, 1) else None)]

    def _deal(self, one: Conversion | Record, amount: Decimal | None) -> dict[str, Any]:
        return {
            "mode": self._profile.method_codes.get(one.method or ""),
            "counterparty": one.counterparty,
            "credit_code": one.credit_code,
            "contract_number": one.contract_number,
            "amount": amount,
            "remark": one.remark if isinstance(one, Conversion) else None,
        }


def follows_of(completed: Completed, conversions: int) -> Follows:
    """What of a completed entry holds for every record of its kind."""
    entry, refusal = completed.entry, completed.refusal
    derived = {name: getattr(entry, name) for name in _DERIVED}
    asked = (Issue(Severity.HUMAN, "against_rules", refusal.message.rstrip("。"), ""),) if refusal else ()
    return Follows(derived, entry.conversions == conversions, asked)


def _entry(values: Mapping[str, Any]) -> Entry:
    team = tuple(Completer(**member) for member in values["team"])
    deals = tuple(Deal(**deal) for deal in values["deals"])
    rights = tuple(Right(**right) for right in values["rights"])
    return Entry(**{**values, "team": team, "rights": rights, "deals": deals})


def too_long(values: Mapping[str, Any]) -> list[Issue]:
    """What would not fit into the ledger's columns: a question for each, nothing is cut."""
    deals = values["deals"]
    found = [
        ("所属部门", len(values["college"] or "") > _COLLEGE),
        ("完成人（团队）", _longest(values["team"], "name") > _PERSON),
        ("权利号", _longest(values["rights"], "number") > _NUMBER),
        ("受让方", _longest(deals, "counterparty") > _COUNTERPARTY),
        ("合同编号", _longest(deals, "contract_number") > _CONTRACT),
        ("信用代码", _longest(deals, "credit_code") > _CREDIT_CODE),
        ("转化频次", values["conversions"] > _CONVERSIONS_AT_MOST),
    ]
    return [Issue(Severity.HUMAN, "text_too_long", field, "") for field, wrong in found if wrong]


def _longest(parts: Sequence[Mapping[str, Any]], name: str) -> int:
    return max([len(part[name] or "") for part in parts], default=0)


def _unknown_code(record: Record) -> Issue:
    return Issue(Severity.HUMAN, "against_rules", record.type or record.status or "成果类型", "")


def _college(sheet: str) -> str | None:
    """Clerks keep a sheet per college: its name is then the department of its rows."""
    return _plain(sheet) if _COLLEGE_SHEET.fullmatch(sheet) else None


def _obtained(iso: str | None) -> tuple[date | None, str | None]:
    if not iso:
        return None, None
    return (date.fromisoformat(f"{iso}-01"), "month") if len(iso) == 7 else (date.fromisoformat(iso), "day")


def _extra(record: Record, status: str) -> Mapping[str, Any] | None:
    extra = {key: value for key, value in record.more.items() if value and not any(word in key for word in _PERSONAL)}
    if record.certificate_number:
        extra["证书号"] = record.certificate_number
    if status != _CONVERTED and record.counterparty:
        extra["意向受让方"] = record.counterparty
    return extra or None


def _several(record: Record) -> list[int] | None:
    return list(record.rows) if len(record.rows) > 1 else None


def _issues(issues: Sequence[Issue]) -> str | None:
    return _json(issues) if issues else None


def _plain(text: str) -> str:
    """PostgreSQL stores no NUL, which a workbook may hold as an escape."""
    return text.replace("\x00", "") if "\x00" in text else text


def _json(value: Any) -> str:
    encoded = dump_json(value)
    return dump_json(_without_nul(load_json(encoded))) if "\\u0000" in encoded else encoded


def storable(value: Any) -> Any:
    """Structs as plain values that a jsonb column holds."""
    return load_json(_json(value))


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return _plain(value)
    if isinstance(value, list):
        return [_without_nul(one) for one in value]
    return {_plain(key): _without_nul(one) for key, one in value.items()} if isinstance(value, dict) else value


def _cell(value: Any) -> Any:
    """A cell as JSON: text, numbers and yes/no as they are, days and times as {kind: text}."""
    if isinstance(value, (str, int, float)):
        return value
    if isinstance(value, timedelta):
        return {"seconds": value.total_seconds()}
    return {{datetime: "moment", date: "day", time: "time"}[type(value)]: value.isoformat()}


_FROM_JSON: Mapping[str, Callable[[Any], Any]] = {
    "seconds": lambda seconds: timedelta(seconds=seconds),
    "moment": datetime.fromisoformat,
    "day": date.fromisoformat,
    "time": time.fromisoformat,
}


def cell_of(value: Any) -> Any:
    """The cell again that was staged as JSON."""
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        return _FROM_JSON[kind](text)
    return value


def record_of(
    sheet: str, first_row: int, sheet_rows: Iterable[int] | None, disposition: str, raw: Any, issues: Any
) -> Record:
    """A held record again, with what giving it back needs: its place, its raw cells, its issues."""
    return Record(
        sheet,
        first_row,
        tuple(sheet_rows or (first_row,)),
        _DISPOSITION.get(disposition, Disposition.HUMAN),
        msgspec.convert(issues or [], list[Issue]),
        raw=[[cell_of(value) for value in row] for row in raw or []],
    )
