"""How the API describes itself where the framework cannot know: problem documents, the token, the idempotency key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import (
    Components,
    OAuthFlow,
    OAuthFlows,
    OpenAPIFormat,
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    Parameter,
    RequestBody,
    Schema,
    SecurityScheme,
)

TOKEN = "client_credentials"
CREDENTIAL = "credential"
ACCEPTED: list[dict[str, list[str]]] = [{TOKEN: []}, {CREDENTIAL: []}]
"""Either of the two opens the API."""
_PROBLEMS = {
    400: "请求有误：参数、正文或幂等键",
    401: "没有令牌，或令牌无效、已过期、不是发给本平台的",
    403: "该接口账号没有此项权限",
    404: "没有这条记录，或不属于本单位",
    409: "与现状冲突：已被他人办理，或当前状态不可办理",
    413: "上传的内容超过限制",
    423: "单位已暂停使用，只能读取",
    422: "按政策规则不予办理（附依据），或填写有误（逐项列出）",
    503: "服务暂时不可用，请稍后再试",
}
_MATCHING = {412: "记录在读取之后已变化", 428: "没有给出 If-Match"}
_READING = (400, 401, 403, 404, 503)


class Problem(msgspec.Struct, omit_defaults=True):
    """A problem document (RFC 9457). A refusal carries code, citation, inputs and findings; wrong fields stand in errors."""

    type: str
    title: str
    status: int
    code: str | None = None
    citation: dict[str, Any] | None = None
    inputs: dict[str, Any] | None = None
    findings: list[dict[str, Any]] | None = None
    errors: dict[str, str] | list[dict[str, Any]] | None = None
    request_id: str | None = None


@dataclass
class Writing(Operation):
    """An operation that changes something: it asks for an idempotency key."""

    def __post_init__(self) -> None:
        key = Parameter(
            name="Idempotency-Key",
            param_in="header",
            required=True,
            description="本次操作的唯一键（如 UUID）；重复发送同一键只办理一次。保留 7 天。",
            schema=Schema(type=OpenAPIType.STRING, max_length=80),
        )
        self.parameters = [*(self.parameters or []), key]


@dataclass
class Matching(Writing):
    """An operation that changes something as it was read: it asks for its ETag."""

    def __post_init__(self) -> None:
        super().__post_init__()
        tag = Parameter(
            name="If-Match",
            param_in="header",
            required=True,
            description="读取该记录时得到的 ETag；记录已变化时回答 412，没有给出时回答 428。",
            schema=Schema(type=OpenAPIType.STRING, max_length=80),
        )
        self.parameters = [*(self.parameters or []), tag]


@dataclass
class Uploading(Writing):
    """An operation whose body is a file."""

    def __post_init__(self) -> None:
        super().__post_init__()
        file = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        form = Schema(type=OpenAPIType.OBJECT, properties={"file": file}, required=["file"])
        self.request_body = RequestBody(
            required=True,
            content={
                "application/octet-stream": OpenAPIMediaType(schema=file),
                "multipart/form-data": OpenAPIMediaType(schema=form),
            },
        )


@dataclass
class UploadingPaper(Writing):
    """An operation whose body is a form with a scanned paper and what is said of it: ``said`` names the fields beside
    ``file`` and ``kind``.
    """

    said: ClassVar[Mapping[str, str]] = {}

    def __post_init__(self) -> None:
        super().__post_init__()
        file = Schema(
            type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY, description="PDF、JPG 或 PNG 扫描件，20 MB 以内"
        )
        told = {"kind": "材料种类，政策包的代码", **self.said}
        fields = {name: Schema(type=OpenAPIType.STRING, description=words) for name, words in told.items()}
        form = Schema(type=OpenAPIType.OBJECT, properties={"file": file, **fields}, required=["file", "kind"])
        self.request_body = RequestBody(required=True, content={"multipart/form-data": OpenAPIMediaType(schema=form)})


def answers(status: int, content: type[Any], description: str) -> dict[int, ResponseSpec]:
    """``responses`` of a handler whose refusals are answers of another shape."""
    return {status: ResponseSpec(content, description=description, generate_examples=False)}


def described(handlers: Sequence[HTTPRouteHandler]) -> Sequence[HTTPRouteHandler]:
    """The same handlers; each names the problem documents that it may answer, and a writing one its key."""
    for handler in handlers:
        writing = not handler.http_methods.isdisjoint({"POST", "PATCH", "PUT"})
        if writing and handler.operation_class is Operation:
            handler.operation_class = Writing
        statuses = _READING if not writing else _PROBLEMS | (_MATCHING if handler.operation_class is Matching else {})
        problems = {
            status: ResponseSpec(
                Problem,
                description=(_PROBLEMS | _MATCHING)[status],
                media_type="application/problem+json",
                generate_examples=False,
            )
            for status in statuses
        }
        handler.responses = problems | dict(handler.responses or {})
    return handlers


def api_description(issuer: str) -> OpenAPIConfig:
    """The document at ``/schema/openapi.json``. ``issuer`` is where a machine gets its token."""
    flow = OAuthFlow(token_url=f"{issuer}/protocol/openid-connect/token", scopes={})
    scheme = SecurityScheme(
        type="oauth2",
        description="统一身份认证的接口账号（client credentials）",
        flows=OAuthFlows(client_credentials=flow),
    )
    credential = SecurityScheme(
        type="http",
        scheme="bearer",
        description="本单位系统管理员在“接口凭据”中新建的密钥，只能办理选定的事项；密钥本身就是令牌，不另外换取",
    )
    return OpenAPIConfig(
        title="成果平台接口",
        version="1.0.0",
        path="/schema",
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        components=Components(security_schemes={TOKEN: scheme, CREDENTIAL: credential}),
    )
