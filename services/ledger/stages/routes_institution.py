"""The page of an achievement's stage: criteria with dates, papers, the start of research."""

import asyncio
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import RawBody

from services.ledger.display import words_of
from services.ledger.papers import rules as paper_rules
from services.ledger.papers.workflow import Paper
from services.ledger.points import point_of
from services.ledger.stages import forms, pages, workflow
from services.ledger.then import absent, asked_record
from shared.db.transaction import Transaction
from shared.documents.uploads import Upload, receive_form
from shared.errors import Refusal
from shared.forms import read, typed
from shared.ui.page import FormState
from tenants.pack_days import governing_on
from tenants.pages import came_back, page, redirect, refused

_READ = {"permission": "institution:ledger:read"}
_WRITE = {"permission": "institution:ledger:write"}


@get("/ledger/{achievement_id:uuid}/stage", opt=_READ)
async def show_stage(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[str]:
    """What is recognised and why, of a past day by the rules of that day; the forms for those who may write."""
    rules_then = await governing_on(tx, point_of(request.query_params, tx.today).as_of)
    _, pack = await pages.loaded(tx, achievement_id, rules_then.pack)
    then = await asked_record(request, tx, achievement_id)
    if then.detail is None:
        return await absent(request, tx, achievement_id, then.point, pages.TITLE)
    row = then.detail.row
    context = {**await pages.context_of(tx, row, pack, then=then), "rules_then": rules_then}
    return page(request, pages.TEMPLATE, pages.TITLE, context, crumbs=pages.crumbs(row))


@post("/ledger/{achievement_id:uuid}/stage", opt=_WRITE)
async def record_criteria(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[Any]:
    """Record since when which criteria are met."""
    row, _ = await pages.loaded(tx, achievement_id)
    values = typed(await request.form())
    form, errors = read(forms.CriteriaForm, values)
    words = await words_of(tx)
    days, wrong = forms.days_of(values, forms.CRITERION, words.pairs("criterion"), tx.today)
    if form is None or wrong:
        return await _again(request, tx, row.id, "criteria", FormState(values, {**wrong, **errors}))
    done = await workflow.record_criteria(tx, achievement_id, days, reason=form.reason, revision=form.revision or None)
    if isinstance(done, Refusal):
        return await _again(request, tx, row.id, "criteria", FormState(values), done)
    return redirect(tx, f"{pages.HOME}/{achievement_id}/stage", done="saved")


@post("/ledger/{achievement_id:uuid}/stage/papers", opt=_WRITE, status_code=303)
async def add_proof(
    request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID, body: RawBody
) -> Response[Any]:
    """Keep a paper; the body is read in memory, what is not kept is nowhere."""
    row, _ = await pages.loaded(tx, achievement_id)
    sent = await receive_form(request, body)
    words = await words_of(tx)
    subjects = [code for code, _ in words.pairs("criterion") if sent.values.get(f"subject-{code}")]
    values = {**sent.values, "subjects": subjects}
    form, errors = read(forms.ProofForm, values)
    upload = sent.files.get("file") or Upload("", b"")
    wrong = await asyncio.to_thread(paper_rules.fault, upload.file_name, upload.content)
    if form is None or wrong:
        errors |= {"file": wrong} if wrong else {}
        return await _again(request, tx, row.id, "proof", FormState(values, errors))
    said = Paper(workflow.PURPOSE, form.kind, subjects, form.reference, form.dated_on)
    kept = await workflow.add_proof(tx, request.app.state.objects, achievement_id, upload, said)
    if isinstance(kept, Refusal):
        return await _again(request, tx, row.id, "proof", FormState(values), kept)
    return redirect(tx, f"{pages.HOME}/{achievement_id}/stage", done="saved")


@post("/ledger/{achievement_id:uuid}/stage/papers/{paper_id:uuid}/withdraw", opt=_WRITE)
async def withdraw_proof(
    request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID, paper_id: UUID
) -> Response[Any]:
    """Take a paper back with its reason."""
    await pages.loaded(tx, achievement_id)
    values = typed(await request.form())
    form, errors = read(forms.WithdrawalForm, values)
    if form is None:
        return await _again(request, tx, achievement_id, "withdraw", FormState(values, {"": errors["reason"]}))
    refusal = await workflow.withdraw_proof(tx, achievement_id, paper_id, form.reason)
    if refusal is not None:
        return refused(request, tx, refusal, back=f"{pages.HOME}/{achievement_id}/stage")
    return redirect(tx, f"{pages.HOME}/{achievement_id}/stage", done="done")


@post("/ledger/{achievement_id:uuid}/stage/start", opt=_WRITE)
async def record_start(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[Any]:
    """Record when research began."""
    row, _ = await pages.loaded(tx, achievement_id)
    values = typed(await request.form())
    form, errors = read(forms.StartForm, values)
    words = await words_of(tx)
    days, wrong = forms.days_of(values, forms.START, words.pairs("start"), tx.today)
    if form is None or wrong:
        return await _again(request, tx, row.id, "start", FormState(values, {**errors, **wrong}))
    done = await workflow.record_research_start(
        tx,
        achievement_id,
        form.funding,
        days,
        chosen=form.chosen,
        reason=form.chosen_reason,
        revision=form.revision or None,
    )
    if isinstance(done, Refusal):
        return await _again(request, tx, row.id, "start", FormState(values), done)
    return redirect(tx, f"{pages.HOME}/{achievement_id}/stage", done="saved")


async def _again(
    request: Request[Any, Any, Any],
    tx: Transaction,
    achievement_id: UUID,
    name: str,
    form: FormState,
    refusal: Refusal | None = None,
) -> Response[str]:
    """The page with the form that came back: wrong fields, or a refusal."""
    row, pack = await pages.loaded(tx, achievement_id)
    context = await pages.context_of(tx, row, pack, {name: form})
    return came_back(request, tx, refusal, pages.TEMPLATE, pages.TITLE, context, crumbs=pages.crumbs(row))


HANDLERS = (show_stage, record_criteria, add_proof, withdraw_proof, record_start)
