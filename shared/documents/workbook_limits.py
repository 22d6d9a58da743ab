"""How large a workbook may be, and what is said about one that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.documents.sniffing import Seems, contradiction
from shared.errors import ApplicationError


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one workbook; sizes in bytes.

    `ratio` is unpacked to packed size and counts from `ratio_from` unpacked bytes on, since a small honest part may
    pack very well. `cells` bounds the rectangle that a sheet spans, filled or not: the reader allocates all of it.
    """

    bytes: int = 50 * 2**20
    unpacked: int = 400 * 2**20
    ratio: int = 150
    ratio_from: int = 20 * 2**20
    entries: int = 2_000
    sheets: int = 100
    cells: int = 6_000_000
    cell_characters: int = 32_767


DEFAULT_LIMITS = Limits()


class WorkbookFault(StrEnum):
    """Why a file is not accepted as a workbook."""

    EMPTY = "workbook_empty"
    TOO_LARGE = "workbook_too_large"
    NOT_A_WORKBOOK = "workbook_unknown_format"
    ENCRYPTED = "workbook_encrypted"
    ZIP_BOMB = "workbook_zip_bomb"
    DAMAGED = "workbook_damaged"
    TOO_MANY_SHEETS = "workbook_too_many_sheets"
    TOO_MANY_CELLS = "workbook_too_many_cells"
    CELL_TOO_LONG = "workbook_cell_too_long"


_MESSAGES = {
    WorkbookFault.EMPTY: "文件是空的，没有可读取的内容。请选择填有数据的台账文件。",
    WorkbookFault.TOO_LARGE: "文件超过 {limit} 的上限。请分成几个文件导入。",
    WorkbookFault.NOT_A_WORKBOOK: "不是 Excel 工作簿（.xlsx、.xls）或 CSV 文件：{contradiction}。{advice}",
    WorkbookFault.ENCRYPTED: "文件已加密（设有打开密码），无法读取。请在 Excel 或 WPS 中打开，取消密码后保存，再上传。",
    WorkbookFault.ZIP_BOMB: "文件解压后的内容异常庞大（超过 {limit}），为安全起见不予读取。请另存为新的 .xlsx 后再试。",
    WorkbookFault.DAMAGED: "文件已损坏，无法读取。请用 Excel 或 WPS 打开并另存为 .xlsx 后再试。",
    WorkbookFault.TOO_MANY_SHEETS: "工作表超过 {limit} 张。请删去无关的工作表后再试。",
    WorkbookFault.TOO_MANY_CELLS: "工作表“{sheet}”的范围超过 {limit} 个单元格，请删去多余的行和列。",
    WorkbookFault.CELL_TOO_LONG: "第 {row} 行有单元格超过 {limit} 个字符，无法保存到工作簿。请缩短后再试。",
}


def not_a_workbook(file_name: str, seems: Seems) -> WorkbookError:
    """The refusal of a file that is something else: what it seems to be, and what to do."""
    what, advice = seems
    return WorkbookError(WorkbookFault.NOT_A_WORKBOOK, contradiction=contradiction(file_name, what), advice=advice)


class WorkbookError(ApplicationError):
    """A file that cannot be read as a workbook: `code` is stable, the message is for the clerk and quotes no cell."""

    status = 422
    title = "文件无法读取"

    def __init__(self, fault: WorkbookFault, **details: str) -> None:
        super().__init__(_MESSAGES[fault].format(**details), **details)
        self.code = fault.value
        self.fault = fault
