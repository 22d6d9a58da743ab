"""Reading the files of packs: TOML with the line of each key, so that an error can name its place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli  # what the standard library has as tomllib, compiled: reading is most of the time of a check

if TYPE_CHECKING:
    from shared.policy.resolve import Resolution

PACKS = Path(__file__).parent / "packs"

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\")(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"))*)\s*=")
# A key with a value that ends on its line, so that leaving it out leaves the rest as it is.
_ONE_VALUE = re.compile(r"^\s*[A-Za-z0-9_.\-\"]+\s*=\s*[^\[{\"']*$")
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong with a pack, with its file, line (0: the file as a whole) and path inside the pack."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.path}: {self.message}" if self.path else f"{where}: {self.message}"


class PackError(ValueError):
    """A pack that cannot be used; `problems` holds everything that is wrong, in order of place."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(slots=True)
class SourceFile:
    """One parsed file: its data, and the lines of its paths."""

    name: str
    data: dict[str, Any]
    text: str = ""
    _lines: dict[str, int] | None = None
    unreadable: bool = False  # missing, or not TOML: that is told once, not key by key

    def line(self, path: str) -> int:
        """The line of a path, or of the nearest path above it; 0 if unknown. Counted when first asked for."""
        if self._lines is None:
            self._lines = line_numbers(self.text)
        while path:
            if path in self._lines:
                return self._lines[path]
            path, _, _ = path.rpartition(".")
        return 0

    def case_lines(self) -> list[int]:
        """The lines on which the test cases begin."""
        return [number for number, line in enumerate(self.text.splitlines(), start=1) if line.startswith("[[case]]")]


class Sources:
    """The texts of a tree of packs by relative name (`cn/civil_code/counting.toml`), from a folder or a bundle."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = dict(sorted(texts.items()))
        self._parsed: dict[str, SourceFile] = {}
        self.broken: set[str] = set()  # files of which nothing could be read
        # What is inherited is laid once for all regions that inherit it; the loader's own.
        self.laid: dict[tuple[str, ...], Resolution] = {}

    @classmethod
    def of_folder(cls, root: Path) -> Sources:
        """All TOML files under a folder of packs."""
        return cls({path.relative_to(root).as_posix(): path.read_text("utf-8") for path in root.rglob("*.toml")})

    @classmethod
    def of_bundle(cls, text: str) -> Sources:
        """The files of a stored bundle."""
        return cls(json.loads(text))

    def bundle(self, regions: list[str]) -> str:
        """The files of some regions as one text, always the same for the same files."""
        prefixes = tuple(f"{region}/" for region in regions)
        chosen = {name: text for name, text in self.texts.items() if name.startswith(prefixes)}
        return json.dumps(chosen, ensure_ascii=False, sort_keys=True, indent=1)

    def regions(self) -> list[str]:
        """The regions that have a pack.toml."""
        return [name.removesuffix("/pack.toml") for name in self.texts if name.endswith("/pack.toml")]

    def names(self, folder: str) -> list[str]:
        """The files directly or deeper under a folder."""
        return [name for name in self.texts if name.startswith(f"{folder}/")]

    def parse(self, name: str, problems: list[Problem]) -> SourceFile:
        """One file; a wrong value (a date that does not exist) costs its line, any other syntax error the whole file."""
        if name in self._parsed:
            return self._parsed[name]
        if name not in self.texts:
            problems.append(Problem(name, 0, "", "the file is missing"))
            return SourceFile(name, {}, unreadable=True)
        text = self.texts[name]
        try:
            file = SourceFile(name, tomli.loads(text), text)
        except tomli.TOMLDecodeError:
            file = SourceFile(name, self._mended(name, text, problems), text)
            file.unreadable = name in self.broken
        self._parsed[name] = file
        return file

    def _mended(self, name: str, text: str, problems: list[Problem]) -> dict[str, Any]:
        """What can be read of a file with errors: every line whose value is wrong is told and left out, so that what else
        is wrong with the pack is told too; an error that is not one line's alone leaves nothing.
        """
        lines = text.splitlines()
        while True:
            try:
                return tomli.loads("\n".join(lines))
            except tomli.TOMLDecodeError as error:
                at = _AT_LINE.search(str(error))
                line = int(at.group(1)) if at and at.group(1) else len(lines) + 1
                problems.append(Problem(name, line, "", f"not TOML: {_AT_LINE.sub('', str(error)).strip()}"))
                if line > len(lines) or not _ONE_VALUE.match(lines[line - 1]):
                    self.broken.add(name)
                    return {}
                lines[line - 1] = ""


def line_numbers(text: str) -> dict[str, int]:
    """The line on which each table and key of a TOML text first stands; arrays of tables are numbered `name[0]`."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    prefix, quotes = "", ""
    for number, line in enumerate(text.splitlines(), start=1):
        if quotes:
            quotes = "" if quotes in line else quotes
            continue
        if header := _HEADER.match(line):
            prefix = _plain(header.group(2))
            if header.group(1) == "[[":
                counts[prefix] = counts.get(prefix, -1) + 1
                prefix = f"{prefix}[{counts[prefix]}]"
            else:
                head, _, tail = prefix.partition(".")
                prefix = f"{head}[{counts[head]}].{tail}" if head in counts and tail else prefix
            lines.setdefault(prefix, number)
        elif key := _KEY.match(line):
            name = _plain(key.group(1))
            lines.setdefault(f"{prefix}.{name}" if prefix else name, number)
        quotes = next((mark for mark in ('"""', "'''") if line.count(mark) % 2), "")
    return lines


def _plain(dotted: str) -> str:
    return ".".join(part.strip().strip('"') for part in dotted.split("."))
