"""单位设置: all that a unit has registered and sets for itself, on one page."""

from typing import Any

from litestar import Request, Response, get, post

from services.administration.documents import queries as documents
from services.administration.setting.forms import SettingForm
from services.annual_report.internal import queries as internal
from services.pilot.queries import memberships, validity
from shared.db.transaction import Transaction
from shared.forms import read, typed
from shared.ui.page import FormState
from tenants.names import former_names
from tenants.packs import governing
from tenants.pages import page, redirect, unprocessable
from tenants.registry import UNIT_KINDS, own_organisation
from tenants.unit_settings import FIELDS, change_settings, own_settings

HOME = "/institution/settings"
_PAGE, _TITLE = "administration/institution/settings.html", "单位设置"


async def _context(tx: Transaction, form: FormState | None = None) -> dict[str, Any]:
    standing = await own_settings(tx)
    return {
        "organisation": await own_organisation(tx),
        "formerly": await former_names(tx, tx.tenant_id),
        "unit_kinds": UNIT_KINDS,
        "memberships": await memberships(tx),
        "validities": {entry.guideline: entry for entry in await validity(tx)},
        "rules": await documents.kinds(tx, (await governing(tx)).pack),
        "plan": await internal.plan(tx),
        "standing": standing,
        "may_set": documents.WRITE in tx.actor.permissions,
        "form": form or FormState({name: getattr(standing, name, None) or "" for name in FIELDS}),
        "today": tx.today,
        "home": HOME,
    }


@get("/settings", opt={"permission": documents.READ})
async def settings(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The organisation as registered, its pilots, its own rules, its day of the internal report, its papers."""
    return page(request, _PAGE, _TITLE, await _context(tx))


@post("/settings", opt={"permission": documents.WRITE}, status_code=303)
async def set_papers(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Set the red head and where notices are put up."""
    values = typed(await request.form())
    form, errors = read(SettingForm, values)
    if form is None:
        return unprocessable(request, tx, _PAGE, _TITLE, await _context(tx, FormState(values, errors)))
    await change_settings(tx, **{name: value or None for name, value in form.model_dump().items()})
    return redirect(tx, HOME, done="saved")


HANDLERS = (settings, set_papers)
