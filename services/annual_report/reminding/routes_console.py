"""催报未报送单位."""

from typing import Any

from litestar import Request, Response, post

from services.annual_report.reminding.workflow import REMIND, remind
from shared.db.transaction import Transaction
from shared.errors import Refusal
from tenants.pages import redirect, refused

HOME = "/console/reports"


@post("/reports/remind/{report:str}", opt={"permission": REMIND}, status_code=303)
async def remind_missing(request: Request[Any, Any, Any], tx: Transaction, report: str) -> Response[Any]:
    """Remind every unit whose report of the reporting year is missing."""
    done = await remind(tx, report)
    if isinstance(done, Refusal):
        return refused(request, tx, done, back=f"{HOME}?show=missing")
    return redirect(tx, f"{HOME}?show=missing", done="done")


HANDLERS = (remind_missing,)
