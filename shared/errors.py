"""What a request can end with besides success, said once for pages, the API, the audit log and tests.

A :class:`Refusal` is returned, never raised: the verb changed nothing, its decision and audit row stand. The other
classes are raised; the transaction rolls back and the edge answers with the matching page or problem document.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from shared.policy.answer import Answer, Citation, Finding, Verdict

RefusalKind = Literal["rule", "state", "permission"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A move that was not made, and why.

    ``citation`` names document, article, quote and pack version; it is None only where no rule text speaks (a state that
    someone else changed). Rules that hold no pack give ``articles`` instead, paths of a pack where the text speaks of it: the
    first that the governing pack has becomes the citation when the verb refuses. ``inputs`` are what was judged, ``told``
    the same in words for pages, (label, value). ``status`` is the HTTP status: 409 for state, 422 for a rule.
    """

    code: str
    message: str
    citation: Citation | None = None
    findings: tuple[Finding, ...] = ()
    kind: RefusalKind = "rule"
    needs_person: bool = False
    inputs: dict[str, Any] = field(default_factory=dict)
    banner: str = ""
    articles: tuple[str, ...] = ()
    told: tuple[tuple[str, str], ...] = ()

    @property
    def status(self) -> int:
        return 409 if self.kind == "state" else 422

    @classmethod
    def of(cls, answer: Answer) -> "Refusal | None":
        """The refusal that an answer amounts to; None when the move may go on (allowed or advised)."""
        if answer.allowed:
            return None
        blocking = tuple(f for f in answer.findings if f.verdict in (Verdict.REFUSED, Verdict.PERSON_MUST_DECIDE))
        first = answer.gravest
        return cls(
            code=first.code if first else answer.question,
            message=first.message if first else "该事项需由有权人员决定",
            citation=first.citation if first else None,
            findings=blocking,
            needs_person=answer.verdict is Verdict.PERSON_MUST_DECIDE,
            inputs=dict(first.inputs) if first else {},
            banner=answer.banner,
        )


def stale(message: str, *articles: str, **inputs: Any) -> Refusal:
    """The case is not in a state for it; ``articles`` say, as paths of a pack, where the text speaks of the act."""
    return Refusal(code="state.stale", message=message, kind="state", inputs=inputs, articles=articles)


def lost_race(message: str) -> Refusal:
    """Somebody else was quicker by a moment: no rule is behind it, so no article is named."""
    return Refusal(code="state.stale", message=message, kind="state")


class ApplicationError(Exception):
    """Base of what is raised to the edge."""

    status = 500
    title = "系统出错"

    def __init__(self, message: str = "", **details: Any) -> None:
        super().__init__(message or self.title)
        self.message = message or self.title
        self.details = details


class NotFound(ApplicationError):
    """The object does not exist, or belongs to another tenant: the answer is the same, byte for byte."""

    status = 404
    title = "没有找到该页面或记录"


class NotSignedIn(ApplicationError):
    status = 401
    title = "请先登录"


class Forbidden(ApplicationError):
    """The person's roles do not hold the permission within their own tenant."""

    status = 403
    title = "您的角色没有办理此事项的权限"


class Conflict(ApplicationError):
    status = 409
    title = "该事项已被他人办理"


class TagMissing(ApplicationError):
    """A change that does not say which state of the thing it was made on."""

    status = 428
    title = "请先读取该记录，并在请求头 If-Match 中给出读到的 ETag"


class Overtaken(ApplicationError):
    """The thing is no longer as it was when its ETag was read."""

    status = 412
    title = "该记录在读取之后已被更正，本次没有办理；请重新读取后再改"


class Suspended(ApplicationError):
    """The tenant is suspended: it goes on reading and exporting, and writes nothing."""

    status = 423
    title = "本单位已暂停使用：可以查阅和导出，不能办理"

    def __init__(self) -> None:
        super().__init__(code="tenant.suspended")


class TooLarge(ApplicationError):
    status = 413
    title = "上传的内容超过限制"


class TooMany(ApplicationError):
    """Rate limit; ``details["retry_after"]`` in seconds."""

    status = 429
    title = "操作过于频繁，请稍后再试"


class Unavailable(ApplicationError):
    status = 503
    title = "服务暂时不可用，请稍后再试"


class UploadRefused(ApplicationError):
    """A file that is not taken whatever it was sent for; the edge keeps an audit row of it, though nothing else was done."""

    status = 422

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class QueryInvalid(ApplicationError):
    """An address asks for what there is not; ``details["errors"]`` names each parameter with what is allowed."""

    status = 400
    title = "请求参数有误，请按提示修改"

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(self.title, errors=errors)


class FormInvalid(ApplicationError):
    """Bad input: every wrong field at once, values kept.

    ``details["errors"]`` is ``{field: message}`` in the order of the form.
    """

    status = 422
    title = "填写有误，请按提示修改"

    def __init__(self, errors: dict[str, str], values: dict[str, Any] | None = None) -> None:
        super().__init__(self.title, errors=errors, values=values or {})
        self.errors = errors
        self.values = values or {}
