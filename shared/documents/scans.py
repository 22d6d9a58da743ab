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
from itertools import islice

_MARKUP = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|svg|iframe|object|\?php)\b", re.I)
_HEAD = 1024


def _name(*names: bytes) -> bytes:
    """A pattern of names as a PDF may spell them: /J#61vaScript is /JavaScript."""
    return b"/(?:" + b"|".join(b"".join(b"(?:%c|#(?i:%02x))" % (c, c) for c in name) for name in names) + b")"


# Long names are looked for everywhere, since a stray "stream" could hide an object; the short one would turn up by chance
# in packed pictures and is looked for outside of them only.
_ACTIVE = re.compile(
    _name(
        b"JavaScript", b"Launch", b"EmbeddedFile", b"EmbeddedFiles", b"RichMedia", b"SubmitForm", b"ImportData", b"GoToE"
    )
    + rb"(?![A-Za-z])|"
    + _name(b"XFA")
    + rb"(?=[\s(<\[/])"
)  # fmt: skip
_SCRIPT = re.compile(_name(b"JS") + rb"(?=[\s(<\[/])")
_ENCRYPTED = re.compile(_name(b"Encrypt") + rb"(?=[\s<])")
_PACKED_OBJECTS = re.compile(_name(b"ObjStm"))
# What nobody packs objects with, and what would hide their names from whoever looks.
_ODD_PACKING = re.compile(_name(b"ASCIIHexDecode", b"ASCII85Decode", b"RunLengthDecode", b"LZWDecode", b"AHx", b"A85"))
_BEGINS_AS_PACKED = re.compile(rb"\s*(?:\d+\s+\d+\s|\Z)")
_LOOSE = re.compile(rb"[(%]")
_PACKED_AT_MOST = 20_000
_UNPACKED_AT_MOST = 64 * 2**20
_PIECE = 2**14
_PIXELS_AT_MOST = 200_000_000
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}

_ACTS = "PDF 中带有脚本、附件或会自动执行的动作"
_LOCKED = "PDF 设有密码、权限限制或不常见的压缩方式，无法查验"
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
    if _ACTIVE.search(content) or _SCRIPT.search(_beside_streams(content)):
        return _ACTS
    return _LOCKED if _ENCRYPTED.search(content) else _in_packed_objects(content)


def _in_packed_objects(content: bytes) -> str | None:
    """Objects may be packed, and then hold the names. What says so anywhere must be followed by objects that can be read."""
    places = [found.end() for found in islice(_PACKED_OBJECTS.finditer(content), _PACKED_AT_MOST + 1)]
    if len(places) > _PACKED_AT_MOST:
        return _BOMB
    if places and _ODD_PACKING.search(content):
        return _LOCKED
    left, begin = _UNPACKED_AT_MOST, -1
    for place in places:
        if place <= begin:
            continue  # the same stream is still the next one
        begin = content.find(b"stream", place)
        if begin < 0:
            return None
        # In a string or a remark the word begins nothing: what stands behind it there is not what is unpacked.
        spelt = _LOOSE.search(content, place, begin) is None
        objects = _unpacked(content, begin + len(b"stream"), left + 1) if spelt else None
        if objects is None or not _BEGINS_AS_PACKED.match(objects):
            return _LOCKED
        left -= len(objects)
        if left < 0:
            return _BOMB
        if _ACTIVE.search(objects) or _SCRIPT.search(objects):
            return _ACTS
    return None


def _beside_streams(content: bytes) -> bytes:
    places = [0, *(place for one in _streams(content) for place in one), len(content)]
    return b" ".join(content[a:b] for a, b in zip(places[::2], places[1::2], strict=True))


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


def _unpacked(content: bytes, begin: int, at_most: int) -> bytes | None:
    """What is packed from there on; cut off where the file is. None where it is packed in no way that is read here."""
    while content[begin : begin + 1] in (b"\r", b"\n"):
        begin += 1
    unpacking, unpacked = zlib.decompressobj(), b""
    try:
        # In pieces, since the end is known to the packing alone: the word "endstream" may stand in the middle of it.
        for place in range(begin, len(content), _PIECE):
            unpacked += unpacking.decompress(content[place : place + _PIECE], at_most - len(unpacked))
            if unpacking.eof or len(unpacked) >= at_most:
                break
    except zlib.error:
        return None
    return unpacked


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
