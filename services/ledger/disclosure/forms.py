"""Forms of disclosure: the secret gate before any text, the disclosure itself, what is returned with reasons."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from services.ledger.forms import Name, Optional_, Text, member_of, members_of, parts_of
from shared.forms import Form, Line, OptionalBody, OptionalDay, plain, read

REASON = "reason-"
_TEAM_LIMIT = 500
MORE = "more-"


class GateForm(Form):
    """先回答涉密问题."""

    classified: Literal["no", "yes", "suspected"] = Field(title="涉密问题的回答")
    key_technology: Literal["no", "yes"] = Field(title="关键核心技术问题的回答")


class DisclosureForm(Form):
    """披露职务科技成果."""

    name: Name = Field(title="成果名称")
    type: Line = Field(title="成果类型")
    technical_field: Text = Field(default=None, title="技术领域")
    form: Text = Field(default=None, title="成果形式")
    stage: Optional_ = Field(default=None, title="成果所属阶段")
    market_prospect: Text = Field(default=None, title="市场应用前景")
    funding: Optional_ = Field(default=None, title="经费来源")
    evidence: list[str] = Field(default_factory=list, title="佐证材料")
    evidence_elsewhere: Text = Field(default=None, title="未上传的材料存放何处")
    right_number: Annotated[Annotated[str, Field(max_length=80)] | None, BeforeValidator(plain)] = Field(
        default=None, title="权利号"
    )
    obtained_on: OptionalDay = Field(default=None, title="取得时间")
    college: Annotated[Annotated[str, Field(max_length=80)] | None, BeforeValidator(plain)] = Field(
        default=None, title="所属部门"
    )
    team: OptionalBody = Field(default="", title="完成人（团队）")
    remark: Text = Field(default=None, title="备注")
    more: dict[str, Annotated[str, BeforeValidator(plain), Field(max_length=5000)]] = Field(
        default_factory=dict, title="本省要求的其他栏目"
    )

    @field_validator("evidence", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("team")
    @classmethod
    def _team(cls, value: str) -> str:
        members = members_of(value)
        silent = [name for name, share in members if share is None]
        if 0 < len(silent) < len(members):
            raise ValueError(f"{silent[0]}没有写比例：有一人写明比例的，每个完成人都应写明，合计恰为 100%")
        return value

    def columns(self) -> dict[str, Any]:
        """What of the form is a column of the disclosure; the team is rows of its own."""
        values = self.model_dump(exclude={"team"})
        more = {code: words for code, words in self.more.items() if words}
        return {**{name: value or None for name, value in values.items()}, "more": more or None}


def with_more(values: Mapping[str, Any], codes: Iterable[str]) -> dict[str, Any]:
    """The form's values with the fields that only this province asks for gathered under ``more``."""
    return {**values, "more": {code: str(values.get(MORE + code) or "") for code in codes}}


def draft_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """What can be kept of a half-filled form: texts as typed, cut to what the table holds; a date only when it is one."""
    limits = {"type": 40, "stage": 20, "funding": 20, "right_number": 80, "college": 80}
    kept: dict[str, Any] = {}
    for name in set(DisclosureForm.model_fields) - {"evidence", "obtained_on", "team", "more"}:
        kept[name] = plain(str(values.get(name) or ""))[: limits.get(name, 5000)] or None
    evidence = values.get("evidence") or []
    kept["evidence"] = [evidence] if isinstance(evidence, str) else list(evidence)
    kept["more"] = {code: plain(words)[:5000] for code, words in (values.get("more") or {}).items() if words} or None
    form, _ = read(DisclosureForm, {"name": "-", "type": "-", "obtained_on": values.get("obtained_on") or ""})
    kept["obtained_on"] = form.obtained_on if form is not None else None
    return kept


def draft_team(words: str) -> list[tuple[str, Fraction | None]]:
    """The team of a half-typed form: what cannot stand yet is kept as it was typed, nothing is refused."""
    team: list[tuple[str, Fraction | None]] = []
    for part in parts_of(words)[:_TEAM_LIMIT]:
        try:
            name, share = member_of(part)
        except ValueError:
            name, share = part, None
        team.append((name[:80], share))
    return team


def reasons_of(values: Mapping[str, Any], fields: Iterable[str]) -> dict[str, str]:
    """The reasons of a return by field of the form; the empty field is the disclosure as a whole."""
    found = {
        field: plain(str(values[REASON + field]))[:1000]
        for field in fields
        if plain(str(values.get(REASON + field) or ""))
    }
    whole = plain(str(values.get("reason") or ""))[:1000]
    return {**({"": whole} if whole else {}), **found}
