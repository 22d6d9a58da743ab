"""From a record as read to what is staged of it: the entry for the ledger, or the raw cells and what is asked."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from services.ledger.entry import FIELDS, Completer, Deal, Entry, Right, name_key, right_number, sort_key
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
_APPLICATION: Final = "patent_application"
# What the ledger's columns hold at the most, by the clerk's word for them.
_COLLEGE, _PERSON, _COUNTERPARTY, _CONTRACT, _NUMBER, _CREDIT_CODE = 80, 80, 200, 80, 80, 18
_COLLEGE_SHEET = re.compile(r".{2,40}(?:学院|研究院|研究所|学部|医院|实验室|系|中心)")
_CONVERSIONS_AT_MOST: Final = 10_000
# Further columns about people (contacts, phones) stay in the kept workbook: names stand in one table only.
_PERSONAL: Final = ("联系", "负责人", "电话", "手机", "邮箱", "身份证", "填表人", "经办", "姓名", "邮件")


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


class Stager:
    """Makes staged rows of one import's records. Pure: the same record gives the same row but for its id."""

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

    def row(self, ordinal: int, record: Record) -> StagedRow:
        """What is kept of a record; of a classified one nothing but its place and why."""
        if record.disposition is Disposition.VALID:
            entry = self.entry(record)
            completed = complete(entry, self._pack, self._today) if entry else None
            asked = _asked(completed) if completed else [_unknown_code(record)]
            if not asked and completed is not None:
                return self._valid(ordinal, record, completed.entry)
            record.issues.extend(asked)
            record.disposition = Disposition.HUMAN
        return StagedRow(
            ordinal, _plain(record.sheet), record.row, _several(record), STAGED[record.disposition], None, None, None, None,
            None if record.secret else _json([[_cell(value) for value in row] for row in record.raw]),
            _issues(record.issues),
        )  # fmt: skip

    def _valid(self, ordinal: int, record: Record, entry: Entry) -> StagedRow:
        values = {name: getattr(entry, name) for name in FIELDS}
        values["sort_key"] = sort_key(entry.name)
        values["team"] = [{"name": member.name} for member in entry.team]
        values["rights"] = [right.as_json() for right in entry.rights]
        values["deals"] = [deal.as_json() for deal in entry.deals]
        return StagedRow(
            ordinal, _plain(record.sheet), record.row, _several(record), "valid", new_id(), name_key(entry.name),
            [right.number for right in entry.rights] or None, _json(values), None, _issues(record.issues),
        )  # fmt: skip

    def entry(self, record: Record) -> Entry | None:
        """The record in the ledger's own codes; None where the pack has no code for one of its labels."""
        profile = self._profile
        kind, status = self._types.get(record.type or ""), profile.status_codes.get(record.status or "")
        if kind is None or status is None or not record.name:
            return None
        day, precision = _obtained(record.obtained)
        granted = kind.granted if kind.granted is not None else kind.concept != _APPLICATION
        return Entry(
            name=_plain(record.name),
            type=kind.code,
            status=status,
            team=tuple(Completer(name=_plain(name)) for name in dict.fromkeys(record.completers)),
            rights=self._rights(record, kind.code, "granted" if granted else "applied"),
            deals=self._deals(record, status),
            right_category=record.patent_kind,
            obtained_on=day,
            obtained_precision=precision,
            stage_declared=profile.stage_codes.get(record.stage or ""),
            mode=profile.method_codes.get(record.method or ""),
            value=record.value,
            conversions=record.frequency or len(record.conversions),
            college=record.department or _college(record.sheet),
            remark=record.remark,
            extra=_extra(record, status),
        )

    def _rights(self, record: Record, kind: str, status: str) -> tuple[Right, ...]:
        numbers = [number for number in (record.number, *record.more_numbers) if number]
        offset = self._number_offsets.get(record.sheet)
        raw = cell_text(record.raw[0][offset]) if offset is not None and len(numbers) == 1 and record.raw else None
        canonical = dict.fromkeys(right_number(number) for number in numbers)
        return tuple(Right(number, kind, raw or None, record.patent_kind, status) for number in canonical)

    def _deals(self, record: Record, status: str) -> tuple[Deal, ...]:
        if record.conversions:
            return tuple(self._deal(one, one.amount) for one in record.conversions)
        known = record.counterparty or record.contract_number or record.credit_code
        if status != _CONVERTED or not known:
            return ()
        # The sum of several conversions is no one contract's amount.
        return (self._deal(record, record.value if record.frequency in (None, 1) else None),)

    def _deal(self, one: Conversion | Record, amount: Decimal | None) -> Deal:
        return Deal(
            mode=self._profile.method_codes.get(one.method or ""),
            counterparty=one.counterparty,
            credit_code=one.credit_code,
            contract_number=one.contract_number,
            amount=amount,
            remark=one.remark if isinstance(one, Conversion) else None,
        )


def too_long(entry: Entry) -> list[Issue]:
    """What would not fit into the ledger's columns: a question for each, nothing is cut."""
    found = [
        ("所属部门", len(entry.college or "") > _COLLEGE),
        ("完成人（团队）", any(len(member.name) > _PERSON for member in entry.team)),
        ("权利号", any(len(right.number) > _NUMBER for right in entry.rights)),
        ("受让方", any(len(deal.counterparty or "") > _COUNTERPARTY for deal in entry.deals)),
        ("合同编号", any(len(deal.contract_number or "") > _CONTRACT for deal in entry.deals)),
        ("信用代码", any(len(deal.credit_code or "") > _CREDIT_CODE for deal in entry.deals)),
        ("转化频次", entry.conversions > _CONVERSIONS_AT_MOST),
    ]
    return [Issue(Severity.HUMAN, "text_too_long", field, "") for field, wrong in found if wrong]


def _asked(completed: Completed) -> list[Issue]:
    refusal = completed.refusal
    against = [Issue(Severity.HUMAN, "against_rules", refusal.message.rstrip("。"), "")] if refusal else []
    return [*too_long(completed.entry), *against]


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
        _DISPOSITION[disposition],
        msgspec.convert(issues or [], list[Issue]),
        raw=[[cell_of(value) for value in row] for row in raw or []],
    )
