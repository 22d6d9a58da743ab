"""Hostile files, made on the spot: name, bytes. ``LEDGERS`` go to imports, ``PAPERS`` to papers; each list gets the other too."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

from tests.services.ledger.importing.arranging import plain_rows, workbook

File = tuple[str, bytes]
EXTERNAL = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
LAUGHS = b"<!DOCTYPE x [<!ENTITY a 'ha'>" + b"".join(
    b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
)
LAUGHS += b"]>"
LEDGER = workbook(plain_rows(3))


def packed(parts: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def changed(**parts: bytes) -> bytes:
    """The good ledger with parts before its own text: ``workbook=...`` stands in xl/workbook.xml."""
    with zipfile.ZipFile(io.BytesIO(LEDGER)) as archive:
        whole = {name: archive.read(name) for name in archive.namelist()}
    for name, inserted in parts.items():
        path = next(one for one in whole if one.endswith(f"{name}.xml"))
        head, mark, rest = whole[path].partition(b"?>")
        whole[path] = head + mark + inserted + rest
    return packed(whole)


def encrypted(data: bytes) -> bytes:
    """The flag of encryption set in every member's two heads."""
    told = bytearray(data)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = told.find(mark)
        while at >= 0:
            told[at + place] |= 1
            at = told.find(mark, at + 4)
    return bytes(told)


def link() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        one = zipfile.ZipInfo("link")
        one.external_attr = 0o120777 << 16
        archive.writestr(one, "/etc/passwd")
    return buffer.getvalue()


def pdf(body: bytes, tail: bytes = b"") -> bytes:
    return b"%PDF-1.7\n1 0 obj\n" + body + b"\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF\n" + tail


def png(width: int, height: int, tail: bytes = b"") -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d" + head + struct.pack(">I", zlib.crc32(head)) + tail


def jpeg(width: int, height: int, tail: bytes = b"") -> bytes:
    return b"\xff\xd8\xff\xc0\x00\x11\x08" + struct.pack(">HH", height, width) + b"\x03" + b"\0" * 9 + tail


def packed_objects(
    objects: bytes, *, name: bytes = b"/ObjStm", between: bytes = b"", begin: bytes = b"1 0 ", level: int = 9
) -> bytes:
    inside = zlib.compress(begin + objects, level)
    return b"<</Type" + name + between + b"/Filter/FlateDecode>>stream\r\n" + inside + b"\nendstream"


BOMB = packed({"xl/workbook.xml": b"<x/>", "xl/_rels/workbook.xml.rels": b" " * (30 * 2**20)})
ZIP = packed({"a.txt": b"x"})
ACTIONS = {
    "javascript": b"<</S/JavaScript/JS(app.alert(1))>>",
    "escaped": b"<</S/J#61vaScript>>",
    "short": b"<</JS (x)>>",
    "launch": b"<</S/Launch/F(cmd.exe)>>",
    "attachment": b"<</EmbeddedFiles 2 0 R>>",
    "file": b"<</Type/EmbeddedFile>>",
    "media": b"<</Subtype/RichMedia>>",
    "submit": b"<</S/SubmitForm/F(http://x)>>",
    "import": b"<</S/ImportData>>",
    "remote": b"<</S/GoToE>>",
    "form": b"<</AcroForm<</XFA 2 0 R>>>>",
    "encrypted": b"<</Encrypt 9 0 R>>",
    "packed": packed_objects(b"<</S/Launch>>"),
    "packed-escaped": packed_objects(b"<</S/J#61vaScript>>", name=b"/#4fbjStm"),
    "packed-far": packed_objects(b"<</S/Launch>>", between=b" " * 5_000),
    "packed-bomb": packed_objects(b" " * (65 * 2**20)),
    "packed-twice": b"<</Type/ObjStm/Filter[/FlateDecode/ASCIIHexDecode]>>stream\n"
    + zlib.compress(b"1 0 <</S/Launch>>".hex().encode())
    + b"\nendstream",
    "packed-otherwise": b"<</Type/ObjStm/Filter/LZWDecode>>stream\n\x80\x0b\x60\nendstream",
    "packed-differences": packed_objects(b"\x02<</S/Launch>>", begin=b"\x02"),
    "packed-decoy": b"<</Type/ObjStm/X(stream\n" + zlib.compress(b"1 0 <<>>") + b")>>stream\n\1\nendstream",
    "packed-cut": packed_objects(b"<</X(endstream)/S/Launch>>", level=0),
    "packed-many": b"<</Type/ObjStm>>stream\nendstream" * 20_001,
    "hidden": b"% stream\n<</S/JavaScript>>\n% endstream",
    "hidden-escaped": b"(stream)<</S/La#75nch>>(endstream)",
    "hidden-packed": b"(stream)" + packed_objects(b"<</S/Launch>>"),
}
_ENTRIES = ("../../etc/passwd", "/etc/passwd", "C:\\x.exe", "..\\..\\x", "a\u202etxt.exe", "CON", "x" * 3_000, "a\x01b")


