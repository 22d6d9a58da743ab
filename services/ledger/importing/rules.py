"""What an import must satisfy before it is made; pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, Protocol

from services.ledger.reading.layout import Layout, SheetLayout
from services.ledger.reading.secrecy import marks_secret
from services.ledger.reading.vocabulary import FIELD_LABELS, SEVERAL
from shared.errors import Refusal, RefusalKind, stale

# What an import brings, where the texts say what the ledger holds.
IMPORTED = ("fields.ledger", "ledger")
_EARLIEST = date(1985, 1, 1)
_NAMED = 8


class Touched(Protocol):
    """A registered row that somebody has used since."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def what(self) -> str: ...


def as_of_refusal(as_of: date | None, today: date) -> Refusal | None:
    """The day from which the rows hold must be known, and not lie ahead."""
    if as_of is None:
        return _refusal("as_of_missing", "文件没有写明台账的截止日期，请填写后再确认导入。", as_of=None)
    if as_of > today:
        told = f"台账截止日期 {as_of} 晚于今天，请改为今天或之前的日期。"
        return _refusal("as_of_ahead", told, as_of=as_of, today=today)
    if as_of < _EARLIEST:
        told = f"台账截止日期 {as_of} 过早，请核对年份。"
        return _refusal("as_of_early", told, as_of=as_of, not_before=_EARLIEST)
    return None


def nothing_refusal(valid: int) -> Refusal | None:
    """An import without a single right row is no import."""
    if valid:
        return None
    return _refusal("nothing", "没有可以导入的行。请下载退回的行，按错误原因改正后重新上传。", valid=valid)


def known_refusal(import_id: object, uploader: str | None, state: str, day: date) -> Refusal:
    """The same file was uploaded before: nothing is done twice."""
    told = (
        f"同一文件已由{uploader or '接口'}于 {day} 上传，当前为“{state}”，本次没有重复导入。"
        "如需重新导入修改后的内容，请先保存改动再上传。"
    )
    return _refusal("known", told, kind="state", import_id=str(import_id), uploaded_on=day, state=state)


def unread(code: str, message: str) -> Refusal:
    """A file that is no ledger, or whose ledger cannot be read."""
    return Refusal(code, message, inputs={"finding": message}, articles=IMPORTED)


def no_header(message: str, code: str = "import.no_header") -> Refusal:
    """Without a header nobody knows what the columns are."""
    return Refusal(code, message, inputs={"missing": "表头"}, articles=IMPORTED)


def wrong_columns(wrong: Mapping[str, str]) -> Refusal:
    """A person's choice of fields that cannot be: each by sheet and column."""
    return _refusal("columns", "；".join(wrong.values()), field=list(wrong.values()))


def _refusal(code: str, message: str, *, kind: RefusalKind = "rule", **inputs: Any) -> Refusal:
    """What is imported is what the text has the ledger hold."""
    return Refusal(f"import.{code}", message, kind=kind, inputs=inputs, articles=IMPORTED)


def heading_of(sheet: SheetLayout) -> str:
    """What a sheet's columns are recognised by next time: SHA-256 over its headings in order."""
    return sha256("\x1f".join(column.header for column in sheet.columns).encode()).hexdigest()


def fields_of(sheet: SheetLayout) -> dict[str, str | None]:
    """Column letter to the field it was read as."""
    return {column.letter: column.field for column in sheet.columns}


def said_of(corrections: Mapping[str, Any] | None, sheet: str) -> dict[str, Any] | None:
    """What a person said of one sheet, as it is remembered for its headings; ``header``: of how many rows he named it."""
    columns, unit, rows = ((corrections or {}).get(part, {}).get(sheet) for part in ("columns", "units", "headers"))
    if not (columns or unit or rows):
        return None
    return {"columns": columns or {}, "unit": unit, **({"header": len(rows)} if rows else {})}


