"""The ledger kept apart: vocabularies, fields, disclosure, stage, value, and the gate before classified content."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from shared.policy.entry import Evidence, FormField, Item
from shared.policy.inquiry import Decide, Inquiry

NAMES = {
    "types": "achievement_type",
    "groups": "achievement_group",
    "stages": "stage",
    "statuses": "status",
    "modes": "mode",
}


def enumerations(inquiry: Inquiry) -> None:
    """Types with their groups, stages, statuses and modes: code, label, group, national code, citation."""
    for key, name in NAMES.items():
        inquiry.values[key] = [
            _item(inquiry, f"enumerations.{name}.{code}", code, item)
            for code, item in inquiry.pack.enumeration(name).items()
        ]


def _item(inquiry: Inquiry, path: str, code: str, item: Item) -> dict[str, Any]:
    return {
        "code": code,
        "label": item.label,
        "group": item.group,
        "national": item.national,
        "sub_labels": list(item.sub_labels),
        "citation": inquiry.pack.citation(path),
    }


def code_known(inquiry: Inquiry) -> None:
    """Whether a code of an enumeration exists here; refused with the list where it does not."""
    name, code = inquiry.facts.text("enumeration"), inquiry.facts.text("code")
    items = inquiry.pack.enumeration(name)
    inquiry.values["national"] = items[code].national if code in items else None
    if code not in items:
        labels = "、".join(item.label for item in items.values())
        inquiry.refuse(
            "enumeration.unknown_code",
            f"只有下列各项：{labels}。",
            f"enumerations.{name}",
            inputs=("enumeration", "code"),
        )


def ledger_fields(inquiry: Inquiry) -> None:
    """The fields of a ledger row, in the order of the text."""
    inquiry.values["fields"] = _fields(inquiry, "ledger")


def disclosure_fields(inquiry: Inquiry) -> None:
    """The fields of a disclosure; missing ones are refused where `provided` is given."""
    inquiry.values["fields"] = _fields(inquiry, "disclosure")
    if "provided" not in inquiry.facts:
        return
    provided = inquiry.facts.part("provided")
    for field in inquiry.values["fields"]:
        if field["required"] and provided.raw(field["code"], None) in (None, ""):
            inquiry.refuse(
                f"disclosure.missing.{field['code']}",
                f"披露内容缺少：{field['label']}。",
                f"fields.disclosure.{field['code']}",
                inputs=("provided",),
                would_change=f"填写{field['label']}",
                modality=inquiry.content.fields["disclosure"][field["code"]].modality,
            )


def _fields(inquiry: Inquiry, form: str) -> list[dict[str, Any]]:
    return [
        {
            "code": code,
            "label": field.label,
            "required": field.required and _applies(inquiry, field),
            "note": field.note,
            "citation": inquiry.pack.citation(f"fields.{form}.{code}"),
        }
        for code, field in inquiry.content.fields.get(form, {}).items()
        if field.shown
    ]


def _applies(inquiry: Inquiry, rule: FormField | Evidence) -> bool:
    """Whether an entry with `unit_kinds`, `funding` or `when` is due under the facts; empty means always."""
    facts = inquiry.facts
    if rule.unit_kinds and facts.raw("unit_kind", None) not in rule.unit_kinds:
        return False
    if rule.funding and facts.raw("funding", None) not in rule.funding:
        return False
    return not rule.when or bool(set(rule.when) & facts.codes("circumstances"))


def disclosure_evidence(inquiry: Inquiry) -> None:
    """Which papers prove a disclosure of this funding, type and group; missing ones where `provided` is given."""
    facts, due = inquiry.facts, []
    for code, paper in inquiry.content.evidence.get("disclosure", {}).items():
        by_type = not paper.types or facts.raw("achievement_type", None) in paper.types
        by_group = not paper.groups or _group(inquiry) in paper.groups
        if _applies(inquiry, paper) and by_type and by_group:
            due.append((code, paper))
    inquiry.values["evidence"] = [
        {
            "code": code,
            "label": paper.label,
            "required": paper.required,
            "any_of": [{"code": one, "label": inquiry.pack.label("evidence", one)} for one in paper.any_of],
            "citation": inquiry.pack.citation(f"evidence.disclosure.{code}"),
        }
        for code, paper in due
    ]
    if "provided" not in facts:
        return
    _stated(inquiry)
    given = facts.codes("provided")
    for code, paper in due:
        if paper.required and not given & {code, *paper.any_of}:
            names = "或".join(inquiry.pack.label("evidence", one) for one in paper.any_of) or paper.label
            inquiry.refuse(
                f"disclosure.no_evidence.{code}",
                f"{paper.label}：需提交{names}。",
                f"evidence.disclosure.{code}",
                inputs=("provided", "funding"),
                would_change=f"提交{names}",
                modality=paper.modality,
            )


def _stated(inquiry: Inquiry) -> None:
    """What the evidence depends on is said: a funding or a type that is left out would escape the text."""
    told = {
        "funding": ("disclosure.funding_unstated", "须写明经费来源：佐证材料按经费来源提交。", "写明经费来源"),
        "achievement_type": ("disclosure.type_unstated", "须写明成果类型：佐证材料按成果类型提交。", "写明成果类型"),
    }
    for code, paper in inquiry.content.evidence.get("disclosure", {}).items():
        due = {"funding": paper.funding, "achievement_type": paper.types or paper.groups}
        for fact in [one for one in told if due[one] and not inquiry.facts.raw(one, None)]:
            finding, message, change = told.pop(fact)
            path = f"evidence.disclosure.{code}"
            inquiry.refuse(
                finding, message, path, inputs=(fact, "provided"), would_change=change, modality=paper.modality
            )


def _group(inquiry: Inquiry) -> str | None:
    given: str | None = inquiry.facts.raw("achievement_group", None)
    item = inquiry.pack.enumeration("achievement_type").get(inquiry.facts.raw("achievement_type", ""))
    return given or (item.group if item else None)


def stage(inquiry: Inquiry) -> None:
    """The stage that is recognised, from dated criteria and evidence; the declared one stays beside it."""
    rule, facts = inquiry.content.stage, inquiry.facts
    inquiry.values.update(declared=facts.raw("declared", None), shown=rule is not None)
    if rule is None:
        inquiry.values.update(recognised=None, development_from=None)
        return
    criteria = facts.part("criteria")
    dates: dict[str, date | None] = {code: criteria.day_or_none(code) for code in rule.criteria}
    missing = [code for code, day in dates.items() if day is None]
    evidence = facts.codes("evidence") & set(rule.evidence)
    met = [day for day in dates.values() if day is not None]
    proven = not missing and bool(evidence) and bool(met)
    inquiry.values.update(
        recognised=rule.proven if proven else rule.default,
        development_from=max(met) if proven else None,
        missing_criteria=missing,
        evidence=sorted(evidence),
        kinds_of_evidence=list(rule.evidence),
    )
    inquiry.read(rule.reading, *rule.readings)
    if proven:
        inquiry.note(
            "stage.proven",
            f"同时满足全部条件并有证据，自{max(met)}起认定。",
            "stage.criteria",
            inputs=("criteria", "evidence"),
        )
    elif facts.raw("declared", None) == rule.proven:
        lacks = f"还有{len(missing)}项条件没有日期" if missing else "没有佐证材料"
        label = inquiry.pack.label("stage", rule.default)
        inquiry.advise(
            "stage.not_proven",
            f"{lacks}，没有明确证据，认定为{label}。",
            "stage.default",
            inputs=("declared", "criteria", "evidence"),
            would_change="补充各项条件的日期和佐证材料",
        )


def research_start(inquiry: Inquiry) -> None:
    """The usual start of research by funding source; another one needs a reason (可以: a person may record another)."""
    rule, facts = inquiry.content.stage, inquiry.facts
    if rule is None:
        inquiry.values.update(start=None, usual=[])
        return
    funding = facts.text("funding")
    usual = [code for code, item in rule.starts.items() if item.group == funding]
    days = {code: facts.part("dates").day_or_none(code) for code in usual}
    start = next((day for day in days.values() if day is not None), None)
    chosen = facts.day_or_none("chosen")
    inquiry.values.update(
        start=chosen or start, usual=[{"code": one, "label": rule.starts[one].label} for one in usual]
    )
    if chosen is not None and chosen not in days.values() and not facts.raw("reason", ""):
        inquiry.refuse(
            "research_start.no_reason",
            "起始点与条文列举的日期不同，应说明理由。",
            "stage.starts",
            inputs=("chosen", "reason"),
        )


def value(inquiry: Inquiry) -> None:
    """Whether the value of a row fits its status: empty is not zero, and only some statuses need an amount."""
    rule, facts = inquiry.content.ledger, inquiry.facts
    status, amount = facts.text("status"), facts.money("amount")
    if rule is None:
        return
    needs = status in rule.amount_required_for
    label = inquiry.pack.label("status", status)
    inquiry.values.update(
        amount_required=needs,
        kind="amount" if needs else "appraisal",
        may_be_empty=status in rule.empty_allowed_for,
        frequency=status in rule.frequency_for,
    )
    if needs and amount is None:
        inquiry.refuse(
            "ledger.amount_missing",
            f"{label}的成果应直接登记转化金额，不能为空。",
            "ledger.amount_required_for",
            inputs=("status", "amount"),
            would_change="填写转化金额（尚未收款的，填写合同约定）",
        )
    elif amount is not None and amount < 0:
        inquiry.refuse("ledger.amount_negative", "转化价值不能为负数。", "ledger", inputs=("amount",))
    elif needs and amount == 0 and not facts.raw("terms", ""):
        inquiry.advise(
            "ledger.amount_zero",
            "转化金额为0，请填写合同约定的支付条件。",
            "ledger.amount_required_for",
            inputs=("amount",),
        )


def name_taken(inquiry: Inquiry) -> None:
    """Whether a name may be given: it identifies one achievement within the unit (`same_name` = ids that have it)."""
    taken = inquiry.facts.items("same_name")
    if taken and inquiry.content.ledger and inquiry.content.ledger.unique_name:
        inquiry.refuse(
            "ledger.name_taken",
            "本单位已有同名成果，名称应能唯一识别该成果。",
            "fields.ledger.name",
            inputs=("same_name",),
        )


def totals(inquiry: Inquiry) -> None:
    """A sum that skips what is not valued and says how many were: facts amounts [yuan or empty]."""
    amounts = [part.money("amount") for part in inquiry.facts.parts("rows")]
    known = [amount for amount in amounts if amount is not None]
    inquiry.values.update(total=sum(known, Decimal(0)), valued=len(known), not_valued=len(amounts) - len(known))


def frequency(inquiry: Inquiry) -> None:
    """How often one achievement was converted and for how much: conversions are counted, the achievement once."""
    rule, rows = inquiry.content.ledger, inquiry.facts.parts("conversions")
    status = inquiry.facts.text("status")
    counts = rule is not None and status in rule.frequency_for
    amounts = [row.money("amount") or Decimal(0) for row in rows]
    inquiry.values.update(
        achievements=1, frequency=len(rows) if counts else None, amount=sum(amounts, Decimal(0)) if counts else None
    )


def secret_gate(inquiry: Inquiry) -> None:
    """The first question, before any text: yes stops everything, nothing is kept."""
    rule = inquiry.content.secret
    if rule is None:
        return
    answer = inquiry.facts.raw("answer", None)
    inquiry.values.update(
        question=rule.question,
        guidance=rule.guidance,
        suspected_guidance=rule.suspected_guidance,
        key_technology_question=rule.key_technology_question,
        key_technology_guidance=rule.key_technology_guidance,
        counter_allowed=rule.counter_allowed,
        keep="nothing" if answer in ("yes", "suspected") else "all",
    )
    if answer == "yes":
        inquiry.read("secret_counter")
        inquiry.refuse("secret.classified", rule.guidance, "secret.guidance")
    elif answer == "suspected":
        inquiry.refuse("secret.suspected", rule.suspected_guidance or rule.guidance, "secret.guidance")
    elif answer != "no":
        inquiry.refuse("secret.unanswered", f"请先回答：{rule.question}", "secret.question", would_change="回答“否”")
    elif inquiry.facts.raw("key_technology", None) == "yes":
        inquiry.values["keep"] = "stub"
        inquiry.ask("secret.key_technology", rule.key_technology_guidance, "secret.key_technology_guidance")


QUESTIONS: dict[str, Decide] = {
    "ledger.enumerations": enumerations,
    "ledger.code": code_known,
    "ledger.fields": ledger_fields,
    "ledger.stage": stage,
    "ledger.research_start": research_start,
    "ledger.value": value,
    "ledger.name": name_taken,
    "ledger.totals": totals,
    "ledger.frequency": frequency,
    "disclosure.fields": disclosure_fields,
    "disclosure.evidence": disclosure_evidence,
    "secret.gate": secret_gate,
}
