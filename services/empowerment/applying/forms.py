"""The application form: what the pack asks for, team and conditions by the ledger and the pack."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field

from services.empowerment.applying.rules import MATERIAL, Asked
from services.empowerment.rules import Submission, TeamMember
from shared.forms import Form, OptionalBody, OptionalDay, OptionalShare, plain, read, share_of

Code = Annotated[str, BeforeValidator(plain), Field(max_length=40)]


class BeginForm(Form):
    """选择成果和赋权类型."""

    achievement_id: UUID = Field(title="成果")
    grant_type: Annotated[str, Field(min_length=1, max_length=40)] = Field(title="赋权类型")


class ApplicationForm(Form):
    """赋权申请."""

    representative: UUID = Field(title="代表")
    grant_mode: Code = Field(default="", title="赋权方式")
    explanation: OptionalBody = Field(default="", title="成果说明")
    team_information: OptionalBody = Field(default="", title="团队信息")
    plan: OptionalBody = Field(default="", title="转化方案")
    unit_share: OptionalShare = Field(default=None, title="单位权属比例")
    team_share: OptionalShare = Field(default=None, title="完成人（团队）权属比例")
    co_ownership: Code = Field(default="", title="共有方式")
    term_first_day: OptionalDay = Field(default=None, title="使用期限起始日")
    term_last_day: OptionalDay = Field(default=None, title="使用期限届满日")
    protection_last_day: OptionalDay = Field(default=None, title="法律保护届满日")


def share_words(share: Fraction | None) -> str:
    """A share as its field takes it back, exactly: ``30%`` or ``1/3``."""
    if share is None:
        return ""
    percent = share * 100
    return f"{percent.numerator}%" if percent.denominator == 1 else str(share)


def lists_of(conditions: Sequence[str]) -> list[str]:
    """The fields with several values."""
    return [f"evidence-{code}" for code in conditions]


def values_of(submission: Submission) -> dict[str, Any]:
    """A submission as the form shows it again."""
    values: dict[str, Any] = {
        "representative": str(submission.representative_id or ""),
        "grant_mode": submission.grant_mode or "",
        "explanation": submission.explanation,
        "team_information": submission.team_information,
        "plan": submission.plan,
        "unit_share": share_words(submission.unit_share),
        "team_share": share_words(submission.team_share),
        "co_ownership": submission.co_ownership or "",
        "term_first_day": _day(submission.term_first_day),
        "term_last_day": _day(submission.term_last_day),
        "protection_last_day": _day(submission.protection_last_day),
    }
    values |= {MATERIAL + code: words for code, words in submission.others.items()}
    for one in submission.members:
        values[f"share-{one.person_id}"] = share_words(one.share)
        values[f"confirmed-{one.person_id}"] = "yes" if one.confirmed else ""
    for code, condition in submission.conditions.items():
        values[f"condition-{code}"] = "yes" if condition.get("met") else ""
        values[f"evidence-{code}"] = list(condition.get("evidence") or ())
        values[f"note-{code}"] = condition.get("note") or ""
    return values


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def read_application(
    grant_type: str, values: Mapping[str, Any], team: Sequence[UUID], conditions: Sequence[str], asked: Asked
) -> tuple[Submission | None, dict[str, str]]:
    """The submission, or every error at once; what only the rules can judge is left to them."""
    form, errors = read(ApplicationForm, values)
    errors |= _missing(values, asked, errors)
    members, wrong = _members(values, team)
    errors |= wrong
    if form is None or errors:
        return None, errors
    kind = form.co_ownership or next(iter(asked.shared_as), "by_share")
    others = {one.code: plain(values.get(one.name, ""))[:5000] for one in asked.texts if one.name.startswith(MATERIAL)}
    return (
        Submission(
            grant_type,
            form.representative,
            tuple(members),
            form.explanation,
            form.team_information,
            form.plan,
            {code: _condition(values, code) for code in conditions},
            form.unit_share if asked.shares else None,
            form.team_share if asked.shares else None,
            kind if asked.shares else None,
            form.term_first_day if asked.term else None,
            form.term_last_day if asked.term else None,
            form.protection_last_day if asked.term else None,
            (form.grant_mode or None) if asked.modes else None,
            others,
        ),
        {},
    )


def _members(values: Mapping[str, Any], team: Sequence[UUID]) -> tuple[list[TeamMember], dict[str, str]]:
    members, errors = [], {}
    for person in team:
        try:
            share = share_of(values.get(f"share-{person}", ""))
        except ValueError as wrong:
            errors[f"share-{person}"] = str(wrong)
            share = None
        members.append(TeamMember(person, values.get(f"confirmed-{person}") == "yes", share))
    given = [one for one in members if one.share is not None]
    if given and len(given) < len(members) and not errors:
        blank = next(one for one in members if one.share is None)
        errors[f"share-{blank.person_id}"] = "内部分配比例应当每人都填写，或者都不填写"
    return members, errors


def _missing(values: Mapping[str, Any], asked: Asked, errors: Mapping[str, str]) -> dict[str, str]:
    wanted = {one.name: f"请填写{one.label}" for one in asked.texts if one.required}
    if asked.shares:
        wanted |= {"unit_share": "请填写单位权属比例", "team_share": "请填写完成人（团队）权属比例"}
    if asked.term:
        wanted |= {"term_first_day": "请填写使用期限起始日", "term_last_day": "请填写使用期限届满日"}
    found = {
        name: message
        for name, message in wanted.items()
        if name not in errors and not str(values.get(name, "")).strip()
    }
    if asked.modes and values.get("grant_mode") not in asked.modes:
        found["grant_mode"] = "请选择赋权方式"
    if asked.shares and values.get("co_ownership") and values["co_ownership"] not in asked.shared_as:
        found["co_ownership"] = "请选择条文规定的共有方式"
    return found


def _condition(values: Mapping[str, Any], code: str) -> dict[str, Any]:
    evidence = values.get(f"evidence-{code}", [])
    return {
        "met": values.get(f"condition-{code}") == "yes",
        "evidence": [evidence] if isinstance(evidence, str) else list(evidence),
        "note": plain(values.get(f"note-{code}", ""))[:1000],
    }
