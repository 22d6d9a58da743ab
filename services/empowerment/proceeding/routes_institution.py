"""The page of a step that the province's rules have beside the usual ones."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.empowerment import queries, rules, workflow
from services.empowerment.display import grant_label
from services.empowerment.proceeding import forms
from services.empowerment.proceeding import workflow as verbs
from services.empowerment.routes_institution import crumbs_of, seen
from shared.db.transaction import Transaction
from shared.forms import typed
from shared.ui.page import FormState
from tenants.pages import page, redirect, refused_in_place, unprocessable

_TEMPLATE = "empowerment/institution/step.html"
_REVIEW = {"permission": workflow.REVIEW}


async def _recording(
    tx: Transaction, application_id: UUID, form: FormState | None = None
) -> tuple[queries.Application, rules.Step | None, dict[str, Any]]:
    found = await seen(tx, application_id)
    pack = (await workflow.governing_case(tx, found)).pack
    step = workflow.current_step(found, workflow.steps_of(found, pack, tx.today))
    if step is not None and step.act == "record":
        verbs.must_record(tx, step)
    own = step if step is not None and step.act == "record" else None
    held: list[Any] = []
    if own is not None:
        facts = await verbs.gather(tx, found, own, {code: "有" for code, _ in own.evidence}, pack)
        held = list(rules.may_take(facts, pack, tx.today).findings)
    return (
        found,
        own,
        {
            "application": found,
            "grant": grant_label(pack, found.grant_type),
            "step": own,
            "held": held,
            "today": tx.today,
            "form": form or FormState({"done_on": tx.today.isoformat(), "step": own.code if own else ""}),
            "refusal": None,
        },
    )


@get("/empowerment/{application_id:uuid}/step", opt=_REVIEW)
async def step_form(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[str]:
    """What this step needs, and whether it may be taken today."""
    found, step, context = await _recording(tx, application_id)
    title = step.label if step else "办理步骤"
    return page(request, _TEMPLATE, title, context, crumbs=crumbs_of(found, title))


@post("/empowerment/{application_id:uuid}/step", opt=_REVIEW)
async def record_step(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[Any]:
    """Record that it was done."""
    values = typed(await request.form())
    found, step, context = await _recording(tx, application_id)
    title = step.label if step else "办理步骤"
    taken, errors = forms.read_step(values, [code for code, _ in step.evidence] if step else [], tx.today)
    context["form"] = FormState(values, errors)
    if taken is None:
        return unprocessable(request, tx, _TEMPLATE, title, context)
    refusal = await verbs.record_step(tx, application_id, str(values.get("step", "")), taken)
    if refusal is not None:
        return refused_in_place(request, tx, refusal, _TEMPLATE, title, context, crumbs=crumbs_of(found, title))
    return redirect(tx, workflow.href(application_id), done="done")


HANDLERS = (step_form, record_step)
