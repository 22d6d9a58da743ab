"""What a scan must not hold beside its pages: a PDF that acts, one that nobody can look into, a file that is two at once.

Nothing here renders: the bytes are kept as sent and handed out as an attachment, so that what is looked for is what the
programs of whoever opens it would run, unpack or choke on. A file that is merely broken harms nobody and is let through.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator

_MARKUP = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|svg|iframe|object|\?php)\b", re.I)
_HEAD = 1024
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
# Long names are looked for everywhere, since a stray "stream" could hide an object; the short one would turn up by chance
# in packed pictures and is looked for outside of them only.
_ACTIVE = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|SubmitForm|ImportData|GoToE|XFA)(?![A-Za-z])|/JS(?=[\s(<\[/])"
)
_ACTIVE_ANYWHERE = re.compile(rb"/(?:JavaScript|EmbeddedFiles?|RichMedia|SubmitForm|ImportData)(?![A-Za-z])")
_ENCRYPTED = re.compile(rb"/Encrypt(?=[\s<])")
_PACKED_OBJECTS = b"/ObjStm"
_UNPACKED_AT_MOST = 64 * 2**20
_ESCAPES_AT_MOST = 100_000
_PIXELS_AT_MOST = 200_000_000
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}

_ACTS = "PDF 中带有脚本、附件或会自动执行的动作"
_LOCKED = "PDF 设有密码或权限限制，无法查验"
_TWO_AT_ONCE = "文件中夹带了压缩包或网页"
_BOMB = "文件解压后的内容异常庞大"
_TOO_MANY_PIXELS = "图片的尺寸异常巨大"
_BROKEN_PICTURE = "图片已损坏，读不出尺寸"


def beyond_a_scan(content: bytes) -> str | None:
    """What a PDF, PNG or JPEG holds that no scan has, as a clause in Chinese; None where it is a plain one."""
    if _MARKUP.search(content[:_HEAD]) or zipfile.is_zipfile(io.BytesIO(content)):
        return _TWO_AT_ONCE
    if content.startswith(b"%PDF-"):
        return _in_pdf(content)
    size = _png_size(content) if content.startswith(_PNG) else _jpeg_size(content)
    if size is None or 0 in size:
        return _BROKEN_PICTURE
    return _TOO_MANY_PIXELS if size[0] * size[1] > _PIXELS_AT_MOST else None


def _in_pdf(content: bytes) -> str | None:
    if _MARKUP.search(content, max(content.rfind(b"%%EOF"), 0)):
        return _TWO_AT_ONCE
    streams = list(_streams(content))
    places = [0, *(place for begin, end in streams for place in (begin, end)), len(content)]
    outside = _named_plainly(b" ".join(content[a:b] for a, b in zip(places[::2], places[1::2], strict=True)))
    if outside is None or _ACTIVE.search(outside) or _ACTIVE_ANYWHERE.search(content):
        return _ACTS
    if _ENCRYPTED.search(outside):
        return _LOCKED
    left = _UNPACKED_AT_MOST
    for begin, end in streams:
        # The dictionary of a stream stands right before it; objects may be packed, and then hold the names.
        if _PACKED_OBJECTS not in (_named_plainly(content[max(0, begin - 400) : begin]) or b""):
            continue
        objects = _unpacked(content[begin:end].lstrip(b"\r\n"), left + 1)
        left -= len(objects)
        if left < 0:
            return _BOMB
        named = _named_plainly(objects)
        if named is None or _ACTIVE.search(named):
            return _ACTS
    return None


def _streams(content: bytes) -> Iterator[tuple[int, int]]:
    """Where the packed parts begin and end; one pass, however often either word stands there."""
    end = 0
    while (begin := content.find(b"stream", end)) >= 0:
        begin += len(b"stream")
        end = content.find(b"endstream", begin)
        if end < 0:
            return
        yield begin, end
        end += len(b"endstream")


def _named_plainly(text: bytes) -> bytes | None:
    """Names may be written with escapes: /J#61vaScript is /JavaScript. None where there are more than anybody writes."""
    if text.count(b"#") > _ESCAPES_AT_MOST:
        return None
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), text)


def _unpacked(packed: bytes, at_most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, at_most)
    except zlib.error:
        return packed


def _png_size(content: bytes) -> tuple[int, int] | None:
    head = content[8:24]
    if len(head) < 16 or head[4:8] != b"IHDR":
        return None
    return int.from_bytes(head[8:12]), int.from_bytes(head[12:16])


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Width and height of the first frame, found by walking the segments."""
    place = 2
    while place + 9 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == 0xFF:
            return None  # fill bytes are lawful, and written by nobody
        elif marker in _JPEG_FRAMES:
            return int.from_bytes(content[place + 7 : place + 9]), int.from_bytes(content[place + 5 : place + 7])
        else:
            place += 2 + max(2, int.from_bytes(content[place + 2 : place + 4]))
    return None
