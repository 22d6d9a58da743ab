"""The provider's addresses, shaped like Keycloak's. Below the realm's path; handlers load, call the provider, answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from litestar import MediaType, Request, Response, get, post, route
from litestar.datastructures import Cookie, State

from deploy.demo.identity.guests import guest_named
from deploy.demo.identity.pages import STYLE_SHEET, problem_page, sign_in_page, sign_out_page
from deploy.demo.identity.provider import Provider, UnknownClientError
from deploy.demo.identity.sessions import RefusedError, Session, SignInRequest
from deploy.demo.people import BY_USERNAME

_PROTOCOL = "/protocol/openid-connect"
_COOKIE = "demo_identity"
_STYLE_PATH = "/assets/sign-in.css"

Asked = Request[Any, Any, State]


def _provider(request: Asked) -> Provider:
    provider = request.app.state.provider
    assert isinstance(provider, Provider)
    return provider


async def _values(request: Asked) -> dict[str, str]:
    """Query for GET, form for POST; the first of repeated values."""
    given: Any = request.query_params if request.method == "GET" else await request.form()
    values: dict[str, str] = {}
    for key, value in given.multi_items():
        values.setdefault(str(key), str(value))
    return values


def _style(request: Asked) -> str:
    return _provider(request).configuration.path + _STYLE_PATH


def _back(address: str, values: Mapping[str, str]) -> Response[str]:
    joint = "&" if "?" in address else "?"
    filled = {key: value for key, value in values.items() if value}
    target = f"{address}{joint}{urlencode(filled)}" if filled else address
    return Response("", status_code=303, headers={"location": target})


def _oauth_error(error: RefusedError) -> Response[dict[str, str]]:
    status = 401 if error.error == "unauthorized_client" else 400
    return Response({"error": error.error, "error_description": str(error)}, status_code=status)


def _bearer(request: Asked) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


@get("/.well-known/openid-configuration")
async def discovery(request: Asked) -> dict[str, Any]:
    return _provider(request).discovery()


@get(f"{_PROTOCOL}/certs")
async def certs(request: Asked) -> dict[str, Any]:
    return _provider(request).keys.public()


@get(_STYLE_PATH, media_type=MediaType.TEXT)
async def style_sheet() -> Response[str]:
    return Response(STYLE_SHEET, media_type="text/css; charset=utf-8")


@route(f"{_PROTOCOL}/auth", http_method=["GET", "POST"], status_code=200)
async def authorise(request: Asked) -> Response[str]:
    """The sign-in page; straight back to the client if the browser has a session already."""
    provider, values = _provider(request), await _values(request)
    try:
        provider.checked_client(values)
    except UnknownClientError as error:
        return problem_page("无法登录", str(error), _style(request))
    issuer = provider.configuration.issuer
    try:
        asked = provider.sign_in_request(values)
    except RefusedError as error:
        refusal = {"error": error.error, "error_description": str(error), "state": values.get("state", "")}
        return _back(values["redirect_uri"], refusal | {"iss": issuer})
    prompts = values.get("prompt", "").split()
    session = provider.desk.session_of_cookie(request.cookies.get(_COOKIE, ""))
    if session is not None and "login" not in prompts and not _too_old(session, values.get("max_age", "")):
        return _with_code(provider, asked, session)
    if "none" in prompts:
        return _back(asked.redirect_uri, {"error": "login_required", "state": asked.state, "iss": issuer})
    action = f"{provider.configuration.path}/login-actions/authenticate"
    folder = provider.configuration.key_folder
    return sign_in_page(action, provider.desk.open_page(asked), asked.redirect_uri, _style(request), folder)


@post("/login-actions/authenticate", status_code=303)
async def pick_person(request: Asked) -> Response[str]:
    """The person picked on the sign-in page; `session_code` ties the answer to the page that was shown."""
    provider, values = _provider(request), await _values(request)
    asked = provider.desk.take_page(values.get("session_code", ""))
    if asked is None:
        return problem_page("登录已超时", "此登录页面已失效，请回到平台重新登录。", _style(request))
    username = values.get("username", "")
    person = BY_USERNAME.get(username) or guest_named(provider.configuration.key_folder, username)
    if person is None:
        return problem_page("无法登录", "没有这位演示人员。", _style(request))
    before = provider.desk.session_of_cookie(request.cookies.get(_COOKIE, ""))
    if before is not None:
        await provider.end(before.sid)
    session = provider.desk.sign_in(person)
    answer = _with_code(provider, asked, session)
    answer.set_cookie(_cookie(provider, session.cookie))
    return answer


def _too_old(session: Session, max_age: str) -> bool:
    return max_age.isdigit() and time.time() - session.started_at > int(max_age)


def _cookie(provider: Provider, value: str, max_age: int | None = None) -> Cookie:
    path = provider.configuration.path
    return Cookie(_COOKIE, path=path, value=value, max_age=max_age, httponly=True, samesite="lax")


def _with_code(provider: Provider, asked: SignInRequest, session: Session) -> Response[str]:
    return _back(
        asked.redirect_uri,
        {
            "state": asked.state,
            "session_state": session.sid,
            "iss": provider.configuration.issuer,
            "code": provider.desk.give_code(asked, session),
        },
    )


@post(f"{_PROTOCOL}/token", status_code=200)
async def token(request: Asked) -> Response[dict[str, Any]] | Response[dict[str, str]]:
    provider, form = _provider(request), await _values(request)
    try:
        client = provider.authenticated(form, request.headers.get("authorization", ""))
        return Response(provider.tokens(form, client))
    except RefusedError as error:
        return _oauth_error(error)


@post(f"{_PROTOCOL}/token/introspect", status_code=200)
async def introspect(request: Asked) -> Response[dict[str, Any]] | Response[dict[str, str]]:
    provider, form = _provider(request), await _values(request)
    try:
        client = provider.authenticated(form, request.headers.get("authorization", ""))
    except RefusedError as error:
        return _oauth_error(error)
    claims = provider.active_claims(form.get("token", ""))
    if claims is None or claims["aud"] != client.client_id:
        return Response({"active": False})
    return Response({**claims, "active": True, "username": claims["preferred_username"], "client_id": claims["azp"]})


@route(f"{_PROTOCOL}/userinfo", http_method=["GET", "POST"], status_code=200)
async def userinfo(request: Asked) -> Response[dict[str, Any]]:
    claims = _provider(request).userinfo(_bearer(request))
    if claims is None:
        refusal = {"error": "invalid_token", "error_description": "Token verification failed"}
        return Response(refusal, status_code=401, headers={"www-authenticate": 'Bearer error="invalid_token"'})
    return Response(claims)


@route(f"{_PROTOCOL}/logout", http_method=["GET", "POST"], status_code=200)
async def logout(request: Asked) -> Response[Any]:
    """RP-initiated logout with `id_token_hint`, a back-end logout with `refresh_token`, or the page's own button."""
    provider, values = _provider(request), await _values(request)
    if request.method == "POST" and values.get("refresh_token"):
        return await _back_end_logout(request, provider, values)
    action, style = f"{provider.configuration.path}{_PROTOCOL}/logout", _style(request)
    hint = provider.keys.read(values["id_token_hint"]) if values.get("id_token_hint") else None
    if values.get("id_token_hint") and (hint is None or hint.get("typ") != "ID"):
        return problem_page("无法退出", "退出请求中的令牌无效。", style)
    client = provider.configuration.clients.get(str((hint or {}).get("azp")) or values.get("client_id", ""))
    target = values.get("post_logout_redirect_uri", "")
    if target and (client is None or target not in client.post_logout_uris):
        return problem_page("无法退出", "应用给出的返回地址未登记。", style)
    if hint is None and values.get("confirm") != "yes":
        return sign_out_page(action, style, done=False)
    current = provider.desk.session_of_cookie(request.cookies.get(_COOKIE, ""))
    for sid in {str((hint or {}).get("sid", "")), current.sid if current else ""}:
        await provider.end(sid)
    answer: Response[Any] = (
        _back(target, {"state": values.get("state", "")}) if target else sign_out_page(action, style, done=True)
    )
    answer.set_cookie(_cookie(provider, "", max_age=0))
    return answer


async def _back_end_logout(request: Asked, provider: Provider, values: Mapping[str, str]) -> Response[Any]:
    try:
        client = provider.authenticated(values, request.headers.get("authorization", ""))
    except RefusedError as error:
        return _oauth_error(error)
    grant = provider.desk.grant_of(values["refresh_token"])
    if grant is None or grant.client_id != client.client_id:
        return _oauth_error(RefusedError("invalid_grant", "Invalid refresh token"))
    await provider.end(grant.session.sid)
    return Response(None, status_code=204)


HANDLERS = (
    discovery,
    certs,
    style_sheet,
    authorise,
    pick_person,
    token,
    introspect,
    userinfo,
    logout,
)
