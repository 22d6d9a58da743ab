"""The composition root: one line per slice, four audiences, one edge."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.types import ControllerRouterHandler

from services.administration import routes_institution as administration_institution
from services.administration import routes_public as administration_public
from services.administration.accounts import routes_institution as accounts_institution
from services.administration.archiving import routes_institution as archiving_institution
from services.administration.calendar import routes_operator as calendar_operator
from services.administration.delegating import routes_institution as delegating_institution
from services.administration.documents import routes_institution as documents_institution
from services.administration.front import routes_public as front_public
from services.administration.machines import routes_institution as machines_institution
from services.administration.merging import routes_operator as merging_operator
from services.administration.own import routes_console as own_console
from services.administration.own import routes_institution as own_institution
from services.administration.own import routes_operator as own_operator
from services.administration.policy import routes_console as policy_console
from services.administration.policy import routes_institution as policy_institution
from services.administration.registry import routes_operator as registry_operator
from services.administration.setting import routes_institution as setting_institution
from services.annual_report import api as reports_api
from services.annual_report import routes_institution as reports_institution
from services.annual_report.internal import routes_institution as internal_institution
from services.annual_report.reminding import routes_console as reminding_console
from services.annual_report.reviewing import routes_console as reports_console
from services.dossier import routes_institution as dossier_institution
from services.edge import Edge
from services.empowerment import routes_institution as empowerment_institution
from services.empowerment.applying import api as applying_api
from services.empowerment.applying import routes_institution as applying_institution
from services.empowerment.proceeding import routes_institution as proceeding_institution
from services.empowerment.reviewing import routes_institution as reviewing_institution
from services.empowerment.signing import api as signing_api
from services.empowerment.signing import routes_institution as signing_institution
from services.errors import EXCEPTION_HANDLERS
from services.health import HEALTH
from services.home import routes_console as home_console
from services.home import routes_institution as home_institution
from services.home import routes_operator as home_operator
from services.home import routes_public as home_public
from services.home.aggregates import routes_console as aggregates_console
from services.home.dashboard import routes_institution as dashboard_institution
from services.home.erasing import routes_institution as erasing_institution
from services.home.mine import routes_institution as mine_institution
from services.home.overview import routes_console as overview_console
from services.home.persons import routes_institution as persons_institution
from services.home.pushing import routes_institution as pushing_institution
from services.home.searching import routes_console as searching_console
from services.home.timeline import routes_institution as timeline_institution
from services.home.training import routes_institution as training_institution
from services.home.workbench import routes_institution as workbench_institution
from services.home.workbench import routes_operator as workbench_operator
from services.ledger import api as ledger_api
from services.ledger import routes_institution as ledger_institution
from services.ledger.accounting import routes_institution as accounting_institution
from services.ledger.bulk import routes_institution as bulk_institution
from services.ledger.changing import api as changing_api
from services.ledger.claiming import routes_institution as claiming_institution
from services.ledger.disclosure import api as disclosure_api
from services.ledger.disclosure import routes_institution as disclosure_institution
from services.ledger.evidence import api as evidence_api
from services.ledger.evidence import routes_institution as evidence_institution
from services.ledger.exits import routes_institution as exits_institution
from services.ledger.helping import routes_console as helping_console
from services.ledger.helping import routes_institution as helping_institution
from services.ledger.importing import api as importing_api
from services.ledger.importing import routes_institution as importing_institution
from services.ledger.losses import routes_institution as losses_institution
from services.ledger.marking import api as marking_api
from services.ledger.marking import routes_institution as marking_institution
from services.ledger.ownership import routes_institution as ownership_institution
from services.ledger.papers import routes_institution as papers_institution
from services.ledger.payments import routes_institution as payments_institution
from services.ledger.rights import routes_institution as rights_institution
from services.ledger.screening import routes_institution as screening_institution
from services.ledger.stages import api as stages_api
from services.ledger.stages import routes_institution as stages_institution
from services.ledger.views import routes_institution as views_institution
from services.negative_list import routes_console as lists_console
from services.negative_list.drafting import routes_console as drafting_console
from services.negative_list.opinions import routes_console as opinions_console
from services.negative_list.opinions import routes_public as opinions_public
from services.negative_list.publication import routes_public as lists_public
from services.negative_list.publication.cache import KeptPages
from services.notices import api as notices_api
from services.notices import routes_institution as notices_institution
from services.pilot import routes_console as pilot_console
from services.pilot import routes_public as pilot_public
from shared.api_description import ACCEPTED, api_description, described
from shared.db.engine import make_engine
from shared.documents.scanner import Scanner
from shared.keys.keyring import Keyring
from shared.settings import Settings, settings
from shared.storage.objects import ObjectStore
from shared.ui.asset_serving import assets_handler
from shared.ui.headers import SecurityHeaders, csp_report
from tenants.identity import IdentityProvider
from tenants.isolation import audience_guard, public_transaction, session_transaction
from tenants.machine import machine_guard, machine_transaction
from tenants.pages import MenuEntry, SearchBox

PUBLIC: tuple[ControllerRouterHandler, ...] = (
    *front_public.HANDLERS,
    *lists_public.HANDLERS,
    *opinions_public.HANDLERS,
    *pilot_public.HANDLERS,
)
INSTITUTION: tuple[ControllerRouterHandler, ...] = (
    *workbench_institution.HANDLERS,
    *home_institution.HANDLERS,
    *timeline_institution.HANDLERS,
    *dashboard_institution.HANDLERS,
    *mine_institution.HANDLERS,
    *administration_institution.HANDLERS,
    *setting_institution.HANDLERS,
    *own_institution.HANDLERS,
    *accounts_institution.HANDLERS,
    *delegating_institution.HANDLERS,
    *machines_institution.HANDLERS,
    *persons_institution.HANDLERS,
    *pushing_institution.HANDLERS,
    *erasing_institution.HANDLERS,
    *training_institution.HANDLERS,
    *policy_institution.HANDLERS,
    *ledger_institution.HANDLERS,
    *disclosure_institution.HANDLERS,
    *evidence_institution.HANDLERS,
    *claiming_institution.HANDLERS,
    *importing_institution.HANDLERS,
    *views_institution.HANDLERS,
    *papers_institution.HANDLERS,
    *bulk_institution.HANDLERS,
    *stages_institution.HANDLERS,
    *rights_institution.HANDLERS,
    *losses_institution.HANDLERS,
    *ownership_institution.HANDLERS,
    *helping_institution.HANDLERS,
    *screening_institution.HANDLERS,
    *documents_institution.HANDLERS,
    *archiving_institution.HANDLERS,
    *marking_institution.HANDLERS,
    *payments_institution.HANDLERS,
    *exits_institution.HANDLERS,
    *accounting_institution.HANDLERS,
    *notices_institution.HANDLERS,
    *empowerment_institution.HANDLERS,
    *applying_institution.HANDLERS,
    *proceeding_institution.HANDLERS,
    *reviewing_institution.HANDLERS,
    *signing_institution.HANDLERS,
    *reports_institution.HANDLERS,
    *internal_institution.HANDLERS,
    *dossier_institution.HANDLERS,
)
CONSOLE: tuple[ControllerRouterHandler, ...] = (
    *overview_console.HANDLERS,
    *searching_console.HANDLERS,
    *home_console.HANDLERS,
    *lists_console.HANDLERS,
    *drafting_console.HANDLERS,
    *opinions_console.HANDLERS,
    *pilot_console.HANDLERS,
    *reports_console.HANDLERS,
    *reminding_console.HANDLERS,
    *aggregates_console.HANDLERS,
    *helping_console.HANDLERS,
    *policy_console.HANDLERS,
    *own_console.HANDLERS,
)
OPERATOR: tuple[ControllerRouterHandler, ...] = (
    *workbench_operator.HANDLERS,
    *home_operator.HANDLERS,
    *registry_operator.HANDLERS,
    *merging_operator.HANDLERS,
    *calendar_operator.HANDLERS,
    *own_operator.HANDLERS,
)
API: tuple[HTTPRouteHandler, ...] = (
    *ledger_api.HANDLERS,
    *changing_api.HANDLERS,
    *stages_api.HANDLERS,
    *disclosure_api.HANDLERS,
    *evidence_api.HANDLERS,
    *marking_api.HANDLERS,
    *importing_api.HANDLERS,
    *applying_api.HANDLERS,
    *signing_api.HANDLERS,
    *notices_api.HANDLERS,
    *reports_api.HANDLERS,
)
MENU: tuple[MenuEntry, ...] = (
    *front_public.MENU,
    *lists_public.MENU,
    *opinions_public.MENU,
    *pilot_public.MENU,
    *lists_console.MENU,
    *pilot_console.MENU,
    *workbench_institution.MENU,
    *overview_console.MENU,
    *workbench_operator.MENU,
    *registry_operator.MENU,
    *calendar_operator.MENU,
    *administration_institution.MENU,
    *accounts_institution.MENU,
    *delegating_institution.MENU,
    *machines_institution.MENU,
    *own_console.MENU,
    *own_operator.MENU,
    *empowerment_institution.MENU,
    *ledger_institution.MENU,
    *disclosure_institution.MENU,
    *importing_institution.MENU,
    *screening_institution.MENU,
    *marking_institution.MENU,
    *notices_institution.MENU,
    *reports_institution.MENU,
    *internal_institution.MENU,
    *exits_institution.MENU,
    *dashboard_institution.MENU,
    *pushing_institution.MENU,
    *mine_institution.MENU,
    *erasing_institution.MENU,
    *reports_console.MENU,
    *helping_console.MENU,
    *aggregates_console.MENU,
    *policy_institution.MENU,
    *policy_console.MENU,
)

SEARCH: tuple[SearchBox, ...] = (*ledger_institution.SEARCH, *searching_console.SEARCH)


def _signed_in(path: str, handlers: Sequence[ControllerRouterHandler]) -> Router:
    audience = path.strip("/")
    return Router(
        path,
        route_handlers=handlers,
        guards=[audience_guard(audience)],
        dependencies={"tx": Provide(session_transaction)},
        opt={"audience": audience},
        include_in_schema=False,
    )


def routers() -> list[ControllerRouterHandler]:
    """Every audience's router; an audience is a path, a guard and a database role."""
    return [
        assets_handler,
        csp_report,
        *HEALTH,
        *administration_public.HANDLERS,
        *home_public.HANDLERS,
        Router(
            "/",
            route_handlers=PUBLIC,
            dependencies={"tx": Provide(public_transaction)},
            opt={"audience": "public"},
            include_in_schema=False,
        ),
        _signed_in("/institution", INSTITUTION),
        _signed_in("/console", CONSOLE),
        _signed_in("/operator", OPERATOR),
        Router(
            "/api",
            route_handlers=described(API),
            guards=[machine_guard],
            security=ACCEPTED,
            dependencies={"tx": Provide(machine_transaction)},
            opt={"audience": "api"},
        ),
    ]


