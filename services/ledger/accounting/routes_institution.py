"""The page of accounting hints: where the costs of an achievement may go, by the text; amounts typed there are not kept."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from services.ledger.accounting import rules
from services.ledger.disclosure.queries import unit_kind_of
from services.ledger.display import record_tabs, words_of
from services.ledger.forms import money_of
from services.ledger.rules import vocabulary
from services.ledger.then import absent, asked_record
from shared.db.transaction import Transaction
from shared.ui.page import Crumb, FormState
from tenants.pack_days import governing_on
from tenants.pages import page

_HOME = "/institution/ledger"
_TITLE = "记账提示"


def _amounts(query: Any) -> tuple[dict[str, Decimal | None], dict[str, str]]:
    amounts: dict[str, Decimal | None] = {}
    errors: dict[str, str] = {}
    for component in rules.COMPONENTS:
        try:
            amounts[component] = money_of(str(query.get(component) or ""))
        except ValueError as error:
            errors[component] = str(error)
    return amounts, errors


@get("/ledger/{achievement_id:uuid}/accounting", opt={"permission": "institution:ledger:read"})
async def show_hints(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[str]:
    """What the text says of each kind of cost, of a past day the text of that day; with amounts in the address, where each
    would go.
    """
    then = await asked_record(request, tx, achievement_id)
    if then.detail is None:
        return await absent(request, tx, achievement_id, then.point, _TITLE)
    row, point = then.detail.row, then.point
    rules_then = await governing_on(tx, point.as_of)
    pack = rules_then.pack
    amounts, errors = _amounts(request.query_params)
    found = rules.situations(row.stage_since is not None, [one.status for one in then.detail.rights], row.status, pack)
    hints = rules.hints(await unit_kind_of(tx), found, amounts, pack, point.day(tx.today))
    context = {
        "row": row,
        "words": vocabulary(pack),
        "hints": [(component, one.answer) for component, one in hints],
        "components": [(code, label) for code, label in rules.COMPONENTS.items() if code in dict(hints)],
        "nature": rules.nature(pack),
        "labels": rules.COMPONENTS,
        "results": rules.RESULTS,
        "form": FormState(dict(request.query_params), errors),
        "home": f"{_HOME}/{row.id}",
        "tabs": record_tabs(row.id, await words_of(tx), _TITLE, point),
        "rules_then": rules_then,
        "point": point,
        "today": tx.today,
        "path": _HOME,
    }
    crumbs = (Crumb("单列管理台账", _HOME), Crumb(row.name, f"{_HOME}/{row.id}"), Crumb(_TITLE))
    return page(request, "ledger/accounting/hints.html", _TITLE, context, crumbs=crumbs)


HANDLERS = (show_hints,)
