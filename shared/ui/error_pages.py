"""Error pages in Chinese: what happened, what the person can do, and the way back, in the frame of their audience."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from shared.ui.page import Audience, Page
from shared.ui.rendering import render


@dataclass(frozen=True, slots=True)
class ErrorWords:
    """What an error page says; ``steps`` are what the person can try."""

    title: str
    message: str
    steps: tuple[str, ...] = ()


WORDS: Final[Mapping[int, ErrorWords]] = {
    400: ErrorWords("请求有误", "浏览器发来的内容不完整或格式不对。", ("返回上一页，刷新后重试", "不要直接修改地址栏中的参数")),
    401: ErrorWords("请先登录", "您还没有登录，或者登录已超时。", ("登录后会回到原来的页面", "已自动保存的草稿不会丢失")),
    403: ErrorWords("没有权限", "您的角色没有办理此事项的权限。", ("需要办理的，请联系本单位管理员调整角色",)),
    404: ErrorWords("没有找到", "没有找到该页面或记录。", ("检查地址是否完整", "从菜单或查找重新进入")),
    405: ErrorWords("不支持这种操作", "该地址不接受这种请求方式。", ("返回上一页，通过页面上的按钮办理",)),
    409: ErrorWords("事项已有变化", "您打开页面以后，该事项已由他人办理。", ("刷新页面，查看最新进展后再办理",)),
    413: ErrorWords("上传内容过大", "上传的文件超过了大小限制，没有保存。", ("按页面写明的大小限制拆分或压缩后再上传",)),
    422: ErrorWords("填写有误", "提交的内容没有通过检查，没有保存。", ("返回上一页，按提示修改后重新提交",)),
    429: ErrorWords("操作过于频繁", "短时间内请求过多，请稍后再试。", ("等待一分钟后重试",)),
    500: ErrorWords("系统出错", "系统处理时出现错误，本次操作没有生效。", ("稍后重试", "多次出现的，请把报修编号告诉管理员")),
    503: ErrorWords("服务暂时不可用", "系统正在维护或者暂时繁忙，本次操作没有生效。", ("一两分钟后刷新页面",)),
}
_HOMES: Final[Mapping[Audience, tuple[str, str]]] = {
    "public": ("返回首页", "/"),
    "institution": ("返回工作台", "/institution/"),
    "console": ("返回工作台", "/console/"),
    "operator": ("返回运维首页", "/operator/"),
}


def render_error(
    status: int,
    *,
    audience: Audience,
    context: Mapping[str, Any] | None = None,
    title: str = "",
    message: str = "",
    reference: str = "",
) -> str:
    """The page for an HTTP status.

    ``context`` is the shell's context as far as it is known: with a viewer the page stands in the signed-in shell, for
    the public in the public one, else in a bare frame that needs nothing. ``reference`` is shown for 500 and 503 only: a 404
    must be the same, byte for byte, for what does not exist and what belongs to another.
    """
    words = WORDS.get(status, WORDS[500 if status >= 500 else 400])
    known = dict(context or {})
    layout = "shell.html" if known.get("viewer") else "public.html" if audience == "public" else "bare.html"
    home = _HOMES[audience]
    ways = [("登录", "/sign-in"), home] if status == 401 else [home]
    title = title or words.title
    known["page"] = replace(known.get("page") or Page(title), title=title, crumbs=(), subtitle="")
    known |= {
        "layout": layout,
        "status": status,
        "title": title,
        "message": message or words.message,
        "steps": words.steps,
        "ways": ways,
        "reference": reference if status >= 500 else "",
    }
    return render("errors/error.html", known)
