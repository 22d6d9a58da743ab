"""What a file seems to be, told by its first bytes: a file that is no workbook is answered with what it is instead."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import PurePath

# What is done about it: most things that look like a ledger are opened and saved anew, the others are no ledger at all.
_SAVE_ANEW = "请用 Excel 或 WPS 打开后另存为 .xlsx 再上传。"
_COPY_TABLE = "请把其中的台账表格复制到 Excel 或 WPS 中，另存为 .xlsx 再上传。"
_CHOOSE_ANOTHER = "请选择填有台账的 .xlsx、.xls 或 .csv 文件。"
_UNPACK = "请先解压，再上传其中的台账文件。"

_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "PDF 文件", _COPY_TABLE),
    (b"{\\rtf", "RTF 文档", _COPY_TABLE),
    (b"\x89PNG", "PNG 图片", _CHOOSE_ANOTHER),
    (b"\xff\xd8\xff", "JPEG 图片", _CHOOSE_ANOTHER),
    (b"GIF8", "GIF 图片", _CHOOSE_ANOTHER),
    (b"II*\x00", "TIFF 图片", _CHOOSE_ANOTHER),
    (b"MZ", "Windows 程序", _CHOOSE_ANOTHER),
    (b"\x7fELF", "程序文件", _CHOOSE_ANOTHER),
    (b"Rar!\x1a\x07", "RAR 压缩包", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "7z 压缩包", _UNPACK),
    (b"\x1f\x8b\x08", "gzip 压缩包", _UNPACK),
)
_HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|table|meta)\b", re.I | re.S)
_XML = re.compile(rb"\s*<\?xml\b", re.I)
_SPREADSHEET_XML = b"urn:schemas-microsoft-com:office:spreadsheet"
# Parts of an archive that tell its kind; the first that is there decides.
_PARTS: tuple[tuple[str, str, str], ...] = (
    ("xl/workbook.bin", "Excel 二进制工作簿（.xlsb）", _SAVE_ANEW),
    ("word/document.xml", "Word 文档（.docx）", _COPY_TABLE),
    ("ppt/presentation.xml", "演示文稿（.pptx）", _COPY_TABLE),
)
_OPEN_DOCUMENT = {
    b"application/vnd.oasis.opendocument.spreadsheet": ("OpenDocument 表格（.ods）", _SAVE_ANEW),
    b"application/vnd.oasis.opendocument.text": ("OpenDocument 文档（.odt）", _COPY_TABLE),
}
_OLE_STREAMS = (
    ("WordDocument", "Word 文档（.doc）", _COPY_TABLE),
    ("PowerPoint Document", "演示文稿（.ppt）", _COPY_TABLE),
)
TEXT_ENDINGS = frozenset({".csv", ".tsv", ".txt"})
_TOLD_ENDINGS = TEXT_ENDINGS | {".xlsx", ".xls", ".xlsm", ".xltx", ".et"}

Seems = tuple[str, str]
"""What a file seems to be, and what to do about it, both as sentences of an answer in Chinese."""


def seems_binary_or_markup(data: bytes) -> Seems | None:
    """What a file that is neither zip nor OLE is instead of text; None where it may well be text."""
    head = data[:4096].removeprefix(b"\xef\xbb\xbf")
    for magic, name, advice in _MAGIC:
        # Two letters alone may be the beginning of a text.
        if head.startswith(magic) and (len(magic) > 2 or b"\x00" in head):
            return name, advice
    if _HTML.match(head):
        return "网页（HTML）", _SAVE_ANEW
    if _XML.match(head):
        return ("XML 表格（2003 格式）", _SAVE_ANEW) if _SPREADSHEET_XML in head else ("XML 文件", _CHOOSE_ANOTHER)
    return None


def seems_archive(data: bytes) -> Seems:
    """What a zip archive is that has no workbook in it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = frozenset(archive.namelist())
            kind = archive.open("mimetype").read(100) if "mimetype" in names else b""
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError):
        names, kind = frozenset(), b""
    if kind.strip() in _OPEN_DOCUMENT:
        return _OPEN_DOCUMENT[kind.strip()]
    return next(((name, advice) for part, name, advice in _PARTS if part in names), ("zip 压缩包", _UNPACK))


def seems_ole(data: bytes) -> Seems:
    """What an old Office file is that has no workbook in it."""
    found = ((name, advice) for stream, name, advice in _OLE_STREAMS if stream.encode("utf-16-le") in data)
    return next(found, ("旧格式的 Office 文件，其中没有工作簿", _CHOOSE_ANOTHER))


def named_as_text(file_name: str) -> bool:
    """Whether a name promises text: only then is text read as a table; no name promises nothing, and is believed."""
    ending = PurePath(file_name).suffix.lower()
    return ending in TEXT_ENDINGS or not ending


def contradiction(file_name: str, what: str) -> str:
    """What the name says and what the content is, as one clause; of a name only a known ending is told."""
    ending = PurePath(file_name).suffix.lower()
    named = f"文件名虽以 {ending} 结尾，" if ending in _TOLD_ENDINGS else ""
    return f"{named}内容看起来是{' ' if what[0].isascii() else ''}{what}"


SEEMS_TEXT: Seems = (
    "纯文本",
    "若是 CSV，请把文件名的结尾改为 .csv；否则请用 Excel 或 WPS 打开后另存为 .xlsx 再上传。",
)
SEEMS_UNKNOWN: Seems = ("无法识别的文件", _CHOOSE_ANOTHER)
