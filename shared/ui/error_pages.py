"""What error pages say in Chinese: what happened and what the person can do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ErrorWords:
    """What an error page says; ``steps`` are what the person can try."""

    title: str
    message: str
    steps: tuple[str, ...] = ()


WORDS: Final[Mapping[int, ErrorWords]] = {
    400: ErrorWords(
        "请求有误", "浏览器发来的内容不完整或格式不对。", ("返回上一页，刷新后重试", "不要直接修改地址栏中的参数")
    ),
    401: ErrorWords(
        "请先登录", "您还没有登录，或者登录已超时。", ("登录后会回到原来的页面", "已自动保存的草稿不会丢失")
    ),
    403: ErrorWords("没有权限", "您的角色没有办理此事项的权限。", ("需要办理的，请联系本单位管理员调整角色",)),
    404: ErrorWords("没有找到", "没有找到该页面或记录。", ("检查地址是否完整", "从菜单或查找重新进入")),
    405: ErrorWords("不支持这种操作", "该地址不接受这种请求方式。", ("返回上一页，通过页面上的按钮办理",)),
    409: ErrorWords("事项已有变化", "您打开页面以后，该事项已由他人办理。", ("刷新页面，查看最新进展后再办理",)),
    413: ErrorWords(
        "上传内容过大", "上传的文件超过了大小限制，没有保存。", ("按页面写明的大小限制拆分或压缩后再上传",)
    ),
    422: ErrorWords("填写有误", "提交的内容没有通过检查，没有保存。", ("返回上一页，按提示修改后重新提交",)),
    423: ErrorWords(
        "本单位已暂停使用",
        "可以查阅和导出，不能办理；本次提交没有保存。",
        ("恢复使用后再办理", "暂停的原因请向平台运维了解"),
    ),
    429: ErrorWords("操作过于频繁", "短时间内请求过多，请稍后再试。", ("等待一分钟后重试",)),
    500: ErrorWords(
        "系统出错", "系统处理时出现错误，本次操作没有生效。", ("稍后重试", "多次出现的，请把报修编号告诉管理员")
    ),
    503: ErrorWords("服务暂时不可用", "系统正在维护或者暂时繁忙，本次操作没有生效。", ("一两分钟后刷新页面",)),
}


def error_words(status: int) -> ErrorWords:
    """The words for an HTTP status; an unknown one speaks like the first of its hundred."""
    return WORDS.get(status) or WORDS[500 if status >= 500 else 400]
