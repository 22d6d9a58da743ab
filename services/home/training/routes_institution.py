"""练习单位: what it is, and the button that throws everything away that was tried there."""

from typing import Any

from litestar import Request, Response, get, post

from services.home.training import workflow
from shared.db.transaction import Transaction
from shared.errors import NotFound
from tenants.pages import page, redirect
from tenants.training import is_training

HOME = "/institution/training"
_ANYBODY = {"permission": "institution:home:read"}


@get("/training", opt=_ANYBODY)
async def show_training(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """What a training unit is for; of any other unit the page does not exist."""
    if not is_training(tx.tenant_id):
        raise NotFound
    context = {"asked": await workflow.asked(tx)}
    return page(request, "home/institution/training.html", "练习单位", context)


@post("/training/reset", opt=_ANYBODY)
async def ask_reset(tx: Transaction) -> Response[Any]:
    """Ask for the unit as it was made."""
    if not is_training(tx.tenant_id):
        raise NotFound
    await workflow.ask_reset(tx)
    return redirect(tx, HOME, done="done")


HANDLERS = (show_training, ask_reset)
