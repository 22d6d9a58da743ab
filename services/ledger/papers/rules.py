"""What may be kept as a paper: files that everybody can open and that are what their first bytes say."""

from services.ledger.reading.secrecy import says_secret
from shared.documents.scans import beyond_a_scan
from shared.documents.sniffing import contradiction, seems_binary_or_markup

TYPES = ("pdf", "jpg", "jpeg", "png")
SIZE_LIMIT = 20 * 1024 * 1024
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
_NOT_SHOWN = "内容看起来不是 PDF 或图片"


def media_type(content: bytes) -> str | None:
    """What the bytes are; None for anything that is not kept. The name of a file proves nothing."""
    return next((kind for magic, kind in _MAGIC if content.startswith(magic)), None)


def fault(file_name: str, content: bytes) -> str | None:
    """Why a file is not kept, as the sentence of the form; None where it may be."""
    if not content:
        return "请选择文件；文件不能是空的"
    if len(content) > SIZE_LIMIT:
        return f"文件超过 {SIZE_LIMIT // 1024 // 1024} MB，请压缩扫描件后再上传"
    if says_secret(file_name):
        return "文件名带有密级标志，疑似涉及国家秘密，没有保存；请立即报告本单位保密工作机构"
    if media_type(content) is None:
        seems = seems_binary_or_markup(content)
        told = contradiction(file_name, seems[0]) if seems is not None else _NOT_SHOWN
        return f"{told}，没有保存；请上传 PDF、JPG 或 PNG 扫描件"
    beyond = beyond_a_scan(content)
    return f"{beyond}，没有保存；请把文件重新打印或扫描为普通的 PDF、JPG 或 PNG 后再上传" if beyond else None
