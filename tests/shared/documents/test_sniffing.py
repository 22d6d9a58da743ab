"""A file that is no workbook is told what it seems to be and what to do, whatever its name says."""

import io
import zipfile

import pytest
import xlwt

from shared.documents.workbook import read_workbook
from shared.documents.workbook_limits import WorkbookError, WorkbookFault
from shared.documents.workbook_writing import WrittenSheet, write_workbook

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
TABLE = "成果名称,完成人,转化状态\r\n甲,乙,未转化\r\n"


def archive(**parts: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name.replace("__", "/").replace("_", "."), content)
    return buffer.getvalue()


def told(data: bytes, name: str = "台账.xlsx") -> str:
    with pytest.raises(WorkbookError) as refused:
        read_workbook(data, name)
    assert refused.value.fault is WorkbookFault.NOT_A_WORKBOOK
    assert refused.value.message.startswith("不是 Excel 工作簿")
    return refused.value.message


OTHERS = {
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", "PDF 文件", "复制到 Excel"),
    "rtf": (b"{\\rtf1\\ansi ,,, }", "RTF 文档", "复制到 Excel"),
    "html": ("<!DOCTYPE html><table><tr><td>成果名称</td></tr></table>".encode(), "网页（HTML）", "另存为 .xlsx"),
    "html of a system that exports .xls": (
        '\ufeff\n <html xmlns:x="urn:schemas-microsoft-com:office:excel"><table/>'.encode(),
        "网页（HTML）",
        "另存为 .xlsx",
    ),
    "xml of 2003": (
        b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
        "XML 表格",
        "另存为 .xlsx",
    ),
    "xml": (b'<?xml version="1.0"?><x/>', "XML 文件", "请选择填有台账"),
    "program": (b"MZ\x90\x00\x03\x00\x00\x00" + bytes(500), "Windows 程序", "请选择填有台账"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG 图片", "请选择填有台账"),
    "rar": (b"Rar!\x1a\x07\x00abc", "RAR 压缩包", "先解压"),
    "docx": (archive(word__document_xml="<w/>"), "Word 文档（.docx）", "复制到 Excel"),
    "pptx": (archive(ppt__presentation_xml="<p/>"), "演示文稿", "复制到 Excel"),
    "xlsb": (archive(xl__workbook_bin="x"), "Excel 二进制工作簿", "另存为 .xlsx"),
    "ods": (archive(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "OpenDocument 表格", "另存为 .xlsx"),
    "zip": (archive(a_txt="x"), "zip 压缩包", "先解压"),
    "doc": (OLE + "WordDocument".encode("utf-16-le"), "Word 文档（.doc）", "复制到 Excel"),
    "old office": (OLE + "Notes".encode("utf-16-le"), "旧格式的 Office 文件", "请选择填有台账"),
    "text": ("一些文字，没有逗号以外的东西".encode(), "纯文本", "改为 .csv"),
    "table as text": (TABLE.encode(), "纯文本", "改为 .csv"),
    "text of Windows": (TABLE.encode("gb18030"), "纯文本", "改为 .csv"),
    "bytes": (b"\x01\x02\x00\xfe" * 50, "无法识别的文件", "请选择填有台账"),
}


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("ending", [".xlsx", ".xls"])
def test_another_file_named_as_a_workbook(kind: str, ending: str) -> None:
    data, seems, advice = OTHERS[kind]
    message = told(data, f"台账{ending}")
    assert f"文件名虽以 {ending} 结尾" in message
    assert seems in message
    assert advice in message


@pytest.mark.parametrize("kind", ["pdf", "html", "docx", "program", "bytes"])
def test_another_file_named_as_csv(kind: str) -> None:
    data, seems, _ = OTHERS[kind]
    assert seems in told(data, "台账.csv")


@pytest.mark.parametrize("name", ["台账.csv", "台账.CSV", "台账.txt", "台账"])
def test_a_table_as_text_under_a_name_of_text_is_read(name: str) -> None:
    assert list(read_workbook(TABLE.encode("gb18030"), name).sheets[0].rows())[1] == ["甲", "乙", "未转化"]


def test_the_two_kinds_of_workbook_are_read_under_each_others_names() -> None:
    modern = write_workbook([WrittenSheet("表", [(1, ["甲"])])])
    book, buffer = xlwt.Workbook(), io.BytesIO()
    book.add_sheet("表").write(0, 0, "甲")
    book.save(buffer)
    assert read_workbook(modern, "台账.xls").kind == "xlsx"
    assert read_workbook(buffer.getvalue(), "台账.xlsx").kind == "xls"


def test_nothing_of_a_name_but_a_known_ending_is_repeated() -> None:
    message = told(b"%PDF-1.4", "机密项目.绝密")
    assert "绝密" not in message
    assert "机密" not in message
