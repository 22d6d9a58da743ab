"""Which object each part of an address names: routes as the application has them, filled in with the ids of an owner."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from litestar import Litestar

from tests.architecture.routes import handlers

# Routes that nobody's data stands behind, with the reason; each has its own tests.
APART = {
    "/clock": "the demo clock, refused outside the demo",
    "/clock/progress": "the demo clock, refused outside the demo",
    "/csp-report": "stores nothing",
    "/healthz": "asks for no session",
    "/readyz": "asks for no session",
    "/sign-in": "before a session",
    "/sign-in/backchannel-logout": "the identity provider's call",
    "/sign-in/callback": "before a session",
    "/sign-out": "ends the session that is walked with",
    "/signed-out": "after a session",
}
_PARAMETER = re.compile(r"\{(\w+)\}")
# Words of an address that name no object: the same for every owner.
WORDS = {
    "province": "its own",
    "year": "2025",
    "report": "annual_report",
    "version": "1",
    "form": "json",
    "receipt": "YJ20260316-72ZBHSYT",  # nobody looks it up: the visitor has just been given it
    "ordinal": "2",
    "day": "2027-01-01",
}
# What a word is where the part alone does not say it: (beginning of the address, part) to the word.
_WORDS_AT = {
    ("/institution/claims/", "name"): "confirm",
    ("/institution/deliveries/targets/", "name"): "pause",
    ("/institution/ledger/{achievement_id}/moves/", "name"): "revoke",
    ("/institution/ledger/{achievement_id}/agency/", "act"): "end",
    ("/institution/dossiers/", "kind"): "achievement",
    ("/{province}/lists/", "kind"): "empowerment",
    ("/operator/calendar/years/", "year"): "2027",
}
# Part to kind of object; the longest beginning of the address decides.
_KINDS = {
    ("", "achievement_id"): "achievement",
    ("", "application_id"): "application",
    ("", "disclosure_id"): "disclosure",
    ("", "import_id"): "import",
    ("", "notice_id"): "notice",
    ("", "objection_id"): "objection",
    ("", "claim_id"): "claim",
    ("", "delegation_id"): "delegation",
    ("", "target_id"): "target",
    ("", "delivery_id"): "delivery",
    ("", "sheet_id"): "sheet",
    ("", "entry_id"): "entry",
    ("", "batch_id"): "batch",
    ("", "export_id"): "export",
    ("", "archive_id"): "archive",
    ("", "view_id"): "view",
    ("", "handover_id"): "handover",
    ("", "payment_id"): "payment",
    ("", "paper_id"): "paper",
    ("", "client_id"): "client",
    ("", "message_id"): "message",
    ("", "document_id"): "document",
    ("", "person_id"): "person",
    ("", "membership_id"): "membership",
    ("", "activation_id"): "activation",
    ("", "submission_id"): "submission",
    ("", "aggregate_id"): "aggregate",
    ("", "opinion_id"): "opinion",
    ("", "reference"): "session",
    ("", "tenant_id"): "tenant",
    ("", "task_id"): "task",
    ("", "round_id"): "round",
    ("", "code"): "code",
    ("", "case_id"): "achievement",
    ("/institution/disclosures", "paper_id"): "disclosed_paper",
    ("/api/disclosures", "paper_id"): "disclosed_paper",
    ("/institution/screening", "round_id"): "screening",
    ("/institution/persons", "order_id"): "person_order",
    ("/institution/secrecy", "order_id"): "secret_order",
    ("/institution/secrecy", "achievement_id"): "secret",
    ("/institution/reports/internal", "version_id"): "internal",
    ("/institution/ledger/{achievement_id}/payments", "achievement_id"): "sold",
    ("/console/lists", "version_id"): "draft",
    ("/console/lists", "code"): "draft_code",
    ("/console/policy", "version_id"): "pack_version",
}


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one address; ``parts``: the objects that it names, (part, kind), outermost first."""

    method: str
    address: str
    audience: str
    permission: str
    parts: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return f"{self.method} {self.address}"

    def filled(self, ids: Mapping[str, str]) -> str:
        """The address with the words and with ``ids``, kind to id."""
        kinds = dict(self.parts)

        def held(part: re.Match[str]) -> str:
            name = part.group(1)
            if name == "province":
                return ids["province"]
            return ids[kinds[name]] if name in kinds else word_of(self.address, name)

        return _PARAMETER.sub(held, self.address)


def routes(app: Litestar) -> list[Route]:
    """Every route that data may stand behind."""
    return list(_routes(app))


def _routes(app: Litestar) -> Iterator[Route]:
    for address, methods, handler in handlers(app):
        if address in APART or address.startswith(("/schema", "/assets", "/static")):
            continue
        audience = str(handler.opt.get("audience", "-"))
        names = [name for name in _PARAMETER.findall(address) if not _is_word(address, name)]
        parts = tuple((name, kind_of(address, name)) for name in names)
        for method in methods.split("/"):
            yield Route(method, address, audience, str(handler.opt.get("permission", "-")), parts)


def word_of(address: str, part: str) -> str:
    return next(
        (word for (at, name), word in _WORDS_AT.items() if name == part and address.startswith(at)), WORDS.get(part, "")
    )


def _is_word(address: str, part: str) -> bool:
    return bool(word_of(address, part))


def kind_of(address: str, part: str) -> str:
    """The kind of object that a part of an address names.

    :raises LookupError: a new part: say its kind here, and make one in ``unit.py`` or ``province.py``.
    """
    found = [(len(at), kind) for (at, name), kind in _KINDS.items() if name == part and address.startswith(at)]
    if not found:
        raise LookupError(f"{part} in {address}: what does it name?")
    return max(found)[1]
