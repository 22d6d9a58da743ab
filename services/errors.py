"""From exception to answer: Chinese pages for people, RFC 9457 problem documents for machines."""

from typing import Any
from urllib.parse import urlsplit

import structlog
from asyncpg.exceptions import (
    CharacterNotInRepertoireError,
    ReadOnlySQLTransactionError,
    UntranslatableCharacterError,
)
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.db.engine import CONNECTION_LOST
from shared.errors import ApplicationError, Forbidden, NotFound, NotSignedIn, Suspended, UploadRefused
from shared.observability import metrics
from shared.problems import problem, refusal_problem
from shared.ui.links import local_address
from tenants.isolation import Replay
from tenants.pages import page

log = structlog.get_logger()

_TITLES = {
    400: "请求有误",
    401: "请先登录",
    403: "您的角色没有办理此事项的权限",
    404: "没有找到该页面或记录",
    405: "该地址不支持此操作",
    409: "该事项已被他人办理",
    412: "该记录在读取之后已被更正",
    413: "上传的内容超过限制",
    415: "不支持该内容类型",
    422: "填写有误，请按提示修改",
    423: "本单位已暂停使用：可以查阅和导出，不能办理",
    428: "请在请求头 If-Match 中给出 ETag",
    429: "操作过于频繁，请稍后再试",
    500: "系统出错，您填写的内容没有保存",
    503: "服务暂时不可用，请稍后再试",
}

# SQLSTATE: connection exceptions, stopped, crashed, cannot connect now, too many connections
_AWAY = frozenset({"080", "57P", "533"})

# Where somebody is led whose roles do not open the first page of their audience: an administrator, or a newcomer without any.
_OWN_PAGES = {
    "/institution": "/institution/settings/permissions",
    "/console": "/console/permissions",
    "/operator": "/operator/permissions",
}

_UNSTORABLE = (CharacterNotInRepertoireError, UntranslatableCharacterError)


def is_api(request: Request[Any, Any, Any]) -> bool:
    path = request.scope["path"]
    return path.startswith(("/api", "/schema", "/healthz", "/readyz"))


def _answer(request: Request[Any, Any, Any], status: int, message: str, **details: Any) -> Response[Any]:
    if is_api(request):
        answer = problem(status, message, **details)
        if status == 401:
            answer.headers["www-authenticate"] = "Bearer"
        return answer
    headers = {"retry-after": str(details["retry_after"])} if "retry_after" in details else {}
    return error_page(request, status, message, details, headers)


def error_page(
    request: Request[Any, Any, Any], status: int, message: str, details: dict[str, Any], headers: dict[str, str]
) -> Response[str]:
    """The Chinese page of an error, in the shell of whoever looks."""
    return page(
        request,
        "errors/error.html",
        _TITLES.get(status, message),
        {"status": status, "message": message, "details": details},
        status=status,
        headers=headers,
    )


def on_application_error(request: Request[Any, Any, Any], error: ApplicationError) -> Response[Any]:
    if isinstance(error, Replay):
        return _replayed(request, error)
    if isinstance(error, NotSignedIn) and not is_api(request) and request.method in ("GET", "HEAD"):
        return Redirect("/sign-in", status_code=303, query_params={"return_to": request.url.path})
    if isinstance(error, Forbidden) and request.url.path.rstrip("/") in _OWN_PAGES:
        return Redirect(_OWN_PAGES[request.url.path.rstrip("/")], status_code=303)
    if isinstance(error, NotSignedIn) and not is_api(request):
        return _answer(request, 401, error.message, return_to=_page_before(request))
    if isinstance(error, NotFound):
        return _answer(request, 404, _TITLES[404])
    if isinstance(error, UploadRefused):
        return _upload_refused(request, error)
    # A form shows again what was typed; a machine knows what it sent.
    details = (
        {name: value for name, value in error.details.items() if name != "values"} if is_api(request) else error.details
    )
    return _answer(request, error.status, error.message, **details)


def _upload_refused(request: Request[Any, Any, Any], error: UploadRefused) -> Response[Any]:
    if is_api(request):
        return refusal_problem(error.refusal)
    metrics.refusals.labels(error.refusal.code).inc()
    context = {"refusal": error.refusal, "back": _page_before(request)}
    return page(request, "refusal.html", "没有办理", context, status=error.status)


def _page_before(request: Request[Any, Any, Any]) -> str:
    """The page of ours whose form was sent: what the form posts to may have no page of its own."""
    before = urlsplit(request.headers.get("referer", ""))
    return local_address(before.path) if before.netloc == request.headers.get("host") else ""


def _replayed(request: Request[Any, Any, Any], replay: Replay) -> Response[Any]:
    first = replay.outcome
    if first.address and not is_api(request):
        return Redirect(first.address, status_code=303)
    headers = (
        {"location": first.address, "idempotent-replay": "true"} if first.address else {"idempotent-replay": "true"}
    )
    return Response({"replayed": True, "address": first.address}, status_code=first.status, headers=headers)


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    status = error.status_code
    details = {"errors": error.extra} if status == 400 and error.extra and is_api(request) else {}
    answer = _answer(request, status, _TITLES.get(status, _TITLES[500 if status >= 500 else 400]), **details)
    # What the framework knows of the fault, such as the methods that an address allows.
    answer.headers.update(error.headers or {})
    return answer


def on_database_error(request: Request[Any, Any, Any], error: DBAPIError) -> Response[Any]:
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if isinstance(error, (OperationalError, InterfaceError)) or error.connection_invalidated or state[:3] in _AWAY:
        return _answer(request, 503, "数据库暂时不可用，请稍后再试；已提交的内容没有丢失")
    if state == ReadOnlySQLTransactionError.sqlstate:
        return on_read_only(request, error)
    if state in {kind.sqlstate for kind in _UNSTORABLE}:
        return on_unstorable(request, error)
    return on_anything(request, error)


def on_unstorable(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """PostgreSQL keeps no NUL; nothing of the request was kept either."""
    return _answer(request, 400, "内容里有不能保存的空字符（U+0000），请删去后重新提交")


def on_read_only(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The database itself held a suspended tenant's writing back: it was suspended after the request had begun."""
    return on_application_error(request, Suspended())


def on_connection_lost(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    log.error("database.unavailable", exc_info=error)
    return _answer(request, 503, "数据库暂时不可用，请稍后再试；已提交的内容没有丢失")


def on_anything(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    log.error("request.error", exc_info=(type(error), error, error.__traceback__))
    if is_api(request):
        return problem(500, _TITLES[500], request_id=request.scope["state"].get("request_id"))
    try:
        return error_page(request, 500, _TITLES[500], {}, {})
    except Exception:  # the page itself may be what failed
        return Response(_TITLES[500], status_code=500, media_type=MediaType.TEXT)


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    ApplicationError: on_application_error,
    HTTPException: on_http_exception,
    DBAPIError: on_database_error,
    PoolTimeout: on_connection_lost,
    OSError: on_connection_lost,
    **dict.fromkeys(CONNECTION_LOST, on_connection_lost),
    **dict.fromkeys(_UNSTORABLE, on_unstorable),
    ReadOnlySQLTransactionError: on_read_only,
    Exception: on_anything,
}
