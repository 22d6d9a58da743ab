"""The public pages of the lists: the list in force, each version and item at its permanent address, comparison, downloads."""

from typing import Any

from litestar import Request, Response, get
from litestar.response.base import ASGIResponse

from services.negative_list import queries
from services.negative_list.models import MARKS
from services.negative_list.publication import reading
from services.negative_list.publication.cache import KEY_PLACE, kept_page
from services.negative_list.publication.comparison import LABELS, Worded, compare
from services.negative_list.publication.downloads import atom, downloads
from services.negative_list.publication.reading import Filters
from services.negative_list.queries import Version
from services.negative_list.rules import Draft
from shared.db.transaction import Transaction
from shared.errors import NotFound
from shared.ui.page import Crumb
from tenants.packs import governing
from tenants.pages import MenuEntry
from tenants.public_pages import public_page

MENU = (
    MenuEntry("public", "", "负面清单", "", "/{province}/", "", 10),
    MenuEntry("public", "", "数据下载", "", "/{province}/#files", "", 50),
)
HERE = "负面清单"
_QUERY = ("q", "category", "state", "on")
_IMMUTABLE = {"cache-control": "public, max-age=86400, immutable"}


def _asked(request: Request[Any, Any, Any]) -> dict[str, str]:
    return {name: request.query_params[name] for name in _QUERY if request.query_params.get(name)}


@get("/{province:str}/lists")
async def list_kinds(request: Request[Any, Any, Any], tx: Transaction, province: str) -> Response[str]:
    """The lists of a province: what is in force, what is coming, what is being consulted on."""
    rounds = await queries.consultations(tx)
    shown = []
    for kind in await queries.public_kinds(tx):
        published = await queries.versions(tx, kind)
        current = next((v for v in published if v.standing(tx.today) == "in_force"), None)
        shown.append((kind, published[0] if published else None, current, [r for r in rounds if r.kind == kind]))
    context = {"lists": shown, "round_words": reading.round_words}
    crumbs = (Crumb("负面清单"),)
    return await public_page(
        request, tx, "negative_list/public/kinds.html", "负面清单", context, here=HERE, crumbs=crumbs
    )


@get("/{province:str}/lists/{kind:str}")
async def list_in_force(request: Request[Any, Any, Any], province: str, kind: str) -> ASGIResponse:
    """The version in force today, or on the day asked for."""
    asked = _asked(request)

    async def render(tx: Transaction) -> str:
        filters = Filters.of(asked)
        day = filters.on or tx.today
        published = await queries.versions(tx, kind)
        shown = next((v for v in published if v.standing(day) == "in_force"), None)
        rounds = await queries.consultations(tx, kind)
        if not published and not rounds:
            raise NotFound
        return await _version_page(request, tx, kind, shown, published, filters)

    return await kept_page(request, province, render)


@get("/{province:str}/lists/{kind:str}/{version:int}")
async def list_version(request: Request[Any, Any, Any], province: str, kind: str, version: int) -> ASGIResponse:
    """One version at its permanent address, in force or not."""
    asked = _asked(request)

    async def render(tx: Transaction) -> str:
        published = await queries.versions(tx, kind)
        shown = next((v for v in published if v.number == version), None)
        if shown is None:
            raise NotFound
        return await _version_page(request, tx, kind, shown, published, Filters.of(asked), permanent=True)

    return await kept_page(request, province, render)


async def _version_page(
    request: Request[Any, Any, Any],
    tx: Transaction,
    kind: str,
    shown: Version | None,
    published: list[Version],
    filters: Filters,
    *,
    permanent: bool = False,
) -> str:
    pack = (await governing(tx)).pack
    rounds = await queries.consultations(tx, kind)
    base = f"/{request.path_params['province']}/lists/{kind}"
    day = filters.on or tx.today
    lines = reading.lines_of(shown, published, day, pack) if shown else []
    running = next((r for r in rounds if r.open_on(tx.today)), None)
    title = shown.title if shown else (published[0].title if published else rounds[0].draft["title"])
    crumbs = [Crumb("负面清单", f"/{request.path_params['province']}/lists"), Crumb(title, base if permanent else "")]
    context = {
        "base": base,
        "version": shown,
        "standing": reading.STANDINGS[shown.standing(tx.today)] if shown else None,
        "basis": reading.basis_place(shown) if shown else "",
        "groups": reading.groups_of(lines, pack, filters) if shown else [],
        "former_count": sum(line.former for line in lines),
        "listed_count": sum(not line.former for line in lines),
        "filters": filters,
        "day": day,
        "categories": [(code, item.label) for code, item in pack.content.screening_categories.items()],
        "states": reading.STATE_CHOICES,
        "history": reading.history_of(base, published, rounds, tx.today),
        "round_words": reading.round_words,
        "running": running,
        "running_change": reading.change_words(Draft.of(running.draft).items, "拟") if running else "",
        "files": await _files(tx, kind, shown) if shown else {},
        "earlier": shown.number - 1 if shown and shown.number > 1 else None,
        "path": f"{base}/{shown.number}" if permanent and shown else base,
        "form_key": KEY_PLACE,
    }
    crumbs = [*crumbs, Crumb(f"第 {shown.number} 版")] if shown else crumbs
    answer = await public_page(
        request,
        tx,
        "negative_list/public/version.html",
        title,
        context,
        here=HERE,
        crumbs=crumbs,
        badges={"征求意见": sum(r.open_on(tx.today) for r in rounds)},
    )
    return str(answer.content)


