"""保密核实: what was quarantined, read by the secrecy office alone; release or wipe; certificates; the monthly count."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.home.erasing import queries, workflow
from services.home.erasing.forms import CountingForm, JudgementForm
from services.ledger import queries as ledger
from services.ledger.disclosure import queries as disclosures
from services.ledger.display import words_of
from services.ledger.secrecy import queries as secrecy
from services.ledger.secrecy.workflow import decide_counting
from services.ledger.telling import facts_of
from services.ledger.workflow import CASE, release
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound, Refusal
from shared.forms import read, typed
from shared.ui.page import Crumb, FormState
from tenants.pages import MenuEntry, page, redirect, refused, unprocessable
from tenants.people import names_of

HOME = "/institution/secrecy"
_PAGE = "home/institution/"
_JUDGE = {"permission": secrecy.JUDGE}
_ROOT = Crumb("保密核实", HOME)
MENU = (MenuEntry("institution", "单列管理", "保密核实", "shield-lock", HOME, secrecy.JUDGE, 29),)


async def _overview(tx: Transaction, form: FormState | None = None) -> dict[str, Any]:
    setting = await secrecy.setting_of(tx)
    orders = await queries.orders(tx, "secret")
    names = await names_of(tx, sorted({one.ordered_by for one in orders if one.ordered_by}))
    return {
        "waiting": await secrecy.quarantined(tx),
        "ordered": {one.subject_id for one in orders if one.done_at is None},
        "orders": [(one, names.get(one.ordered_by, "")) for one in orders],
        "counts": [(f"{one.month:%Y-%m}", one.n) for one in await secrecy.counts_of(tx)],
        "counted": setting is not None and setting.counted,
        "form": form or FormState({"counted": "yes" if setting is not None and setting.counted else "no"}),
        "home": HOME,
    }


@get("/secrecy", opt=_JUDGE)
async def show_secrecy(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """What waits for a judgement, what was ordered and done, how often the gate closed."""
    return page(request, f"{_PAGE}secrecy.html", "保密核实", await _overview(tx))


@post("/secrecy/counting", opt=_JUDGE)
async def change_counting(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Whether classified answers are counted by month."""
    values = typed(await request.form())
    form, errors = read(CountingForm, values)
    if form is None:
        context = await _overview(tx, FormState(values, errors))
        return unprocessable(request, tx, f"{_PAGE}secrecy.html", "保密核实", context)
    await decide_counting(tx, counted=form.counted == "yes")
    return redirect(tx, HOME, done="saved")


async def _record(tx: Transaction, achievement_id: UUID, form: FormState | None = None) -> dict[str, Any]:
    """:raises NotFound: no such record, or not a quarantined one: others are read in the ledger."""
    detail = await ledger.achievement_detail(tx, achievement_id)
    if detail is None or detail.row.state != "quarantined":
        raise NotFound
    words = await words_of(tx)
    events = await ledger.events_of(tx, CASE, achievement_id)
    asked = next((one for one in reversed(events) if one.event == "quarantined"), None)
    order = await queries.order_of(tx, achievement_id)
    return {
        "detail": detail,
        "facts": facts_of(detail, words),
        "asked": asked,
        "names": await names_of(tx, [asked.actor_id] if asked is not None and asked.actor_id else []),
        "order": order if order is not None and order.done_at is None else None,
        "form": form or FormState(),
        "home": f"{HOME}/{achievement_id}",
    }


@get("/secrecy/{achievement_id:uuid}", opt=_JUDGE)
async def read_quarantined(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[str]:
    """What a quarantined record says; that it was read is logged."""
    context = await _record(tx, achievement_id)
    await write_audit(tx, "achievement.read_quarantined", CASE, achievement_id, outcome="read")
    code = context["detail"].row.code
    return page(request, f"{_PAGE}quarantined.html", code, context, crumbs=(_ROOT, Crumb(code)))


async def _judged(
    request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID, verb: Any
) -> Response[Any] | None:
    """Do what was decided with its reason; None when it is done."""
    values = typed(await request.form())
    form, errors = read(JudgementForm, values)
    done: Refusal | None = None
    if form is not None:
        try:
            done = await verb(tx, achievement_id, form.reason)
        except FormInvalid as invalid:
            errors = dict(invalid.errors)
    if errors:
        context = await _record(tx, achievement_id, FormState(values, errors))
        code = context["detail"].row.code
        return unprocessable(request, tx, f"{_PAGE}quarantined.html", code, context, crumbs=(_ROOT, Crumb(code)))
    return refused(request, tx, done, back=f"{HOME}/{achievement_id}") if done is not None else None


@post("/secrecy/{achievement_id:uuid}/release", opt=_JUDGE)
async def release_record(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[Any]:
    """Not classified: back into the ledger."""
    stopped = await _judged(request, tx, achievement_id, release)
    return stopped if stopped is not None else redirect(tx, HOME, done="done")


@post("/secrecy/{achievement_id:uuid}/wipe", opt=_JUDGE)
async def wipe_record(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[Any]:
    """Classified: nothing of it is kept."""
    stopped = await _judged(request, tx, achievement_id, workflow.order_wipe)
    return stopped if stopped is not None else redirect(tx, HOME, done="done")


@get("/secrecy/orders/{order_id:uuid}", opt=_JUDGE)
async def show_certificate(request: Request[Any, Any, Any], tx: Transaction, order_id: UUID) -> Response[str]:
    """The signed certificate of a wipe."""
    return page(request, f"{_PAGE}erased.html", "清除证明", await certificate_of(tx, request, order_id, "secret"),
                crumbs=(_ROOT, Crumb("清除证明")))  # fmt: skip


@post("/disclosures/{disclosure_id:uuid}/wipe", opt={"permission": disclosures.WRITE})
async def wipe_draft(request: Request[Any, Any, Any], tx: Transaction, disclosure_id: UUID) -> Response[Any]:
    """Whoever fills in a disclosure finds that it is classified: nothing of the draft is kept."""
    refusal = await workflow.wipe_draft(tx, disclosure_id)
    if refusal is not None:
        return refused(request, tx, refusal, back=f"/institution/disclosures/{disclosure_id}")
    return redirect(tx, "/institution/disclosures", done="done")


async def certificate_of(tx: Transaction, request: Request[Any, Any, Any], order_id: UUID, kind: str) -> dict[str, Any]:
    """:raises NotFound: no such order of this kind."""
    order = await queries.find_order(tx, order_id)
    if order is None or order.kind != kind:
        raise NotFound
    names = await names_of(tx, [order.ordered_by] if order.ordered_by else [])
    public = request.app.state.keyring.public_keys("audit").get(order.key_id, "")
    return {"order": order, "who": names.get(order.ordered_by, "系统"), "public_key": public}


HANDLERS = (
    show_secrecy,
    change_counting,
    read_quarantined,
    release_record,
    wipe_record,
    show_certificate,
    wipe_draft,
)
