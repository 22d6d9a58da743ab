"""Pages of disclosure: the gate, the form that saves itself, verification with reasons by field."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from sqlalchemy import Row

from services.ledger.disclosure import forms, pages, queries, rules, then, workflow
from services.ledger.disclosure.display import SHOWN
from services.ledger.display import words_of
from services.ledger.evidence import queries as evidence_queries
from services.ledger.evidence import rules as evidence_rules
from services.ledger.forms import members_of
from services.ledger.points import point_of
from services.ledger.rules import secret_gate
from services.ledger.secrecy.workflow import count_answer
from shared.db.transaction import Outcome, Transaction
from shared.errors import NotFound, Refusal
from shared.forms import read, typed
from shared.policy.answer import Citation
from shared.policy.pack import Pack
from shared.ui.links import with_query
from shared.ui.page import Crumb, FormState
from shared.ui.words import share as share_words
from tenants.packs import governing
from tenants.pages import MenuEntry, page, redirect, refused, refused_in_place, unprocessable

_HOME = pages.HOME
_PAGE = "ledger/disclosure/institution/"
_WRITE = {"permission": queries.WRITE}
_VERIFY = {"permission": queries.VERIFY}
_ROOT = Crumb("成果披露", _HOME)
_TABS = {
    "mine": ("我的披露", ("draft", "submitted", "returned", "registered", "withdrawn")),
    "waiting": ("待核实", ("submitted",)),
    "done": ("已核实", ("registered", "returned")),
}
MENU = (MenuEntry("institution", "单列管理", "成果披露", "bulb", _HOME, queries.WRITE, 20),)


@get("/disclosures", opt=_WRITE)
async def list_disclosures(
    request: Request[Any, Any, Any], tx: Transaction, tab: str = "", behind: UUID | None = None
) -> Response[str]:
    """One's own disclosures; for those who verify, what waits; newest first, by keyset; today, or as of a past day."""
    point = point_of(request.query_params, tx.today)
    verifies = queries.VERIFY in tx.actor.permissions
    allowed = {code: value for code, value in _TABS.items() if verifies or code == "mine"}
    chosen = tab if tab in allowed else ("waiting" if verifies else "mine")
    whose = tx.actor.person_id if chosen == "mine" else None
    rows = await then.listed(tx, _TABS[chosen][1], point, person_id=whose, behind=behind, limit=queries.PAGE_SIZE + 1)
    context = {
        **pages.list_context(rows, chosen, point, behind),
        "tabs": [
            (label, with_query(_HOME, point.as_query(), tab=code), code == chosen, 0)
            for code, (label, _) in allowed.items()
        ],
        "today": tx.today,
    }
    return page(request, f"{_PAGE}list.html", "成果披露", context)


async def _gate(tx: Transaction, form: FormState | None = None) -> dict[str, Any]:
    pack = (await governing(tx)).pack
    asked = secret_gate(None, None, pack, tx.today)
    return {
        "gate": asked.values,
        "gate_source": pack.citation("secret.question"),
        "key_source": pack.citation("secret.key_technology_question"),
        "form": form or FormState(),
        "stopped": None,
    }


