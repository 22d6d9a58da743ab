"""Style sheets and scripts: gathered from node_modules and ``static/``, hashed, precompressed, named by a manifest.

``build/assets/`` holds, beside every file ``name.<hash>.ext``, its ``.br`` and ``.gz``; ``manifest.json`` maps the plain name that
templates use to the hashed one, and ``licences/`` keeps the texts that must travel with the bundled packages. A build only
compresses what changed, and the manifest is replaced last, so a reader sees the old set or the new one.
"""

import errno
import fcntl
import gzip
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import brotli

from shared.clock import real_now
from shared.ui.licences import write_licences

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "build" / "assets"
STATIC = Path(__file__).resolve().parent / "static"
ADDRESS = "/assets/"
KEPT_SECONDS = 30 * 24 * 3600
HASHED_NAME = re.compile(r"[a-z0-9-]+\.[0-9a-f]{16}\.(?:css|js|svg)")

_TABLER = "node_modules/@tabler/core/dist"
_OWN = "shared/ui/static"
BUNDLES: Mapping[str, tuple[str, ...]] = {
    "tabler.css": (f"{_TABLER}/css/tabler.min.css",),
    "tabler.js": (f"{_TABLER}/js/tabler.min.js",),
    "htmx.js": ("node_modules/htmx.org/dist/htmx.min.js",),
    "echarts.js": ("node_modules/echarts/dist/echarts.common.min.js",),
    "app.css": tuple(
        f"{_OWN}/css/{name}.css" for name in ("base", "shell", "tables", "forms", "parts", "public", "narrow", "print")
    ),
    "noscript.css": (f"{_OWN}/css/noscript.css",),
    "app.js": tuple(f"{_OWN}/js/{name}.js" for name in ("menus", "tables", "forms", "drafts", "requests")),
    "charts.js": (f"{_OWN}/js/charts.js",),
    "favicon.svg": (f"{_OWN}/favicon.svg",),
}

_SOURCE_MAP = re.compile(rb"\n?(?:/\*|//)# sourceMappingURL=[^\n*]*(?:\*/)?\s*$")
# Browsers before color-mix() drop the whole declaration: give them the colour without its opacity first.
_MIXED = re.compile(
    r"(?P<before>[;{])(?P<name>[a-z][-a-z]*):color-mix\(in srgb, ?(?P<colour>var\(--[-a-z0-9]+\)) calc\("
    r"var\((?P<opacity>[^()]*)\) \* 100%\),transparent\)(?P<important>!important)?"
)


class AssetsMissing(Exception):
    """The sources or the built set are not there; the message says in Chinese what to run."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """``files``: plain name → hashed file name; ``sources``: plain name → fingerprint of what it was built from."""

    files: Mapping[str, str]
    sources: Mapping[str, str]


def build_assets(root: Path = ROOT, target: Path | None = None) -> Manifest:
    """Bring the built set up to date and return its manifest; does nothing when no source changed.

    :raises AssetsMissing: when node_modules is not installed.
    """
    built = target or root / "build" / "assets"
    built.mkdir(parents=True, exist_ok=True)
    with _only_builder(built):
        before = _read_manifest(built)
        files: dict[str, str] = {}
        sources: dict[str, str] = {}
        for name, parts in BUNDLES.items():
            fingerprint = _fingerprint(root, parts)
            known = before.files.get(name) if before and before.sources.get(name) == fingerprint else None
            files[name] = known if known and _is_complete(built, known) else _write(built, name, _joined(root, parts))
            sources[name] = fingerprint
        manifest = Manifest(files, sources)
        if manifest != before:
            write_licences(root, built / "licences")
            _replace(built / "manifest.json", _manifest_bytes(manifest))
            _remove_old(built, set(files.values()))
        return manifest


def ensure_assets(root: Path = ROOT) -> Manifest:
    """What the server calls at its start: build if a source changed, else use the set that is there.

    :raises AssetsMissing: when there is neither a built set nor node_modules.
    """
    try:
        manifest = build_assets(root)
    except AssetsMissing:
        found = _read_manifest(root / "build" / "assets")
        if found is None or not all(_is_complete(root / "build" / "assets", name) for name in found.files.values()):
            raise
        manifest = found
    _manifest.cache_clear()
    return manifest


def asset(name: str) -> str:
    """The address of an asset for a template: ``asset("app.css")`` → ``/assets/app.<hash>.css``."""
    return ADDRESS + _manifest().files[name]


@lru_cache(maxsize=1)
def _manifest() -> Manifest:
    return _read_manifest(BUILT) or ensure_assets()


def _read_manifest(built: Path) -> Manifest | None:
    try:
        read = json.loads((built / "manifest.json").read_bytes())
        return Manifest(dict(read["files"]), dict(read["sources"]))
    except (OSError, ValueError, KeyError):
        return None


def _manifest_bytes(manifest: Manifest) -> bytes:
    plain = {"files": dict(manifest.files), "sources": dict(manifest.sources)}
    return json.dumps(plain, indent=1, sort_keys=True).encode()


def _fingerprint(root: Path, parts: tuple[str, ...]) -> str:
    """Sizes and times of the sources; the builder itself counts, since it rewrites some of them."""
    seen = []
    for path in (*(root / part for part in parts), Path(__file__)):
        try:
            state = path.stat()
        except FileNotFoundError:
            shown = path.relative_to(root) if path.is_relative_to(root) else path
            raise AssetsMissing(
                f"缺少前端文件 {shown}。请在项目根目录运行 npm ci --ignore-scripts（make demo 会自动完成）"
            ) from None
        seen.append(f"{path.name}:{state.st_size}:{state.st_mtime_ns}")
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()


def _joined(root: Path, parts: tuple[str, ...]) -> bytes:
    joined = b"\n".join(_SOURCE_MAP.sub(b"", (root / part).read_bytes()).strip() for part in parts) + b"\n"
    if parts[0].startswith(_TABLER) and parts[0].endswith(".css"):
        return _MIXED.sub(
            r"\g<before>\g<name>:\g<colour>\g<important>;\g<name>:" + _MIXED_AGAIN, joined.decode()
        ).encode()
    return joined


_MIXED_AGAIN = r"color-mix(in srgb,\g<colour> calc(var(\g<opacity>) * 100%),transparent)\g<important>"


def _write(built: Path, name: str, content: bytes) -> str:
    stem, _, extension = name.rpartition(".")
    hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:16]}.{extension}"
    if not _is_complete(built, hashed):
        _replace(built / f"{hashed}.gz", gzip.compress(content, 9, mtime=0))
        _replace(built / f"{hashed}.br", brotli.compress(content, quality=11))
        _replace(built / hashed, content)
    return hashed


def _is_complete(built: Path, hashed: str) -> bool:
    return all((built / f"{hashed}{suffix}").is_file() for suffix in ("", ".br", ".gz"))


def _replace(path: Path, content: bytes) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def _remove_old(built: Path, current: set[str]) -> None:
    """Pages already sent out still ask for the previous set: what is no longer named stays for 30 days."""
    oldest = real_now().timestamp() - KEPT_SECONDS
    for path in built.iterdir():
        plain = path.name.removesuffix(".br").removesuffix(".gz")
        if HASHED_NAME.fullmatch(plain) and plain not in current and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


@contextmanager
def _only_builder(built: Path) -> Iterator[None]:
    try:
        lock = (built / ".lock").open("w")
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES):
            raise
        yield  # an image whose set was built with it: nobody can write there
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
