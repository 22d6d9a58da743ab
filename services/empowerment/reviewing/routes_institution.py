"""Pages of the review: the screening form item by item, the feasibility form, the notice before it is published."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.empowerment import queries, rules, workflow
from services.empowerment.display import grant_label
from services.empowerment.reviewing import forms
from services.empowerment.reviewing import workflow as verbs
from services.empowerment.routes_institution import crumbs_of, seen
from services.negative_list.queries import version_in_force
from services.notices.workflow import preview
from shared.db.transaction import Transaction
from shared.forms import plain, read, typed
from shared.policy import evaluate
from shared.ui.page import FormState
from tenants.pages import page, redirect, refused_in_place, unprocessable
from tenants.people import names_of
from tenants.unit_settings import notice_place

_PAGE = "empowerment/institution/"
_REVIEW = {"permission": workflow.REVIEW}
_PUBLISH = {"permission": workflow.PUBLISH}
# What a notice lacks before anything was typed is no finding yet.
_STILL_TO_FILL = ("notice.missing.", "notice.venue.")


async def _screening(
    tx: Transaction, application_id: UUID, form: FormState | None = None
) -> tuple[queries.Application, dict[str, Any]]:
    found = await seen(tx, application_id)
    pack = (await workflow.governing_case(tx, found)).pack
    owner = rules.list_owner(pack)
    version = await version_in_force(tx, tx.today) if owner == "province" else None
    step = workflow.current_step(found, workflow.steps_of(found, pack, tx.today))
    asked = evaluate("screening.questions", {}, pack, tx.today).values
    latest = next(iter(await queries.screenings_of(tx, application_id)), None)
    return found, {
        "application": found,
        "grant": grant_label(pack, found.grant_type),
        "version": version,
        "owner": owner,
        "own_list_source": pack.citation("screening.list"),
        "categories": asked["categories"],
        "source": pack.citation("screening"),
        "latest": latest,
        "open": (step is not None and step.act == "screen") or found.state == "noticed",
        "form": form
        or FormState(
            {
                "list_version_id": str(version.id) if version else "",
                "own_list": (latest.list_title or "") if latest else "",
            }
        ),
        "refusal": None,
    }


@get("/empowerment/{application_id:uuid}/screening", opt=_REVIEW)
async def screening_form(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[str]:
    """Every category of the text and every item of the list in force."""
    found, context = await _screening(tx, application_id)
    return page(request, f"{_PAGE}screening.html", "负面清单排查", context, crumbs=crumbs_of(found, "排查"))


@post("/empowerment/{application_id:uuid}/screening", opt=_REVIEW)
async def screen(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[Any]:
    """Keep the answers; the outcome moves the case."""
    values = typed(await request.form())
    found, context = await _screening(tx, application_id)
    categories = [one["code"] for one in context["categories"]]
    items = [item.code for item in context["version"].items] if context["version"] else []
    used, screened, errors = forms.read_screening(values, categories, items)
    # A list that changed meanwhile is shown with its own id, so that the next answer is about it.
    kept = {**values, "list_version_id": str(context["version"].id) if context["version"] else ""}
    context["form"] = FormState(kept, errors)
    if screened is None:
        return unprocessable(request, tx, f"{_PAGE}screening.html", "负面清单排查", context)
    refusal = await verbs.screen(tx, application_id, used, screened)
    if refusal is not None:
        crumbs = crumbs_of(found, "排查")
        return refused_in_place(request, tx, refusal, f"{_PAGE}screening.html", "负面清单排查", context, crumbs=crumbs)
    return redirect(tx, workflow.href(application_id), done="done")


async def _assessing(
    tx: Transaction, application_id: UUID, form: FormState | None = None
) -> tuple[queries.Application, dict[str, Any]]:
    found = await seen(tx, application_id)
    pack = (await workflow.governing_case(tx, found)).pack
    step = workflow.current_step(found, workflow.steps_of(found, pack, tx.today))
    return found, {
        "application": found,
        "grant": grant_label(pack, found.grant_type),
        "reviewers_source": pack.citation("screening.finding_by" if pack.content.screening else "feasibility"),
        "conclusion_source": pack.citation("feasibility"),
        "dimensions": evaluate("feasibility.dimensions", {}, pack, tx.today).values["dimensions"],
        "open": step is not None and step.act == "assess",
        "form": form or FormState(),
        "refusal": None,
    }


@get("/empowerment/{application_id:uuid}/feasibility", opt=_REVIEW)
async def feasibility_form(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[str]:
    """One text per dimension of the pack."""
    found, context = await _assessing(tx, application_id)
    return page(request, f"{_PAGE}feasibility.html", "可行性评估", context, crumbs=crumbs_of(found, "可行性评估"))


@post("/empowerment/{application_id:uuid}/feasibility", opt=_REVIEW)
async def record_feasibility(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[Any]:
    """Record who assessed what, and the conclusion."""
    values = typed(await request.form())
    form, errors = read(forms.FeasibilityForm, values)
    found, context = await _assessing(tx, application_id, FormState(values, errors))
    if form is None:
        return unprocessable(request, tx, f"{_PAGE}feasibility.html", "可行性评估", context)
    dimensions = {
        one["code"]: plain(values.get(f"dimension-{one['code']}", ""))[:5000] for one in context["dimensions"]
    }
    names = forms.names_in(form.reviewers)
    refusal = await verbs.record_feasibility(tx, application_id, dimensions, names, form.conclusion)
    if refusal is not None:
        crumbs = crumbs_of(found, "可行性评估")
        return refused_in_place(request, tx, refusal, f"{_PAGE}feasibility.html", "可行性评估", context, crumbs=crumbs)
    return redirect(tx, workflow.href(application_id), done="done")


def _more(values: Mapping[str, Any]) -> dict[str, str]:
    """The texts by the pack's content codes, and where the notice is posted."""
    return {name[8:]: plain(value)[:5000] for name, value in values.items() if name.startswith("content-")}


