"""本人信息: what is kept on whoever is signed in, what for, how long, and where else they are named."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.home.persons import queries, workflow
from services.home.persons.forms import ErasureForm
from shared.db.transaction import Transaction
from shared.errors import NotFound
from shared.forms import read, typed
from shared.ui.page import Crumb, FormState
from tenants.pages import page, redirect, refused, unprocessable
from tenants.people import names_of
from tenants.permissions import labels_of

_SETTINGS = Crumb("单位设置", "/institution/settings")
_ERASING = "home/institution/persons.html"
_ERASE = {"permission": "institution:person:erase"}

# (what, what for, how long); the purposes are those of the pages that ask for the values.
_KEPT = (
    ("姓名", "台账、公示、申请和协议中载明完成人；办理记录中载明经办人", "随台账和办理记录保存"),
    ("所属部门", "区分同名人员，核对完成人", "随台账保存"),
    ("电子邮箱", "发送到期和办理通知", "随账号保存"),
    ("登录账号标识", "确认登录的是谁；不保存密码", "随账号保存"),
    ("登录设备的网络地址", "识别不是本人的登录；写入操作日志", "登录有效期内；操作日志长期保存"),
)


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
        "kept": _KEPT,
    }
    crumbs = (_SETTINGS, Crumb("本人信息"))
    return page(request, "home/institution/my_data.html", "本人信息", context, crumbs=crumbs)


async def _erasing(tx: Transaction, name: str, form: FormState | None = None) -> dict[str, Any]:
    tombstones = await queries.erased(tx)
    names = await names_of(tx, list({one.actor_id for one in tombstones if one.actor_id}))
    return {
        "name": name,
        "found": [(one, await queries.places(tx, one.id)) for one in await queries.namesakes(tx, name)] if name else [],
        "tombstones": [(one, names.get(one.actor_id, "系统")) for one in tombstones],
        "me": tx.actor.person_id,
        "form": form or FormState(),
    }


@get("/persons", opt=_ERASE)
async def find_persons(request: Request[Any, Any, Any], tx: Transaction, name: str = "") -> Response[str]:
    """Whom an exact name means, where they are named, and what was erased."""
    context = await _erasing(tx, name.strip()[:80])
    return page(request, _ERASING, "个人信息删除", context, crumbs=(_SETTINGS, Crumb("个人信息删除")))


@post("/persons/{person_id:uuid}/erase", opt=_ERASE)
async def erase_person(request: Request[Any, Any, Any], tx: Transaction, person_id: UUID) -> Response[Any]:
    """Empty a person's values, with the reason."""
    values = typed(await request.form())
    form, errors = read(ErasureForm, values)
    if form is None:
        context = await _erasing(tx, str(values.get("name", ""))[:80], FormState(values, errors))
        return unprocessable(request, tx, _ERASING, "个人信息删除", context)
    refusal = await workflow.erase(tx, person_id, form.reason)
    if refusal is not None:
        return refused(request, tx, refusal, back="/institution/persons")
    return redirect(tx, "/institution/persons", done="done")


HANDLERS = (my_data, find_persons, erase_person)