def replaced(**parts: bytes) -> bytes:
    """The good ledger with whole parts exchanged."""
    with zipfile.ZipFile(io.BytesIO(LEDGER)) as archive:
        whole = {name: archive.read(name) for name in archive.namelist()}
    for name, content in parts.items():
        whole[next(one for one in whole if one.endswith(f"{name}.xml"))] = content
    return packed(whole)


def lying(data: bytes) -> bytes:
    """Every member says that it unpacks to ten bytes."""
    told = bytearray(data)
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = told.find(mark)
        while at >= 0:
            told[at + place : at + place + 4] = struct.pack("<I", 10)
            at = told.find(mark, at + 4)
    return bytes(told)


def sheet(cells: bytes) -> bytes:
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return replaced(
        sheet1=b'<?xml version="1.0"?><worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (main, cells)
    )


ARCHIVES: tuple[File, ...] = (
    *((f"名{n}.xlsx", packed({entry: b"x"})) for n, entry in enumerate(_ENTRIES)),
    ("链接.xlsx", link()),
    ("加密.zip", encrypted(ZIP)),
    ("加密.xlsx", encrypted(LEDGER)),
    ("加密旧式.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le") + b"\0" * 900),
    ("比例炸弹.xlsx", BOMB),
    ("套娃.zip", packed({"a.zip": packed({"b.zip": packed({"c": b"\0" * 2**22})})})),
    ("重叠.xlsx", packed({"xl/workbook.xml": b"<x/>", "XL/workbook.xml": b"<y/>"})),
    ("许多成员.xlsx", packed({"xl/workbook.xml": b"<x/>", **{f"{n}": b"" for n in range(2_100)}})),
    ("截断.xlsx", LEDGER[: len(LEDGER) // 2]),
    ("缺尾.xlsx", LEDGER[:-30]),
    ("空.zip", packed({})),
    ("宏.docm", packed({"word/document.xml": b"<x/>", "word/vbaProject.bin": b"x"})),
    ("外部实体.docx", packed({"word/document.xml": EXTERNAL + b"<x>&e;</x>"})),
    ("大笑.docx", packed({"word/document.xml": LAUGHS + b"<x>&j;</x>"})),
    ("宏.xlsm", packed({"xl/vbaProject.bin": b"x", "[Content_Types].xml": b"<x/>"})),
    (
        "远程模板.docx",
        packed({"word/document.xml": b"<x/>", "word/_rels/settings.xml.rels": b'<x Target="http://x"/>'}),
    ),
    ("程序.jar", packed({"META-INF/MANIFEST.MF": b"Main-Class: X", "X.class": b"\xca\xfe\xba\xbe"})),
    ("谎报.xlsx", lying(BOMB)),
    ("谎报台账.xlsx", lying(LEDGER)),
    ("很深.xlsx", replaced(sheet1=b"<a>" * 200_000)),
    ("远格.xlsx", sheet(b'<row r="99999999999"><c r="ZZZZZZ99999999999"><v>1</v></c></row>')),
    ("负行.xlsx", sheet(b'<row r="-1"><c r="A-1"><v>1</v></c></row>')),
    ("无此字.xlsx", sheet(b'<row r="1"><c r="A1" t="s"><v>99999999</v></c></row>')),
    ("外部公式.xlsx", sheet(b'<row r="1"><c r="A1"><f>cmd|\'/C calc\'!A0</f></c></row>')),
    ("二进制.xlsb", packed({"xl/workbook.bin": b"x"})),
    ("开放.ods", packed({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"})),
    *(
        (f"{kind}-{part}.xlsx", changed(**{part: inserted}))
        for part in ("workbook", "sheet1", "sharedStrings", "styles", "app")
        for kind, inserted in (("外部实体", EXTERNAL), ("大笑", LAUGHS))
    ),
)
TEXTS: tuple[File, ...] = (
    ("空.csv", b""),
    ("只有零.csv", b"\0" * 500),
    ("零字节.csv", b"a,b\0,c\n"),
    ("坏编码.csv", b"\xff\x81,\xfe\x80\n"),
    ("动态.csv", b"=cmd|'/C calc'!A0,@SUM(1)\n+1,-1\n"),
    ("方向\u202e.csv", "\u202e\u2066,\u200f\n".encode()),
    ("控制\x07.csv", b"\x01\x02,\x03\n"),
    ("长格.csv", b"a" * 40_000),
    ("网页.csv", b"<html><script>alert(1)</script>"),
    ("图.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
    ("图.pdf", b'<?xml version="1.0"?><svg onload="alert(1)"/>'),
    ("网页.pdf", b"<!doctype html><script>alert(1)</script>"),
    ("扩展.pdf.exe", b"MZ\x90\0"),
    ("扩展.xlsx.js", b"alert(1)"),
    ("CON", b"\x7fELF\0"),
    ("../../../etc/passwd", b"MZ\0"),
    ("名" * 5_000 + ".xlsx", b"MZ\0"),
    ("动图.gif", b"GIF89a/*\0*/=1;alert(1)"),
    ("文档.rtf", b"{\\rtf1{\\object\\objupdate}}"),
    ("压缩.gz", b"\x1f\x8b\x08\0"),
    ("压缩.rar", b"Rar!\x1a\x07\0"),
    ("压缩.7z", b"7z\xbc\xaf\x27\x1c"),
    ("旧.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le")),
    ("旧.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le") + b"\xff" * 2_000),
    ("脚本.pdf", b"#!/bin/sh\nrm -rf /\n"),
    ("类.pdf", b"\xca\xfe\xba\xbe\0\0\x004"),
    ("前缀.pdf", b"\n\n%PDF-1.7\n1 0 obj<</S/Launch>>endobj"),
    ("网页七位.pdf", b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-"),
    ("快捷.lnk", b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F"),
    ("动画.swf", b"CWS\x0a\0\0\0\0x\x9c"),
    ("帮助.chm", b"ITSF\x03\0\0\0"),
    ("安装.msi", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 3_000),
    ("位图.png", b"BM\x36\0\0\0"),
    ("外部.xml", b'<?xml version="1.0"?>' + EXTERNAL + b"<x>&e;</x>"),
    ("大笑.xml", b'<?xml version="1.0"?>' + LAUGHS + b"<x>&j;</x>"),
)
SCANS: tuple[File, ...] = (
    *((f"动作-{name}.pdf", pdf(body)) for name, body in ACTIONS.items()),
    ("兼压缩包.pdf", pdf(b"<<>>", ZIP)),
    ("兼网页.pdf", pdf(b"<<>>", b"<script>alert(1)</script>")),
    ("网页在前.pdf", b"%PDF-1.7\n<html><script>alert(1)</script>"),
    ("网页标签.pdf", b"%PDF-1.7\n<iframe src=x>"),
    ("程序.pdf", b"%PDF-1.7\n<?php system($_GET[0]);"),
    ("像素.png", png(60_000, 60_000)),
    ("像素.jpg", jpeg(60_000, 60_000)),
    ("零像素.png", png(0, 10)),
    ("无头.png", b"\x89PNG\r\n\x1a\n"),
    ("无头.jpg", b"\xff\xd8\xff"),
    ("填充.jpg", b"\xff\xd8\xff" + b"\xff" * 10_000),
    ("兼压缩包.png", png(10, 10, ZIP)),
    ("兼压缩包.jpg", jpeg(10, 10, ZIP)),
    ("兼网页.png", png(10, 10, b"<script>alert(1)</script>")),
    ("兼网页.jpg", jpeg(10, 10, b"<svg onload=alert(1)>")),
)
FILES = (*ARCHIVES, *TEXTS, *SCANS)
