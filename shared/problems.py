"""Problem documents (RFC 9457): what the API answers when something was refused or went wrong."""

from typing import Any

from litestar import Response

from shared.errors import Refusal
from shared.observability import metrics
from shared.policy.answer import as_json


def problem(status: int, title: str, **members: Any) -> Response[dict[str, Any]]:
    """A problem document; members that are None are left out."""
    content = {"type": "about:blank", "title": title, "status": status, **members}
    return Response(
        {name: value for name, value in content.items() if value is not None},
        status_code=status,
        media_type="application/problem+json",
    )


def refusal_problem(refusal: Refusal) -> Response[dict[str, Any]]:
    """The problem document of a refusal: code, message, citation and inputs, as the page shows them."""
    metrics.refusals.labels(refusal.code).inc()
    citation = refusal.citation
    return problem(
        refusal.status,
        refusal.message,
        code=refusal.code,
        citation=as_json(citation) if citation else None,
        inputs=as_json(refusal.inputs) or None,
        findings=[as_json(finding) for finding in refusal.findings] or None,
    )