@asynccontextmanager
async def _lifespan(app: Litestar) -> AsyncIterator[None]:
    configuration: Settings = app.state.settings
    app.state.engine = make_engine(
        configuration.database_web_url.get_secret_value(), pool_size=configuration.database_pool_size, application="web"
    )
    app.state.provider = IdentityProvider(configuration)
    try:
        yield
    finally:
        await app.state.engine.dispose()


def create_app(configuration: Settings | None = None) -> Litestar:
    """The web application of one installation."""
    configured = configuration or settings()
    app = Litestar(
        route_handlers=routers(),
        state=State(
            {
                "settings": configured,
                "keyring": Keyring(configured.key_directory),
                "objects": ObjectStore(configured),
                "scanner": Scanner(configured.scanner_url, configured.scanner_seconds),
                "menu": MENU,
                "search": SEARCH,
            }
        ),
        lifespan=[_lifespan],
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=api_description(configured.oidc_issuer),
        request_max_body_size=configured.upload_limit_bytes,
        multipart_form_part_limit=2000,
        logging_config=None,
        debug=False,
        pdb_on_exception=False,
    )
    # Around the router itself, since Litestar's own middleware does not see what no route matches.
    kept = KeptPages(app.asgi_handler, configured.public_url)
    app.asgi_handler = SecurityHeaders(Edge(kept), https=configured.secure_cookies)
    return app