def header_error(rows: Sequence[int], last: int) -> str | None:
    """What is wrong with the rows that a person names as a header: none, one or two, one below the other."""
    if len(rows) > 2 or any(not 1 <= row <= last for row in rows):
        return f"表头请选第 1 至 {last} 行中的一行或相邻两行"
    return "两行的表头应当相邻" if len(rows) == 2 and rows[1] != rows[0] + 1 else None


def mapping_errors(layout: Layout, chosen: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """What is wrong with a person's choice of fields, by sheet index and letter (``c-0-B``): all at once.

    Every sheet needs one name column, no field may stand twice, and a column of 密级 stays one: it is what the search for
    classified rows rests on.
    """
    errors: dict[str, str] = {}
    for sheet in ledger_sheets(layout):
        fields = {
            column.letter: chosen.get(sheet.name, {}).get(column.letter, column.field or "") for column in sheet.columns
        }
        for column in sheet.columns:
            key, field = f"c-{sheet.index}-{column.letter}", fields[column.letter]
            same = [letter for letter, other in fields.items() if field and other == field]
            if field and field not in FIELD_LABELS:
                errors[key] = f"请选择“{sheet.name}”{column.letter} 列的含义"
            elif column.field == "secrecy" and field != "secrecy":
                errors[key] = f"“{sheet.name}”{column.letter} 列是密级，用于排除涉密行，不能改作其他含义"
            elif len(same) > 1 and same[0] != column.letter and field not in SEVERAL:
                errors[key] = (
                    f"“{sheet.name}”{same[0]} 列和 {column.letter} 列都选了“{FIELD_LABELS[field]}”，只能有一列"
                )
        if "name" not in fields.values() and sheet.columns:
            errors[f"c-{sheet.index}-{sheet.columns[0].letter}"] = f"“{sheet.name}”必须有一列是成果名称"
    return errors


def ledger_sheets(layout: Layout) -> Sequence[SheetLayout]:
    """The sheets that are imported."""
    return [sheet for sheet in layout.sheets if sheet.role == "ledger"]


def changed_columns(sheet: SheetLayout, before: Mapping[str, str | None]) -> list[str]:
    """Letters of the columns that are read otherwise than last time."""
    return [letter for letter, field in fields_of(sheet).items() if letter in before and before[letter] != field]


def touched_refusal(touched: Sequence[Touched]) -> Refusal | None:
    """An import can be undone while nobody has used its rows; who has is told by number."""
    if not touched:
        return None
    named = "；".join(f"{one.code}《{one.name}》{one.what}" for one in touched[:_NAMED])
    more = " 等" if len(touched) > _NAMED else ""
    message = f"该次导入的成果已有后续办理，不能整体撤销：{named}{more}。未使用的行可以在台账中逐项撤销。"
    return _refusal("touched", message, kind="state", rows=[one.code for one in touched])


def secret_answer(answers: Mapping[str, str]) -> Refusal | None:
    """What somebody types may not say that the row is classified; the refusal repeats nothing of it."""
    if not any(marks_secret(subject.partition("#")[0], value) for subject, value in answers.items()):
        return None
    return Refusal(
        "import.answer_secret",
        "答复中有涉密标记，内容没有保存。涉密成果不得进入本系统：请选择“该行涉密”清除该行内容，并按本单位保密规定在系统外办理。",
        inputs={"finding": "有涉密标记"},
        articles=("secret",),
    )


def secret_reason(reason: str) -> Refusal | None:
    """A reason may not say what is classified either."""
    if not marks_secret(None, reason):
        return None
    told = "理由中有涉密标记，内容没有保存；请只写办理的原因。"
    return Refusal("import.reason_secret", told, inputs={"finding": "有涉密标记"}, articles=("secret",))


def pending_refusal(pending: bool) -> Refusal | None:
    """Answers that are still being checked must be done with before the import is made."""
    if not pending:
        return None
    return stale("已答复的行正在重新核对，请稍候再确认导入", *IMPORTED, state="重新核对中")
