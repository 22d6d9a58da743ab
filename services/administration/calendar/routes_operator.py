"""The operator's pages of the calendar table: a year at a glance, days by hand, and a year marked as whole."""

from datetime import date
from typing import Any

from litestar import Request, Response, get, post

from services.administration.calendar.queries import year_of, years_shown
from shared.db.transaction import Transaction
from shared.errors import FormInvalid
from shared.ui.page import Crumb, FormState
from tenants import calendar
from tenants.pages import MenuEntry, page, redirect, unprocessable

_READ, _WRITE = {"permission": "operator:home:read"}, {"permission": "operator:calendar:write"}
HOME = "/operator/calendar"
MENU = (MenuEntry("operator", "登记", "日历", "calendar", HOME, "operator:home:read", 120),)
_TABLE, _NEW = "administration/operator/calendar.html", "administration/operator/new_days.html"


async def _sent(request: Request[Any, Any, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in (await request.form()).items()}


async def _table(tx: Transaction, year: int | None, form: FormState | None = None) -> dict[str, Any]:
    years = years_shown(tx.today)
    chosen = year if year in years else tx.today.year
    return {
        "year": await year_of(tx, chosen),
        "years": years,
        "kinds": calendar.KINDS,
        "form": form or FormState(),
    }


@get("/calendar", opt=_READ)
async def calendar_year(request: Request[Any, Any, Any], tx: Transaction, year: int | None = None) -> Response[str]:
    """One year: the official arrangement, what was entered by hand, and whether deadlines may be counted in it."""
    return page(request, _TABLE, "日历", await _table(tx, year))


async def _new(tx: Transaction, form: FormState) -> dict[str, Any]:
    return {
        "form": form,
        "kinds": list(calendar.KINDS.items()),
        "areas": [(one, one) for one in await calendar.areas(tx)],
    }


@get("/calendar/days", opt=_WRITE)
async def new_days(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The form of a stretch of days."""
    context = await _new(tx, FormState({"kind": "off"}))
    return page(request, _NEW, "登记放假或上班日", context, crumbs=(Crumb("日历", HOME), Crumb("登记")))


@post("/calendar/days", opt=_WRITE, status_code=303)
async def enter_days(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Enter a stretch of days off or worked."""
    sent = await _sent(request)
    try:
        entered = await calendar.enter_typed(tx, sent)
    except FormInvalid as wrong:
        return unprocessable(request, tx, _NEW, "登记放假或上班日", await _new(tx, FormState(sent, wrong.errors)))
    return redirect(tx, f"{HOME}?year={entered.first_day.year}", done="saved")


@post("/calendar/days/{day:date}/remove", opt=_WRITE, status_code=303)
async def remove_day(request: Request[Any, Any, Any], tx: Transaction, day: date) -> Response[Any]:
    """Take an entry back."""
    try:
        await calendar.remove_day(tx, day, (await _sent(request)).get("area", ""))
    except FormInvalid as wrong:
        context = await _table(tx, day.year, FormState({}, {"": wrong.errors["day"]}))
        return unprocessable(request, tx, _TABLE, "日历", context)
    return redirect(tx, f"{HOME}?year={day.year}", done="saved")


@post("/calendar/years", opt=_WRITE, status_code=303)
async def arrange_year(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Mark a year as arranged as a whole."""
    sent = await _sent(request)
    try:
        year = await calendar.arrange_typed(tx, sent)
    except FormInvalid as wrong:
        typed = sent.get("year", "")
        context = await _table(
            tx, int(typed) if typed.isascii() and typed.isdigit() else None, FormState(sent, wrong.errors)
        )
        return unprocessable(request, tx, _TABLE, "日历", context)
    return redirect(tx, f"{HOME}?year={year}", done="saved")


@post("/calendar/years/{year:int}/reopen", opt=_WRITE, status_code=303)
async def reopen_year(tx: Transaction, year: int) -> Response[Any]:
    """Take the mark of a year away."""
    await calendar.reopen_year(tx, year)
    return redirect(tx, f"{HOME}?year={year}", done="saved")


HANDLERS = (calendar_year, new_days, enter_days, remove_day, arrange_year, reopen_year)
