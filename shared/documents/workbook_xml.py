"""The pass over an xlsx package: bounds its real size and finds what calamine does not tell.

Every part that a reader opens is unpacked once, in pieces, and counted as it comes: sizes stated in the archive are
not believed. A sheet that plainly holds nothing special is settled by byte patterns; any other one is parsed by expat.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.parsers import expat

from shared.documents.sniffing import seems_archive
from shared.documents.workbook_limits import Limits, WorkbookError, WorkbookFault, not_a_workbook

_PIECE = 2**20
_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d+)"[^>]*[^/>]>')
_SPECIAL = re.compile(rb'<f[ />]|hidden="|t="e"|t=\'e\'|<![DE]|<[A-Za-z]+:')
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]+)")
_RELATIONSHIP = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATIONSHIP = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


@dataclass(slots=True)
class SheetMarks:
    """What the XML of a sheet says beyond values. Cells are (row, column), both from 1.

    `last_cell` is the last one that holds anything, be it only blanks (which calamine drops).
    """

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    formulas: set[tuple[int, int]] = field(default_factory=set)
    formulas_without_value: set[tuple[int, int]] = field(default_factory=set)
    errors: set[tuple[int, int]] = field(default_factory=set)
    last_cell: tuple[int, int] | None = None

    def column_hidden(self, column: int) -> bool:
        """Whether a column is hidden."""
        return any(first <= column <= last for first, last in self.hidden_columns)


def column_number(letters: str) -> int:
    """The number of a column: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def scan_package(data: bytes, filename: str, limits: Limits) -> dict[str, SheetMarks]:
    """Check a zip archive that should be an xlsx; give each sheet's marks by name.

    Raises WorkbookError: no xlsx, damaged, unpacks beyond the limits, a sheet spans too many cells.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if "xl/workbook.xml" not in map(_plain_name, archive.namelist()):
                raise not_a_workbook(filename, seems_archive(data))
            return _Package(archive, len(data), limits).scan()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise WorkbookError(WorkbookFault.DAMAGED) from error
    except RuntimeError as error:
        # zipfile's answer to an archive whose members are encrypted
        raise WorkbookError(WorkbookFault.ENCRYPTED) from error
    except (ElementTree.ParseError, expat.ExpatError, KeyError, UnicodeError) as error:
        raise WorkbookError(WorkbookFault.DAMAGED) from error


def _plain_name(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


class _Package:
    def __init__(self, archive: zipfile.ZipFile, packed: int, limits: Limits) -> None:
        self._archive = archive
        self._limits = limits
        self._allowed = min(limits.unpacked, max(limits.ratio_from, packed * limits.ratio))
        self._unpacked = 0
        self._counted: dict[str, int] = {}
        names = archive.namelist()
        self._names = {_plain_name(name): name for name in names}
        # Two members of one name are read differently by different readers: what was checked would not be what is read.
        if len(self._names) != len(names) or len(names) > limits.entries:
            raise WorkbookError(WorkbookFault.DAMAGED)

    def scan(self) -> dict[str, SheetMarks]:
        sheets = dict(self._sheets())
        if len(sheets) > self._limits.sheets:
            raise WorkbookError(WorkbookFault.TOO_MANY_SHEETS, limit=str(self._limits.sheets))
        marks = {title: _SheetScan(title, self._limits).scan(self, path) for title, path in sheets.items() if path}
        opened = {"xl/workbook.xml", "xl/_rels/workbook.xml.rels", *(path for path in sheets.values() if path)}
        for name in self._names:
            if name.endswith((".xml", ".rels")) and name not in opened:
                for piece in self.pieces(name):
                    _refuse_doctype(piece)
        return marks

    def pieces(self, name: str) -> Iterator[bytes]:
        """The unpacked part in pieces; raises WorkbookError once the archive unpacks beyond what is allowed."""
        with self._archive.open(self._names[name]) as stream:
            read = 0
            while piece := stream.read(_PIECE):
                read += len(piece)
                # A part read a second time counts once.
                self._unpacked += max(0, read - self._counted.get(name, 0))
                self._counted[name] = max(read, self._counted.get(name, 0))
                if self._unpacked > self._allowed:
                    raise WorkbookError(WorkbookFault.ZIP_BOMB, limit=f"{self._allowed // 2**20} MB")
                yield piece

    def _tree(self, name: str) -> ElementTree.Element:
        text = b"".join(self.pieces(name))
        _refuse_doctype(text)
        return ElementTree.fromstring(text)

    def _sheets(self) -> Iterator[tuple[str, str | None]]:
        targets = {
            relation.get("Id"): relation.get("Target", "") for relation in self._tree("xl/_rels/workbook.xml.rels")
        }
        for element in self._tree("xl/workbook.xml").iter():
            if not element.tag.endswith("}sheet"):
                continue
            target = targets.get(element.get(_RELATIONSHIP) or element.get(_STRICT_RELATIONSHIP) or "", "")
            path = posixpath.normpath(posixpath.join("xl", target)).lstrip("/").lower()
            yield element.get("name", ""), path if path in self._names else None


def _refuse_doctype(piece: bytes) -> None:
    if b"<!DOCTYPE" in piece or b"<!ENTITY" in piece:
        raise WorkbookError(WorkbookFault.DAMAGED)


class _SheetScan:
    """One sheet's pass; parses by expat from the piece on in which something special first appears."""

    def __init__(self, title: str, limits: Limits) -> None:
        self._title = title
        self._limits = limits
        self.marks = SheetMarks()
        self._columns: set[bytes] = set()
        self._first_row: int | None = None
        self._last_row = 0
        self._first_column: int | None = None
        self._last_column = 0

    def scan(self, package: _Package, path: str) -> SheetMarks:
        if not self._plain(package.pieces(path)):
            self._parse(package.pieces(path))
        self._check_extent()
        return self.marks

    def _plain(self, pieces: Iterator[bytes]) -> bool:
        carry = b""
        found = False
        for piece in pieces:
            text = carry + piece
            if _SPECIAL.search(text):
                return False
            cut = text.rfind(b"</row>")
            if cut < 0:
                carry = text
                continue
            found = self._note_cells(text[:cut]) or found
            carry = text[cut:]
        # A sheet with rows but no cell of the usual shape is written by an unusual program.
        return found or b"<row" not in carry

    def _note_cells(self, text: bytes) -> bool:
        cells = _CELL.findall(text)
        if not cells:
            return b"<c" not in text
        self._columns.update(letters for letters, _ in cells)
        self._note_row(int(cells[0][1]))
        self._note_row(int(cells[-1][1]))
        self.marks.last_cell = (int(cells[-1][1]), column_number(cells[-1][0].decode()))
        return True

    def _note_row(self, row: int) -> None:
        self._first_row = row if self._first_row is None else min(self._first_row, row)
        self._last_row = max(self._last_row, row)

    def _note_column(self, column: int) -> None:
        self._first_column = column if self._first_column is None else min(self._first_column, column)
        self._last_column = max(self._last_column, column)

    def _check_extent(self) -> None:
        for letters in self._columns:
            self._note_column(column_number(letters.decode()))
        if self._first_row is None or self._first_column is None:
            return
        cells = (self._last_row - self._first_row + 1) * (self._last_column - self._first_column + 1)
        if cells > self._limits.cells:
            raise WorkbookError(WorkbookFault.TOO_MANY_CELLS, sheet=self._title, limit=f"{self._limits.cells:,}")

    def _parse(self, pieces: Iterator[bytes]) -> None:
        parser = expat.ParserCreate()
        handler = _SheetHandler(self)
        parser.StartElementHandler = handler.start
        parser.EndElementHandler = handler.end
        parser.CharacterDataHandler = handler.text
        parser.StartDoctypeDeclHandler = handler.doctype
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)

    def note_cell(self, row: int, column: int) -> None:
        """A cell that holds something."""
        self._note_row(row)
        self._note_column(column)
        self.marks.last_cell = (row, column)


