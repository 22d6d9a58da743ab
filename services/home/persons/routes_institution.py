"""本人信息: what is kept on whoever is signed in, what for, how long, and where else they are named."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post

from services.home.erasing.queries import orders
from services.home.erasing.retention import RETENTION
from services.home.erasing.routes_institution import certificate_of
from services.home.erasing.workflow import COPIES
from services.home.persons import queries, workflow
from services.home.persons.forms import ErasureForm
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound
from shared.forms import read, typed
from shared.ui.page import Crumb, FormState
from tenants.masking import SEEN, institution_roles, table
from tenants.pages import page, redirect, refused, unprocessable
from tenants.people import names_of
from tenants.permissions import labels_of

_SETTINGS = Crumb("单位设置", "/institution/settings")
_ERASING = "home/institution/persons.html"
_REVIEW = "home/institution/person.html"
_PERSONS = Crumb("个人信息删除", "/institution/persons")
_ERASE = {"permission": "institution:person:erase"}

# (what, what for, how long); the purposes are those of the pages that ask for the values.
_KEPT = (
    ("姓名", "台账、公示、申请和协议中载明完成人；办理记录中载明经办人", "随台账和办理记录保存"),
    ("所属部门", "区分同名人员，核对完成人", "随台账保存"),
    ("电子邮箱", "发送到期和办理通知", "随账号保存"),
    ("登录账号标识", "确认登录的是谁；不保存密码", "随账号保存"),
    ("登录设备的网络地址", "识别不是本人的登录；写入操作日志", "登录有效期内；操作日志长期保存"),
)


def kept() -> list[tuple[str, str, str]]:
    """(what, what for, how long): the values of a person, and what names stand in besides."""
    return [*_KEPT, *((one.what, one.why, f"{one.days} 天") for one in RETENTION)]


@get("/settings/me", opt={"permission": "institution:home:read"})
async def my_data(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """Nobody else's: the person of the session alone."""
    found = await queries.find_person(tx, tx.actor.person_id) if tx.actor.person_id else None
    if found is None:
        raise NotFound
    context = {
        "person": found,
        "accounts": [(one.seen_at, labels_of(one.roles or ())) for one in await queries.accounts_of(tx, found.id)],
        "places": await queries.places(tx, found.id),
        "purposes": kept(),
    }
    crumbs = (_SETTINGS, Crumb("本人信息"))
    return page(request, "home/institution/my_data.html", "本人信息", context, crumbs=crumbs)


@get("/settings/me/file", opt={"permission": "institution:home:read"})
async def download_my_data(tx: Transaction) -> Response[bytes]:
    """All that is kept on the person of the session, as JSON: values, accounts, where named, what was sent to them."""
    found = await queries.find_person(tx, tx.actor.person_id) if tx.actor.person_id else None
    if found is None:
        raise NotFound
    said = {
        "姓名": found.name,
        "所属部门": found.unit,
        "电子邮箱": found.email,
        "账号": [
            {"最近登录": one.seen_at, "角色": labels_of(one.roles or ())}
            for one in await queries.accounts_of(tx, found.id)
        ],
        "提到本人的记录": [{"位置": what, "条数": n} for what, n in await queries.places(tx, found.id)],
        "发给本人的消息和邮件": [
            {"时间": one.at, "标题": one.title, "内容": one.text} for one in await queries.messages_to(tx, found.id)
        ],
        "用途和保存期限": [{"信息": what, "用途": why, "保存期限": how_long} for what, why, how_long in kept()],
    }
    await write_audit(tx, "person.download_own", workflow.CASE, found.id, outcome="read")
    headers = {
        "content-disposition": f"attachment; filename=\"my-data.json\"; filename*=UTF-8''{quote('本人信息.json')}",
        "cache-control": "no-store",
    }
    return Response(
        msgspec.json.format(msgspec.json.encode(said), indent=2), media_type="application/json", headers=headers
    )


