"""The licence texts of what is bundled into the assets: kept next to them, shown on a page."""

import json
import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

_TEXT_NAMES = re.compile(r"(?:licen[cs]e|notice|copying|copyrightnotice)[^/]*", re.IGNORECASE)
_GRANT = "Permission is hereby granted"
_ICONS = "tablericons2"


@dataclass(frozen=True, slots=True)
class Licence:
    """One bundled package; ``text`` is everything that must accompany it."""

    package: str
    version: str
    name: str
    text: str


def write_licences(root: Path, target: Path) -> None:
    """Write one JSON list and one text file per bundled package of the lock file (what only tests use is left out)."""
    found = [*_npm_licences(root), _icon_licence()]
    target.mkdir(parents=True, exist_ok=True)
    for licence in found:
        (target / f"{_file_name(licence.package)}.txt").write_text(licence.text, encoding="utf-8")
    index = [{"package": one.package, "version": one.version, "name": one.name} for one in found]
    (target / "index.json").write_text(json.dumps(index, ensure_ascii=False, indent=1), encoding="utf-8")


def bundled_licences(built: Path) -> list[Licence]:
    """What ``write_licences`` wrote, by package name; ``built`` is the folder of the assets."""
    folder = built / "licences"
    return [
        Licence(
            one["package"],
            one["version"],
            one["name"],
            (folder / f"{_file_name(one['package'])}.txt").read_text("utf-8"),
        )
        for one in json.loads((folder / "index.json").read_bytes())
    ]


def _file_name(package: str) -> str:
    return package.replace("@", "").replace("/", "-")


def _npm_licences(root: Path) -> list[Licence]:
    lock = json.loads((root / "package-lock.json").read_bytes())
    bundled = {path: entry for path, entry in sorted(lock["packages"].items()) if path and not entry.get("dev")}
    texts = {path: _texts(root / path) for path in bundled}
    found = []
    for path, entry in bundled.items():
        text = texts[path] or _assembled(root / path, entry["license"], texts, bundled)
        found.append(Licence(path.removeprefix("node_modules/"), entry["version"], entry["license"], text))
    return found


def _texts(package: Path) -> str:
    inner = package / "licenses"
    files = sorted(path for path in package.iterdir() if path.is_file() and _TEXT_NAMES.fullmatch(path.name))
    files += sorted(path for path in inner.iterdir() if path.is_file()) if inner.is_dir() else []
    return "\n\n".join(path.read_text("utf-8").strip() for path in files)


def _assembled(package: Path, name: str, texts: dict[str, str], bundled: dict[str, dict[str, str]]) -> str:
    """For a package that ships no text: its own banner, then the grant of the same licence as another package has it."""
    banner = next(
        (
            match.group(0)
            for path in sorted(package.glob("dist/css/*.min.css"), key=lambda path: len(path.name))
            if (match := re.search(r"/\*!.*?\*/", path.read_text("utf-8"), re.S))
        ),
        package.name,
    )
    grant = next(
        text[text.index(_GRANT) :]
        for path, text in texts.items()
        if bundled[path]["license"] == name and _GRANT in text
    )
    return f"{banner}\n\n{grant}"


def _icon_licence() -> Licence:
    package = metadata.distribution(_ICONS)
    texts = [path.read_text("utf-8") for path in package.files or () if _TEXT_NAMES.fullmatch(path.name)]
    return Licence(_ICONS, package.version, package.metadata["License"], "\n\n".join(texts))
