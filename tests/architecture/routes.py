"""The table of routes: address, methods, audience, permission, database role. ``python -m tests.architecture.routes`` prints it."""

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

ROLES = {
    "public": "web_public",
    "institution": "web_institution",
    "console": "web_science | web_department | web_finance",
    "operator": "web_operator",
    "api": "web_institution",
}
# Routes that are answered before any tenant is known, with the reason for which each may be.
BEFORE_A_TENANT = {
    "anonymous": "sign-in, sign-out and help: definer functions only",
    "machine": "health: definer functions only",
    "identity provider": "back-channel logout: a signed token, definer functions only",
    "demo": "the demo clock: definer functions only, refused outside demo mode",
    "browser": "reports of the Content-Security-Policy: nothing is stored",
}


def handlers(app: Litestar) -> list[tuple[str, str, HTTPRouteHandler]]:
    """(address, methods, handler) of every HTTP route, sorted."""
    found = []
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                methods = "/".join(
                    sorted(method for method in handler.http_methods if method not in ("OPTIONS", "HEAD"))
                )
                if methods:
                    found.append((route.path_format, methods, handler))
    return sorted(found, key=lambda entry: entry[:2])


def line(address: str, methods: str, handler: HTTPRouteHandler) -> str:
    audience = str(handler.opt.get("audience", "-"))
    guards = " ".join(sorted(getattr(guard, "__name__", "?") for guard in handler.resolve_guards())) or "-"
    permission = str(handler.opt.get("permission", "-"))
    return f"{methods:5} {address}  audience={audience} guard={guards} permission={permission} role={ROLES.get(audience, '-')}"


def table(app: Litestar) -> str:
    return "\n".join(line(*entry) for entry in handlers(app)) + "\n"


if __name__ == "__main__":
    import os

    os.environ.setdefault("CHENGGUO_MODE", "test")
    os.environ.setdefault("CHENGGUO_DATABASE_WEB_URL", "postgresql://web@localhost/none")
    os.environ.setdefault("CHENGGUO_OIDC_ISSUER", "http://127.0.0.1:9/realms/none")
    from services.app import create_app

    print(table(create_app()), end="")
