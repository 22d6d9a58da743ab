"""The decision file of a case: what is in it, and the file itself."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from services.dossier import queries, workflow
from services.dossier.summary import QUESTIONS
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.policy.answer import Verdict
from shared.ui.page import Crumb
from tenants.pages import page, refused

_EXPORT = {"permission": workflow.EXPORT}
_CASES = {"empowerment": "/institution/empowerment/{}", "achievement": "/institution/ledger/{}"}
_TONES = {
    Verdict.ALLOWED: "green",
    Verdict.ADVISED: "blue",
    Verdict.PERSON_MUST_DECIDE: "orange",
    Verdict.REFUSED: "red",
}


async def _seen(tx: Transaction, kind: str, case_id: UUID) -> queries.Case:
    """:raises NotFound: there is no such case that the person may see."""
    found = await queries.find_case(tx, kind, case_id)
    if found is None:
        raise NotFound
    return found


@get("/dossiers/{kind:str}/{case_id:uuid}", opt=_EXPORT)
async def show_dossier(request: Request[Any, Any, Any], tx: Transaction, kind: str, case_id: UUID) -> Response[str]:
    """What the file of a case holds: each decision with its grounds, and how far the log is sealed."""
    case = await _seen(tx, kind, case_id)
    decisions = await queries.decisions_of(tx, case)
    entries, waiting = await queries.sealed_entries(tx, case)
    keyring = request.app.state.keyring
    context = {
        "case": case,
        "decisions": [(one, Verdict(one.verdict).label, _TONES[Verdict(one.verdict)]) for one in decisions],
        "questions": QUESTIONS,
        "people": await queries.people_of(tx, decisions),
        "sealed": len(entries),
        "waiting": waiting,
        "public_key": keyring.public_keys("audit")[keyring.signing("audit").key_id],
        "back": _CASES[kind].format(case_id),
    }
    crumbs = (Crumb(case.title, context["back"]), Crumb("决策卷宗"))
    return page(request, "dossier/institution/dossier.html", "决策卷宗", context, crumbs=crumbs)


@get("/dossiers/{kind:str}/{case_id:uuid}/file", opt=_EXPORT)
async def download_dossier(request: Request[Any, Any, Any], tx: Transaction, kind: str, case_id: UUID) -> Response[Any]:
    """The signed zip; made whole before the transaction ends, sent after it."""
    case = await _seen(tx, kind, case_id)
    made = await workflow.make_dossier(tx, case, request.app.state.keyring)
    if isinstance(made, Refusal):
        return refused(request, tx, made, back=f"/institution/dossiers/{kind}/{case_id}")
    name = f"dossier-{kind}-{case_id}.zip"
    headers = {"content-disposition": f"attachment; filename={name}", "cache-control": "no-store"}
    return Response(made, media_type="application/zip", headers=headers)


HANDLERS = (show_dossier, download_dossier)
