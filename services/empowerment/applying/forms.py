"""The application form: fixed fields by model, team and conditions by the ledger and the pack."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from services.empowerment.rules import Submission, TeamMember
from shared.forms import Body, Form, OptionalDay, OptionalShare, plain, read, share_of

GrantType = Literal["ownership", "use_right"]


class BeginForm(Form):
    """选择成果和赋权类型."""

    achievement_id: UUID = Field(title="成果")
    grant_type: GrantType = Field(title="赋权类型")


class ApplicationForm(Form):
    """赋权申请."""

    representative: UUID = Field(title="代表")
    explanation: Body = Field(title="成果说明")
    team_information: Body = Field(title="团队信息")
    plan: Body = Field(title="转化方案")
    unit_share: OptionalShare = Field(default=None, title="单位权属比例")
    team_share: OptionalShare = Field(default=None, title="完成人（团队）权属比例")
    co_ownership: Literal["by_share", "joint", ""] = Field(default="", title="共有方式")
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
    grant_type: str, values: Mapping[str, Any], team: Sequence[UUID], conditions: Sequence[str]
) -> tuple[Submission | None, dict[str, str]]:
    """The submission, or every error at once; what only the rules can judge is left to them."""
    form, errors = read(ApplicationForm, values)
    errors |= _missing(grant_type, values, errors)
    members = []
    for person in team:
        try:
            share = share_of(values.get(f"share-{person}", ""))
        except ValueError as wrong:
            errors[f"share-{person}"] = str(wrong)
            share = None
        members.append(TeamMember(person, values.get(f"confirmed-{person}") == "yes", share))
    given = [one for one in members if one.share is not None]
    if given and len(given) < len(members) and not any(name.startswith("share-") for name in errors):
        blank = next(one for one in members if one.share is None)
        errors[f"share-{blank.person_id}"] = "内部分配比例应当每人都填写，或者都不填写"
    if form is None or errors:
        return None, errors
    ownership = grant_type == "ownership"
    return (
        Submission(
            grant_type,
            form.representative,
            tuple(members),
            form.explanation,
            form.team_information,
            form.plan,
            {code: _condition(values, code) for code in conditions},
            form.unit_share if ownership else None,
            form.team_share if ownership else None,
            (form.co_ownership or "by_share") if ownership else None,
            None if ownership else form.term_first_day,
            None if ownership else form.term_last_day,
            None if ownership else form.protection_last_day,
        ),
        {},
    )


def _missing(grant_type: str, values: Mapping[str, Any], errors: Mapping[str, str]) -> dict[str, str]:
    wanted = (
        {"unit_share": "请填写单位权属比例", "team_share": "请填写完成人（团队）权属比例"}
        if grant_type == "ownership"
        else {"term_first_day": "请填写使用期限起始日", "term_last_day": "请填写使用期限届满日"}
    )
    return {
        name: message
        for name, message in wanted.items()
        if name not in errors and not str(values.get(name, "")).strip()
    }


def _condition(values: Mapping[str, Any], code: str) -> dict[str, Any]:
    evidence = values.get(f"evidence-{code}", [])
    return {
        "met": values.get(f"condition-{code}") == "yes",
        "evidence": [evidence] if isinstance(evidence, str) else list(evidence),
        "note": plain(values.get(f"note-{code}", ""))[:1000],
    }