@get("/disclosures/new", opt=_WRITE)
async def ask_gate(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The question before any text field."""
    return page(request, f"{_PAGE}gate.html", "披露成果", await _gate(tx), crumbs=(_ROOT, Crumb("先回答")))


@post("/disclosures/new", opt=_WRITE)
async def begin_disclosure(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Open a draft; a classified achievement leaves no trace, and the page says what to do instead."""
    values = typed(await request.form())
    form, errors = read(forms.GateForm, values)
    if form is None:
        return unprocessable(request, tx, f"{_PAGE}gate.html", "披露成果", await _gate(tx, FormState(values, errors)))
    answers = {"answer": form.classified, "key_technology": form.key_technology}
    gate, governed = await workflow.ask_gate(tx, form.classified, form.key_technology)
    if not gate.allowed:
        await count_answer(tx, form.classified)
        context = {**await _gate(tx), "stopped": gate.gravest}
        return unprocessable(request, tx, f"{_PAGE}gate.html", "披露成果", context)
    return redirect(tx, f"{_HOME}/{await workflow.begin(tx, gate, governed, answers)}/edit")


async def _own(tx: Transaction, disclosure_id: UUID) -> Row[Any]:
    row = await queries.find_disclosure(tx, disclosure_id)
    if row is None or row.person_id != tx.actor.person_id:
        raise NotFound
    return row


def _team_lines(team: Sequence[queries.DisclosedMember]) -> str:
    """As the form reads them again: the exact share without what it is about."""
    shares = [share_words(one.share).split("（")[0] if one.share is not None else "" for one in team]
    return "\n".join(f"{one.name} {share}".strip() for one, share in zip(team, shares, strict=True))


def _who(pack: Pack) -> tuple[str, Citation] | None:
    """Who is a completer, in the text's own words, where it says so."""
    field = pack.content.fields.get("ledger", {}).get("completers")
    return (field.note, pack.citation("fields.ledger.completers.note")) if field is not None and field.note else None


async def _editing(tx: Transaction, row: Row[Any], form: FormState | None = None) -> dict[str, Any]:
    pack = (await governing(tx)).pack
    words = await words_of(tx)
    if form is None:
        values = {
            name: getattr(row, name) for name in forms.DisclosureForm.model_fields if name not in ("team", "more")
        }
        values |= {forms.MORE + code: words for code, words in (row.more or {}).items()}
        team = _team_lines(await queries.members_of(tx, row.id))
        form = FormState({**{k: v if v is not None else "" for k, v in values.items()}, "team": team})
    kind = await queries.unit_kind_of(tx)
    funding, of_type = form.values.get("funding") or None, form.values.get("type") or None
    asked = rules.fields_of(kind, funding, pack, tx.today)
    evidence = rules.evidence_of(kind, funding, of_type, pack, tx.today)
    wanted = [(one["code"], one["label"]) for need in evidence for one in need["any_of"]]
    return {
        "disclosure": row,
        "form": form,
        "asked": asked,
        "labels": {name: asked[name]["label"] if name in asked else label for name, label in SHOWN},
        "further": [(forms.MORE + code, one) for code, one in rules.further(asked).items()],
        "needs": evidence,
        "proved": bool(pack.content.evidence.get("disclosure")),
        "by_funding": any(one.funding for one in pack.content.evidence.get("disclosure", {}).values()),
        "unique": pack.citation("ledger.unique_name"),
        "who": _who(pack),
        "choices": {
            "type": [(one.code, one.label) for one in words.types],
            "stage": [(one.code, one.label) for one in words.stages],
            "funding": list(words.labels["funding"].items()),
            "evidence": list(dict.fromkeys(wanted)) or list(words.labels["evidence"].items()),
        },
        **await evidence_queries.shown(tx, row.id, words),
        "paper_form": FormState(),
        "returned": await _returned(tx, row),
        "open": row.state in ("draft", "returned"),
        "refusal": None,
    }


async def editing_again(
    request: Request[Any, Any, Any], tx: Transaction, row: Row[Any], paper_form: FormState
) -> Response[str]:
    """The form as it is kept, with a paper that was not."""
    context = {**await _editing(tx, row), "paper_form": paper_form}
    return unprocessable(request, tx, f"{_PAGE}edit.html", "填写披露", context, crumbs=_crumbs(row, "填写"))


async def _returned(tx: Transaction, row: Row[Any]) -> dict[str, str]:
    """The reasons of the last return by field, while it is open."""
    if row.state != "returned":
        return {}
    rows = await queries.returns_of(tx, row.id)
    return {one.field: one.reason for one in rows if one.round == rows[0].round}


def _crumbs(row: Row[Any], last: str) -> tuple[Crumb, ...]:
    return (_ROOT, Crumb(row.name or "（未命名）", f"{_HOME}/{row.id}"), Crumb(last))


@get("/disclosures/{disclosure_id:uuid}/edit", opt=_WRITE)
async def edit_disclosure(request: Request[Any, Any, Any], tx: Transaction, disclosure_id: UUID) -> Response[str]:
    """The form of a draft, or of a disclosure that came back with reasons."""
    row = await _own(tx, disclosure_id)
    return page(request, f"{_PAGE}edit.html", "填写披露", await _editing(tx, row), crumbs=_crumbs(row, "填写"))


async def _typed(request: Request[Any, Any, Any], tx: Transaction, disclosure_id: UUID) -> dict[str, Any]:
    values = typed(await request.form(), ["evidence"])
    values["evidence"] = sorted(
        {*(values.get("evidence") or ()), *await evidence_queries.kinds_with_paper(tx, disclosure_id)}
    )
    asked = rules.fields_of(await queries.unit_kind_of(tx), values.get("funding"), (await governing(tx)).pack, tx.today)
    return forms.with_more(values, rules.further(asked))


@post("/disclosures/{disclosure_id:uuid}/edit", opt=_WRITE)
async def submit_disclosure(request: Request[Any, Any, Any], tx: Transaction, disclosure_id: UUID) -> Response[Any]:
    """Submit it; every wrong field and every missing evidence at once, the values kept."""
    row = await _own(tx, disclosure_id)
    values = await _typed(request, tx, disclosure_id)
    form, errors = read(forms.DisclosureForm, values)
    errors |= rules.unknown_codes(values, await words_of(tx))
    pack = (await governing(tx)).pack
    decided = rules.may_submit(values, await queries.unit_kind_of(tx), pack, tx.today)
    proved = await evidence_queries.kinds_with_paper(tx, disclosure_id)
    unproved = evidence_rules.unproved(values, proved, await words_of(tx))
    errors = {**unproved, **rules.errors_of(decided), **errors}
    if form is None or errors:
        context = await _editing(tx, row, FormState(values, errors))
        return unprocessable(request, tx, f"{_PAGE}edit.html", "填写披露", context)
    refusal = await workflow.submit(tx, disclosure_id, form.columns(), members_of(form.team))
    if refusal is not None:
        context = await _editing(tx, row, FormState(values))
        return refused_in_place(request, tx, refusal, f"{_PAGE}edit.html", "填写披露", context)
    return redirect(tx, f"{_HOME}/{disclosure_id}", done="submitted")


@post("/disclosures/{disclosure_id:uuid}/draft", opt={**_WRITE, "repeatable": True}, status_code=200)
async def save_draft(request: Request[Any, Any, Any], tx: Transaction, disclosure_id: UUID) -> Response[Any]:
    """Keep what is being typed."""
    values = await _typed(request, tx, disclosure_id)
    team = forms.draft_team(str(values.get("team") or ""))
    refusal = await workflow.save(tx, disclosure_id, forms.draft_columns(values), team)
    status = refusal.status if refusal else 200
    tx.outcome = Outcome(status)
    return Response({"saved": refusal is None}, status_code=status)


async def _readable(tx: Transaction, disclosure_id: UUID) -> Row[Any]:
    row = await queries.readable_disclosure(tx, disclosure_id)
    if row is None:
        raise NotFound
    return row


@get("/disclosures/{disclosure_id:uuid}", opt=_WRITE)
async def show_disclosure(request: Request[Any, Any, Any], tx: Transaction, disclosure_id: UUID) -> Response[str]:
    """One disclosure: what it says, what is missing, what may be done; of a past day, where it stood and what it said."""
    row, point = await _readable(tx, disclosure_id), point_of(request.query_params, tx.today)
    context = await pages.context_then(tx, disclosure_id, point) if point.past else await pages.context_of(tx, row)
    name = (context["disclosure"].name if context["disclosure"] is not None else None) or "（未命名）"
    template = "show.html" if not point.past else "then.html"
    return page(request, f"{_PAGE}{template}", name, context, crumbs=(_ROOT, Crumb(name)))


@post("/disclosures/{disclosure_id:uuid}/return", opt=_VERIFY)
async def return_disclosure(request: Request[Any, Any, Any], tx: Transaction, disclosure_id: UUID) -> Response[Any]:
    """Give it back with reasons by field."""
    row = await _readable(tx, disclosure_id)
    values = typed(await request.form())
    shown = await pages.context_of(tx, row)
    reasons = forms.reasons_of(values, [name for name, *_ in shown["entries"]])
    if not reasons:
        context = {**shown, "form": FormState(values, {"reason": "请填写至少一条退回理由"})}
        return unprocessable(request, tx, f"{_PAGE}show.html", row.name or "成果披露", context)
    refusal = await workflow.return_for_correction(tx, disclosure_id, reasons)
    if refusal is not None:
        return refused(request, tx, refusal, back=f"{_HOME}/{disclosure_id}")
    return redirect(tx, f"{_HOME}/{disclosure_id}", done="done")


@post("/disclosures/{disclosure_id:uuid}/register", opt=_VERIFY)
async def register_disclosure(request: Request[Any, Any, Any], tx: Transaction, disclosure_id: UUID) -> Response[Any]:
    """Verified: into the ledger with the next number."""
    row = await _readable(tx, disclosure_id)
    registered = await workflow.register(tx, disclosure_id)
    if isinstance(registered, Refusal):
        context = await pages.context_of(tx, row)
        return refused_in_place(request, tx, registered, f"{_PAGE}show.html", row.name or "成果披露", context)
    return redirect(tx, f"/institution/ledger/{registered}", done="done")


@post("/disclosures/{disclosure_id:uuid}/withdraw", opt=_WRITE)
async def withdraw_disclosure(request: Request[Any, Any, Any], tx: Transaction, disclosure_id: UUID) -> Response[Any]:
    """Take one's own disclosure back."""
    refusal = await workflow.withdraw(tx, disclosure_id)
    if refusal is not None:
        return refused(request, tx, refusal, back=f"{_HOME}/{disclosure_id}")
    return redirect(tx, f"{_HOME}/{disclosure_id}", done="done")


HANDLERS = (
    list_disclosures,
    ask_gate,
    begin_disclosure,
    edit_disclosure,
    submit_disclosure,
    save_draft,
    show_disclosure,
    return_disclosure,
    register_disclosure,
    withdraw_disclosure,
)