async def _announcing(
    tx: Transaction, application_id: UUID, form: FormState | None = None
) -> tuple[queries.Application, dict[str, Any]]:
    found = await seen(tx, application_id)
    governed = await workflow.governing_case(tx, found)
    members = await queries.members_of(tx, application_id)
    more = _more(form.values) if form else {}
    new = verbs.announcement(found, members, governed.pack, tx.today, more=more)
    content, period, entries = await preview(tx, new, found.achievement_type, governed)
    asked = [one for one in content.values.get("fields", ()) if one["code"] not in {*verbs.ANSWERED, *new.people}]
    rule = governed.pack.content.notices.get(new.kind)
    step = workflow.current_step(found, workflow.steps_of(found, governed.pack, tx.today))
    names = await names_of(tx, [one.person_id for one in members])
    return found, {
        "application": found,
        "grant": grant_label(governed.pack, found.grant_type),
        "title": new.title,
        "findings": [one for one in content.findings if form or not one.code.startswith(_STILL_TO_FILL)],
        "count": period.values,
        "source": governed.pack.citation(f"notices.{new.kind}.days"),
        "asked": asked,
        "place": await notice_place(tx),
        "summary_source": governed.pack.citation(f"notices.{new.kind}.content.achievement_summary"),
        "novelty_source": governed.pack.citation(f"notices.{new.kind}.basics_only_for"),
        "internal": rule is None or rule.audience == "internal",
        "entries": [
            (one["label"], one["value"] or "、".join(names.get(UUID(person), "") for person in one["people"]))
            for one in entries
        ],
        "open": ((step is not None and step.act == "announce") or found.state == "noticed")
        and await workflow.current_notice(tx, found.id) is None,
        "form": form or FormState({"summary": found.explanation or "", "days": period.values.get("days_required")}),
        "refusal": None,
    }


@get("/empowerment/{application_id:uuid}/notice", opt=_PUBLISH)
async def notice_form(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[str]:
    """The notice as it would stand, and until when."""
    found, context = await _announcing(tx, application_id)
    return page(request, f"{_PAGE}announce.html", "发布公示", context, crumbs=crumbs_of(found, "公示"))


@post("/empowerment/{application_id:uuid}/notice", opt=_PUBLISH)
async def publish(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[Any]:
    """Publish it from now on."""
    values = typed(await request.form())
    form, errors = read(forms.NoticeForm, values)
    found, context = await _announcing(tx, application_id, FormState(values, errors))
    if form is None:
        return unprocessable(request, tx, f"{_PAGE}announce.html", "发布公示", context)
    refusal = await verbs.publish(
        tx,
        application_id,
        summary=form.summary,
        days=form.days,
        novelty_at_risk=form.novelty_at_risk == "yes",
        more=_more(values),
    )
    if refusal is not None:
        crumbs = crumbs_of(found, "公示")
        return refused_in_place(request, tx, refusal, f"{_PAGE}announce.html", "发布公示", context, crumbs=crumbs)
    return redirect(tx, workflow.href(application_id), done="published")


HANDLERS = (screening_form, screen, feasibility_form, record_feasibility, notice_form, publish)
