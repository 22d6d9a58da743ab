"""Sign-in, sign-out and the identity provider's back-channel: before a tenant is known."""

from typing import Any

import structlog
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect

from services.administration.glossary import GLOSSARY
from services.administration.screens import screen_of, screens_for
from shared.errors import Forbidden
from shared.ui.links import local_address
from tenants.doubtful_sign_ins import note_refusal
from tenants.identity import SeveralOrganizations, SignInRefused
from tenants.isolation import address_of, cookie_name, form_key_is_ours, load_session, open_edge, state_cookie_name
from tenants.pages import base_context, page
from tenants.registration import is_alias
from tenants.sso import SignedIn, StrongSignInNeeded, begin_sign_in, complete_sign_in, end_session

log = structlog.get_logger()
_HOME = {
    "web_institution": "/institution/",
    "web_science": "/console/",
    "web_department": "/console/",
    "web_finance": "/console/",
    "web_operator": "/operator/",
}


def _cookie(request: Request[Any, Any, Any], name: str, value: str, seconds: int) -> Cookie:
    return Cookie(
        key=name,
        value=value,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.app.state.settings.secure_cookies,
    )


@get("/sign-in", opt={"audience": "anonymous"}, include_in_schema=False)
async def sign_in(request: Request[Any, Any, Any], return_to: str | None = None) -> Response[Any]:
    """Send the browser to the identity provider, or home when there is a session."""
    edge = await load_session(request)
    if edge.session is not None:
        return Redirect(local_address(return_to) or _HOME[edge.session.role], status_code=303)
    chosen = request.query_params.get("organization", "")
    return await _to_the_provider(request, local_address(return_to), organization=chosen if is_alias(chosen) else "")


async def _to_the_provider(request: Request[Any, Any, Any], return_to: str, **wanted: Any) -> Response[Any]:
    state, address = await begin_sign_in(request.app.state.provider, await open_edge(request), return_to, **wanted)
    return Redirect(address, status_code=303, cookies=[_cookie(request, state_cookie_name(request), state, 600)])


@get("/sign-in/callback", opt={"audience": "anonymous"}, include_in_schema=False)
async def callback(request: Request[Any, Any, Any], code: str | None = None, error: str | None = None) -> Response[Any]:
    """The provider's answer becomes a session with a fresh id; anything doubtful becomes a page that says so."""
    try:
        signed_in = await _signed_in(request, "" if error else code or "")
    except StrongSignInNeeded as needed:
        within = int(request.app.state.settings.console_idle_minutes * 60)
        chosen = needed.organization if is_alias(needed.organization) else ""
        return await _to_the_provider(request, needed.return_to, organization=chosen, strong_within=within)
    except SignInRefused as refused:
        await note_refusal(request, refused, "browser")
        choices = [one for one in refused.aliases if is_alias(one)] if isinstance(refused, SeveralOrganizations) else []
        told = {"message": refused.message, "code": refused.code, "choices": choices}
        return page(request, "administration/public/sign_in_refused.html", "登录没有完成", told, status=refused.status)
    hours = request.app.state.settings.session_hours
    return Redirect(
        signed_in.return_to or _HOME[signed_in.audience],
        status_code=303,
        cookies=[
            _cookie(request, cookie_name(request), signed_in.token, int(hours * 3600)),
            _cookie(request, state_cookie_name(request), "", 0),
        ],
    )


async def _signed_in(request: Request[Any, Any, Any], code: str) -> SignedIn:
    """:raises SignInRefused: the provider gave no code, or its answer is not believed."""
    if not code:
        raise SignInRefused("provider", "统一身份认证没有完成登录，请重新登录")
    return await complete_sign_in(
        request.app.state.provider,
        request.app.state.keyring,
        request.app.state.settings,
        await open_edge(request),
        code=code,
        state=request.query_params.get("state", ""),
        cookie_state=request.cookies.get(state_cookie_name(request), ""),
        address=address_of(request),
    )


@post("/sign-out", opt={"audience": "anonymous"}, status_code=303, include_in_schema=False)
async def sign_out(request: Request[Any, Any, Any]) -> Response[Any]:
    """End our session at once; the page then offers the provider's own sign-out as a link.

    Not a redirect to the provider: the Content-Security-Policy's form-action holds for redirects of a POST too.
    """
    edge = await load_session(request)
    form = await request.form()
    if edge.session is None:
        return Redirect("/signed-out", status_code=303)
    if not form_key_is_ours(request.app.state.keyring.form_key, edge.token, str(form.get("form_key", ""))):
        raise Forbidden("页面已过期，请返回上一页刷新后重新提交")
    id_token = await end_session(request.app.state.keyring, edge, edge.token)
    edge.session = None  # the page that follows is nobody's
    expired = _cookie(request, cookie_name(request), "", 0)
    response = page(
        request,
        "administration/public/signed_out.html",
        "已退出登录",
        {"provider_address": request.app.state.provider.end_session_address(id_token) if id_token else ""},
    )
    response.cookies = [*response.cookies, expired]
    response.status_code = 200
    return response


@get("/signed-out", opt={"audience": "anonymous"}, include_in_schema=False)
async def signed_out(request: Request[Any, Any, Any]) -> Response[Any]:
    """Where both sign-outs end."""
    return page(request, "administration/public/signed_out.html", "已退出登录", {"provider_address": ""})


@get("/help", opt={"audience": "anonymous"}, include_in_schema=False)
async def help_page(request: Request[Any, Any, Any]) -> Response[Any]:
    """How to work here, for whoever looks; ``from`` is the address of the screen that is explained first."""
    await load_session(request)
    viewer = base_context(request)["viewer"]
    context = {
        "screen": screen_of(request.query_params.get("from", "")),
        "screens": screens_for(viewer.audience) if viewer else [],
        "glossary": GLOSSARY,
    }
    return page(request, "administration/public/help.html", "使用帮助", context)


@post("/sign-in/backchannel-logout", opt={"audience": "identity provider"}, include_in_schema=False)
async def backchannel_logout(request: Request[Any, Any, Any]) -> Response[str]:
    """The provider ended a session: ours ends at once. Answers 400 to a token that is not believed."""
    form = await request.form()
    try:
        sid, subject = await request.app.state.provider.verified_logout(str(form.get("logout_token", "")))
    except SignInRefused as refused:
        return Response("", status_code=400, headers={"x-reason": refused.code})
    edge = await open_edge(request)
    ended = await edge.driver.fetchval(
        "select app.end_sessions($1, $2, $3)", request.app.state.provider.issuer, sid, subject
    )
    log.info("session.ended_by_provider", count=ended)
    return Response("", status_code=200, headers={"cache-control": "no-store"})


HANDLERS = (sign_in, callback, sign_out, signed_out, help_page, backchannel_logout)
