"""本人信息: what is kept on whoever is signed in, what for, how long, and where else they are named."""

from typing import Any

from litestar import Request, Response, get

from services.administration.persons import queries
from shared.db.transaction import Transaction
from shared.errors import NotFound
from shared.ui.page import Crumb
from tenants.pages import page
from tenants.permissions import labels_of

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
    crumbs = (Crumb("单位设置", "/institution/settings"), Crumb("本人信息"))
    return page(request, "administration/institution/my_data.html", "本人信息", context, crumbs=crumbs)


HANDLERS = (my_data,)