async def _files(tx: Transaction, kind: str, version: Version) -> Any:
    content = await queries.content_of(tx, kind, version.number)
    assert content is not None
    return downloads(content, await _labels(tx))


async def _labels(tx: Transaction) -> tuple[tuple[str, str], ...]:
    pack = (await governing(tx)).pack
    return tuple((code, item.label) for code, item in pack.content.screening_categories.items())


@get("/{province:str}/lists/{kind:str}/{version:int}/{form:str}")
async def list_file(
    request: Request[Any, Any, Any], tx: Transaction, province: str, kind: str, version: int, form: str
) -> Response[bytes]:
    """A version as JSON, CSV or xlsx; the same bytes every time, so they may be kept for good."""
    content = await queries.content_of(tx, kind, version)
    file = downloads(content, await _labels(tx)).get(form) if content is not None else None
    if file is None:
        raise NotFound
    headers = {
        **_IMMUTABLE,
        "content-disposition": f'attachment; filename="{file.name}"',
        "etag": f'"{file.sha256[:32]}"',
    }
    return Response(file.body, media_type=file.media_type, headers=headers)


@get("/{province:str}/lists/{kind:str}/atom")
async def list_feed(request: Request[Any, Any, Any], tx: Transaction, province: str, kind: str) -> Response[bytes]:
    """Versions and consultations of a kind as an Atom feed."""
    published, rounds = await queries.versions(tx, kind), await queries.consultations(tx, kind)
    if not published and not rounds:
        raise NotFound
    site = str(request.app.state.settings.public_url).rstrip("/")
    title = published[0].title if published else rounds[0].draft["title"]
    body = atom(site, f"/{province}/lists/{kind}", title, published, rounds)
    return Response(body, media_type="application/atom+xml; charset=utf-8")


@get("/{province:str}/lists/{kind:str}/compare")
async def list_comparison(request: Request[Any, Any, Any], tx: Transaction, province: str, kind: str) -> Response[str]:
    """Two versions, item by item and character by character; a draft in consultation may be one of them."""
    published = await queries.versions(tx, kind)
    choices = {v.number: f"第 {v.number} 版" for v in published}
    drafts = {r.number: r for r in await queries.consultations(tx, kind) if r.number not in choices}
    choices |= {number: f"第 {number} 版草案" for number in drafts}
    if not choices:
        raise NotFound
    chosen = _chosen(request, sorted(choices))
    sides: list[list[Worded]] = []
    for number in chosen:
        version = next((v for v in published if v.number == number), None)
        sides.append(list(version.items) if version else list(Draft.of(drafts[number].draft).listed()))
    context = {
        "base": f"/{province}/lists/{kind}",
        "choices": sorted(choices.items()),
        "before": chosen[0],
        "after": chosen[1],
        "words": choices,
        "differences": compare(*sides),
        "labels": LABELS,
        "categories": dict(await _labels(tx)),
        "published_codes": await queries.published_items(tx, kind),
        "only_changes": request.query_params.get("only") == "changes",
    }
    crumbs = (Crumb("负面清单", f"/{province}/lists"), Crumb("版本对比"))
    return await public_page(
        request, tx, "negative_list/public/comparison.html", "版本对比", context, here=HERE, crumbs=crumbs
    )


def _chosen(request: Request[Any, Any, Any], numbers: list[int]) -> tuple[int, int]:
    """The versions asked for; by default the last two.

    :raises NotFound: one of them does not exist.
    """
    before, after = (request.query_params.get(name, "") for name in ("from", "to"))
    newest = int(after) if after.isdecimal() and len(after) < 6 else numbers[-1]
    oldest = int(before) if before.isdecimal() and len(before) < 6 else max(newest - 1, numbers[0])
    if newest not in numbers or oldest not in numbers:
        raise NotFound
    return oldest, newest


@get("/{province:str}/lists/items/{code:str}")
async def list_item(request: Request[Any, Any, Any], tx: Transaction, province: str, code: str) -> Response[str]:
    """One item at its permanent address, with its wording in every version; a former one stays readable."""
    wordings = await queries.wordings_of(tx, code)
    if not wordings:
        raise NotFound
    pack = (await governing(tx)).pack
    shown, entry = wordings[0]
    line = reading.lines_of(shown, [], tx.today, pack)[list(shown.entries).index(entry)]
    category = pack.content.screening_categories.get(entry.category)
    context = {
        "base": f"/{province}/lists/{shown.kind}",
        "entry": entry,
        "line": line,
        "wordings": wordings,
        "category": category.label if category else entry.category,
        "cite": pack.citation(f"screening_categories.{entry.category}") if category else None,
        "marks": MARKS,
    }
    crumbs = (
        Crumb("负面清单", f"/{province}/lists"),
        Crumb(shown.title, f"/{province}/lists/{shown.kind}"),
        Crumb(code),
    )
    return await public_page(
        request, tx, "negative_list/public/item.html", entry.title, context, here=HERE, crumbs=crumbs
    )


HANDLERS = (list_kinds, list_in_force, list_version, list_file, list_feed, list_comparison, list_item)