@get("/settings/privacy", opt={"permission": "institution:home:read"})
async def who_sees_what(request: Request[Any, Any, Any]) -> Response[str]:
    """Which role sees which personal value in full, masked or not at all; how long what is kept."""
    roles = institution_roles()
    shown = [
        (value, [[role.label for role, one in zip(roles, seen, strict=True) if one == word] for word in SEEN])
        for value, seen in table(roles)
    ]
    context = {"rows": shown, "seen": SEEN, "purposes": kept()}
    crumbs = (_SETTINGS, Crumb("谁看得到什么"))
    return page(request, "home/institution/privacy.html", "谁看得到什么", context, crumbs=crumbs)


async def _erasing(tx: Transaction, name: str, form: FormState | None = None) -> dict[str, Any]:
    tombstones = await queries.erased(tx)
    names = await names_of(tx, list({one.actor_id for one in tombstones if one.actor_id}))
    return {
        "name": name,
        "found": [(one, await queries.places(tx, one.id)) for one in await queries.namesakes(tx, name)] if name else [],
        "tombstones": [(one, names.get(one.actor_id, "系统")) for one in tombstones],
        "orders": {one.subject_id: one for one in reversed(await orders(tx, "person"))},
        "periods": RETENTION,
        "me": tx.actor.person_id,
        "form": form or FormState(),
    }


@get("/persons", opt=_ERASE)
async def find_persons(request: Request[Any, Any, Any], tx: Transaction, name: str = "") -> Response[str]:
    """Whom an exact name means, where they are named, and what was erased."""
    context = await _erasing(tx, name.strip()[:80])
    return page(request, _ERASING, "个人信息删除", context, crumbs=(_SETTINGS, Crumb("个人信息删除")))


async def _reviewing(tx: Transaction, person_id: UUID, form: FormState | None = None) -> dict[str, Any]:
    """:raises NotFound: no such person of this institution, or one who is erased already."""
    found = await queries.find_person(tx, person_id)
    if found is None or not found.name:
        raise NotFound
    mentions = [(one, one.excerpts([found.name])) for one in await queries.mentions(tx, found.name)]
    alone = len(await queries.namesakes(tx, found.name)) == 1
    ticked = [one.place for one, _ in mentions] + [COPIES] if alone else []
    return {
        "person": found,
        "mentions": mentions,
        "outside": await queries.outside(tx),
        "copies": COPIES,
        "alone": alone,
        "limit": queries.MENTIONS,
        "form": form or FormState({"mask": ticked}),
    }


@get("/persons/{person_id:uuid}", opt=_ERASE)
async def review_person(request: Request[Any, Any, Any], tx: Transaction, person_id: UUID) -> Response[str]:
    """Where free text says a person's name, for the head to judge before the values are erased."""
    context = await _reviewing(tx, person_id)
    return page(request, _REVIEW, "删除个人信息", context, crumbs=(_PERSONS, Crumb("删除个人信息")))


@post("/persons/{person_id:uuid}/erase", opt=_ERASE)
async def erase_person(request: Request[Any, Any, Any], tx: Transaction, person_id: UUID) -> Response[Any]:
    """Empty a person's values, with the reason."""
    values = typed(await request.form(), ["mask"])
    form, errors = read(ErasureForm, values)
    if form is None:
        context = await _reviewing(tx, person_id, FormState(values, errors))
        return unprocessable(request, tx, _REVIEW, "删除个人信息", context, crumbs=(_PERSONS, Crumb("删除个人信息")))
    found = await queries.find_person(tx, person_id)
    shown = [one.place for one in await queries.mentions(tx, found.name)] if found is not None and found.name else []
    spared = sorted({*shown, COPIES} - set(form.mask))
    refusal = await workflow.erase(tx, person_id, form.reason, spared)
    if refusal is not None:
        return refused(request, tx, refusal, back="/institution/persons")
    return redirect(tx, "/institution/persons", done="done")


@get("/persons/orders/{order_id:uuid}", opt=_ERASE)
async def show_erasure(request: Request[Any, Any, Any], tx: Transaction, order_id: UUID) -> Response[str]:
    """The signed certificate of an erasure."""
    context = await certificate_of(tx, request, order_id, "person")
    return page(request, "home/institution/erased.html", "清除证明", context, crumbs=(_PERSONS, Crumb("清除证明")))


HANDLERS = (my_data, download_my_data, who_sees_what, find_persons, review_person, erase_person, show_erasure)
