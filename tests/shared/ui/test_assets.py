"""Building and serving the style sheets and scripts."""

import gzip
import shutil
from pathlib import Path

import brotli
import httpx
import pytest
from litestar import Litestar

from shared.ui.asset_serving import Assets, accepted_encoding, assets_handler
from shared.ui.assets import BUNDLES, ROOT, AssetsMissing, Manifest, asset, build_assets, ensure_assets
from shared.ui.licences import bundled_licences


@pytest.fixture(scope="module")
def built() -> Manifest:
    return ensure_assets()


@pytest.fixture
async def client(built: Manifest) -> httpx.AsyncClient:
    app = Litestar([assets_handler], openapi_config=None)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://site.test")  # type: ignore[arg-type]


def _copy(tmp_path: Path) -> Path:
    """A project with the sources of every bundle, and the set already built."""
    for part in {part for parts in BUNDLES.values() for part in parts} | {"package-lock.json"}:
        target = tmp_path / part
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / part, target)
    for path in (ROOT / "node_modules").rglob("*"):
        if path.is_file() and path.parent.name in {
            "core",
            "bootstrap",
            "echarts",
            "htmx.org",
            "tslib",
            "zrender",
            "licenses",
        }:
            target = tmp_path / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    shutil.copytree(ROOT / "build/assets", tmp_path / "build/assets")
    return tmp_path


@pytest.mark.parametrize("name", sorted(BUNDLES))
async def test_every_asset_is_served_immutable_in_each_encoding(name: str, client: httpx.AsyncClient) -> None:
    address = asset(name)
    bodies = []
    for encoding in ("br", "gzip", "identity"):
        async with client.stream("GET", address, headers={"accept-encoding": encoding}) as answer:
            raw = b"".join([part async for part in answer.aiter_raw()])
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["vary"] == "accept-encoding"
        assert int(answer.headers["content-length"]) == len(raw)
        assert answer.headers.get("content-encoding", "identity") == encoding
        bodies.append({"br": brotli.decompress, "gzip": gzip.decompress, "identity": bytes}[encoding](raw))
    assert bodies[0] == bodies[1] == bodies[2]
    wanted = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
    assert answer.headers["content-type"] == wanted[name.rpartition(".")[2]]


async def test_head_unknown_other_method_and_revalidation(client: httpx.AsyncClient) -> None:
    address = asset("app.css")
    head = await client.head(address)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > 1000
    again = await client.get(address, headers={"if-none-match": head.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    missing = await client.get("/assets/app.0000000000000000.css")
    assert missing.status_code == 404
    assert missing.headers["cache-control"] == "no-store"
    assert (await client.get("/assets/manifest.json")).status_code == 404
    assert (await client.get("/assets/..%2Fmanifest.json")).status_code == 404
    assert (await client.post(address)).status_code == 405


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0", "gzip"),
        ("br;q=0.5, gzip;q=0.9", "br"),
        ("", "identity"),
        ("deflate", "identity"),
        ("BR ; q=1", "br"),
    ],
)
def test_encoding_that_the_browser_takes(header: str, chosen: str) -> None:
    assert accepted_encoding(header) == chosen


def test_build_changes_only_what_changed_and_keeps_the_previous_files(built: Manifest, tmp_path: Path) -> None:
    root = _copy(tmp_path)
    first = build_assets(root)
    times = {path.name: path.stat().st_mtime_ns for path in (root / "build/assets").iterdir() if path.is_file()}
    style = root / "shared/ui/static/css/base.css"
    style.write_text(style.read_text("utf-8") + "\n.added { color: red; }\n", "utf-8")
    second = build_assets(root)
    changed = {name for name in BUNDLES if first.files[name] != second.files[name]}
    assert changed == {"app.css"}
    after = {path.name: path.stat().st_mtime_ns for path in (root / "build/assets").iterdir() if path.is_file()}
    assert all(after[name] == time for name, time in times.items() if name not in ("manifest.json", ".lock"))
    assert not [name for name in after if name.startswith(".") and name != ".lock"]
    assert build_assets(root) == second


def test_missing_node_modules_says_what_to_run_and_keeps_the_old_set(built: Manifest, tmp_path: Path) -> None:
    root = _copy(tmp_path)
    shutil.rmtree(root / "node_modules")
    with pytest.raises(AssetsMissing, match="npm ci"):
        build_assets(root)
    assert ensure_assets(root) == built
    shutil.rmtree(root / "build")
    with pytest.raises(AssetsMissing, match="npm ci"):
        ensure_assets(root)


async def test_previous_address_is_still_served(built: Manifest, tmp_path: Path) -> None:
    folder = tmp_path / "assets"
    folder.mkdir()
    for suffix in ("", ".br", ".gz"):
        (folder / f"app.00112233445566aa.css{suffix}").write_bytes(b"old")
    transport = httpx.ASGITransport(app=Assets(folder))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://site.test") as client:
        answer = await client.get("/assets/app.00112233445566aa.css", headers={"accept-encoding": "identity"})
    assert answer.text == "old"


def test_nothing_is_loaded_from_another_host(built: Manifest) -> None:
    for name in ("tabler.css", "app.css", "noscript.css"):
        text = (ROOT / "build/assets" / built.files[name]).read_text("utf-8")
        assert "@import" not in text
        assert "sourceMappingURL" not in text
        assert all(part.lstrip("'\"").startswith("data:") for part in text.split("url(")[1:])


def test_colours_have_a_form_that_older_browsers_know(built: Manifest) -> None:
    text = (ROOT / "build/assets" / built.files["tabler.css"]).read_text("utf-8")
    assert "background-color:var(--tblr-primary)!important;background-color:color-mix(" in text


def test_every_bundled_package_has_its_licence_text(built: Manifest) -> None:
    found = {licence.package: licence for licence in bundled_licences(ROOT / "build/assets")}
    assert {
        "@tabler/core",
        "bootstrap",
        "@popperjs/core",
        "htmx.org",
        "echarts",
        "zrender",
        "tslib",
        "tablericons2",
    } == set(found)
    assert "The Tabler Authors" in found["@tabler/core"].text
    assert "Permission is hereby granted" in found["@tabler/core"].text
    assert "Apache License" in found["echarts"].text
    assert "Apache ECharts" in found["echarts"].text