class _SheetHandler:
    """Expat callbacks. Positions are counted where a row or cell does not state its own."""

    def __init__(self, scan: _SheetScan) -> None:
        self._scan = scan
        self._row = 0
        self._column = 0
        self._filled = self._formula = self._value = self._in_value = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "c":
            self._start_cell(attributes)
        elif local == "row":
            self._row = int(attributes["r"]) if "r" in attributes else self._row + 1
            self._column = 0
            if attributes.get("hidden") in ("1", "true"):
                self._scan.marks.hidden_rows.add(self._row)
        elif local in ("v", "t"):
            self._filled = self._in_value = True
        elif local == "is":
            self._filled = True
        elif local == "f":
            self._filled = self._formula = True
        elif local == "col" and attributes.get("hidden") in ("1", "true"):
            self._scan.marks.hidden_columns.append((int(attributes["min"]), int(attributes["max"])))

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self._column += 1
        reference = _REFERENCE.fullmatch(attributes.get("r", ""))
        if reference:
            self._column, self._row = column_number(reference[1]), int(reference[2])
        self._filled = self._formula = self._value = False
        if attributes.get("t") == "e":
            self._scan.marks.errors.add((self._row, self._column))

    def text(self, _text: str) -> None:
        if self._in_value:
            self._value = True

    def end(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if local in ("v", "t"):
            self._in_value = False
        elif local == "c":
            if self._filled:
                self._scan.note_cell(self._row, self._column)
            if self._formula:
                marks = self._scan.marks
                (marks.formulas if self._value else marks.formulas_without_value).add((self._row, self._column))

    def doctype(self, *_: object) -> None:
        raise WorkbookError(WorkbookFault.DAMAGED)
