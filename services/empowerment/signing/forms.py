"""Forms of the agreement and of the formalities; clauses and papers come by the pack."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

from pydantic import Field

from services.empowerment.rules import Terms
from services.empowerment.signing.workflow import Agreement, Handled
from shared.forms import Form, OptionalDay, OptionalShare, plain, read


class AgreementForm(Form):
    """签署协议."""

    signed_on: date = Field(title="签署日期")
    effective_on: date = Field(title="生效日期")
    unit_share: OptionalShare = Field(default=None, title="单位权属比例")
    team_share: OptionalShare = Field(default=None, title="完成人（团队）权属比例")
    term_first_day: OptionalDay = Field(default=None, title="使用期限起始日")
    term_last_day: OptionalDay = Field(default=None, title="使用期限届满日")
    opinions_heard: Literal["yes", ""] = Field(default="", title="听取意见")


def read_agreement(
    values: Mapping[str, Any], clauses: Sequence[str], applied: Terms, today: date
) -> tuple[Agreement | None, dict[str, str]]:
    """The agreement, or every error at once; missing clauses are the rules' to refuse, with their article."""
    form, errors = read(AgreementForm, values)
    if form is not None and form.signed_on > today:
        errors["signed_on"] = "签署日期不能晚于今天"
    if form is not None and form.effective_on < form.signed_on:
        errors["effective_on"] = "生效日期不能早于签署日期"
    if form is None or errors:
        return None, errors
    texts = {code: plain(values.get(f"clause-{code}", ""))[:5000] for code in clauses}
    terms = Terms(
        form.unit_share if form.unit_share is not None else applied.unit_share,
        form.team_share if form.team_share is not None else applied.team_share,
        applied.co_ownership,
        form.term_first_day or applied.term_first_day,
        form.term_last_day or applied.term_last_day,
        applied.protection_last_day,
    )
    heard = True if form.opinions_heard == "yes" else None
    return Agreement(form.signed_on, form.effective_on, texts, terms, heard), {}


class FormalityForm(Form):
    """One formality: what proves it, and the day on which it was handled."""

    done_on: date = Field(title="办理日期")


def read_formalities(
    values: Mapping[str, Any], codes: Sequence[str], today: date
) -> tuple[list[Handled], dict[str, str]]:
    """What was handled; a paper without its day, or a day still to come, is an error."""
    handled, errors = [], {}
    for code in codes:
        evidence = plain(values.get(f"evidence-{code}", ""))[:500]
        if not evidence:
            continue
        form, wrong = read(FormalityForm, {"done_on": values.get(f"done_on-{code}", "")})
        if form is None:
            errors[f"done_on-{code}"] = wrong["done_on"]
        elif form.done_on > today:
            errors[f"done_on-{code}"] = "办理日期不能晚于今天"
        else:
            handled.append(Handled(code, evidence, form.done_on))
    return handled, errors
