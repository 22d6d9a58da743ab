"""Every route is on a reviewed list with its audience, guard, permission and database role."""

from pathlib import Path

from tests.architecture.routes import BEFORE_A_TENANT, ROLES, handlers, table
from tests.web import Site

SNAPSHOT = Path(__file__).parent / "routes.txt"


async def test_the_table_of_routes_is_the_reviewed_one(site: Site) -> None:
    """After a deliberate change: ``python -m tests.architecture.routes > tests/architecture/routes.txt``, and review it."""
    assert table(site.app) == SNAPSHOT.read_text("utf-8")


async def test_every_route_of_an_audience_has_its_guard_and_permission(site: Site) -> None:
    faults = []
    for address, methods, handler in handlers(site.app):
        audience = handler.opt.get("audience")
        guards = [getattr(guard, "__name__", "?") for guard in handler.resolve_guards()]
        if audience in ("institution", "console", "operator"):
            sound = guards == [f"{audience}_guard"] and str(handler.opt.get("permission", "")).startswith(
                f"{audience}:"
            )
        elif audience == "api":
            sound = guards == ["machine_guard"] and str(handler.opt.get("permission", "")).startswith("institution:")
        elif audience == "public":
            sound = not guards
        else:
            sound = audience in BEFORE_A_TENANT or address.startswith(("/schema", "/assets"))
        if not sound:
            faults.append((methods, address, audience, guards))
    assert faults == []


def test_every_audience_has_its_database_role() -> None:
    assert set(ROLES.values()) == {
        "web_public", "web_institution", "web_operator", "web_science | web_department | web_finance",
    }  # fmt: skip
