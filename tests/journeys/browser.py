"""A real browser for tests: Debian's Chromium, its errors collected, axe, pictures in build/screens.

A folder of tests gets the fixtures by importing ``browser`` and ``open_page`` into its conftest.py.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, async_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SCREENS = ROOT / "build" / "screens"
DESKTOP = (1440, 900)
PHONE = (390, 844)

_REPORT_VIOLATIONS = """
addEventListener('securitypolicyviolation',
  (e) => window.reportViolation(`${e.violatedDirective}: ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
"""
_RUN_AXE = """
async () => {
  const found = await window.axe.run(document, {resultTypes: ['violations'], preload: false});
  const why = (n) => (n.any[0] || n.all[0] || n.none[0] || {}).message;
  const place = (n) => `${n.target.join(' ')} | ${n.html.slice(0, 160)} | ${why(n)}`;
  return found.violations.map((v) => `${v.id} (${v.impact}): ${v.help} → ${v.nodes.slice(0, 4).map(place).join(' ;; ')}`);
}
"""
_TOO_WIDE = """
() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const clipped = (e) => {
    for (let p = e.parentElement; p; p = p.parentElement) if (getComputedStyle(p).overflowX !== 'visible') return true;
    return false;
  };
  const right = (e) => Math.round(e.getBoundingClientRect().right);
  return [...document.querySelectorAll('body *')].filter((e) => right(e) > width + 1 && !clipped(e)).slice(0, 5)
    .map((e) => `${e.tagName}.${e.className} ends at ${right(e)} of ${width}`)
    .concat(`the page scrolls sideways: ${document.documentElement.scrollWidth} of ${width}`);
}
"""
_FOCUSABLE = """
() => {
  const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')];
  const shown = (e) => !e.disabled && e.type !== 'hidden' && e.tabIndex >= 0 && e.checkVisibility({visibilityProperty: true});
  window.__focusable = all.filter(shown);
  const radios = new Map();
  window.__focusable = window.__focusable.filter((e) => {
    if (e.type !== 'radio') return true;
    const group = [...document.getElementsByName(e.name)];
    const stop = group.find((r) => r.checked) || group[0];
    return e === stop;
  });
  return window.__focusable.length;
}
"""
_FOCUSED = """
() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const style = getComputedStyle(e), box = e.getBoundingClientRect();
  const ringed = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== 'none';
  const words = (e.getAttribute('aria-label') || e.textContent || e.name || '').trim().slice(0, 30);
  return {index: window.__focusable.indexOf(e), name: `${e.tagName} ${e.className} ${words}`,
          visible: box.width > 0 && box.height > 0, ringed};
}
"""


@dataclass
class Visit:
    """One tab and what went wrong in it so far: console errors, script errors, refused content, failed requests."""

    page: Page
    width: int
    problems: list[str] = field(default_factory=list)
    expected_statuses: set[int] = field(default_factory=set)

    async def axe(self) -> list[str]:
        """What axe-core finds on the present page: no rule left out."""
        await self.page.evaluate(axe_source())
        found: list[str] = await self.page.evaluate(_RUN_AXE)
        return found

    async def too_wide(self) -> list[str]:
        """What makes the page scroll sideways."""
        found: list[str] = await self.page.evaluate(_TOO_WIDE)
        return found

    async def picture(self, name: str) -> Path:
        """The whole page as ``build/screens/<name>-<width>.png``."""
        path = SCREENS / f"{name}-{self.width}.png"
        window = self.page.viewport_size
        assert window is not None
        # What is fixed to the window (the side bar) fills the picture only when the window is as tall as the page.
        height: int = await self.page.evaluate("() => document.documentElement.scrollHeight")
        await self.page.set_viewport_size({"width": window["width"], "height": max(height, window["height"])})
        await self.page.screenshot(path=path, full_page=True)
        await self.page.set_viewport_size(window)
        return path

    async def check(self, name: str) -> None:
        """Everything a page must hold: no problem so far, axe silent, nothing too wide; and its picture."""
        await self.picture(name)
        faults = [*await self.axe(), *await self.too_wide(), *self.problems]
        assert not faults, f"{name} at {self.width}:\n" + "\n".join(faults)

    async def unreachable(self) -> list[str]:
        """What the Tab key does not reach, or reaches without showing it."""
        expected: int = await self.page.evaluate(_FOCUSABLE)
        # From the first stop on: a page may have moved the focus to what must be read first.
        await self.page.evaluate("() => window.__focusable[0].focus()")
        seen: set[int] = {0}
        faults = []
        for _ in range(expected + 5):
            await self.page.keyboard.press("Tab")
            focused: dict[str, Any] | None = await self.page.evaluate(_FOCUSED)
            if focused is None:
                continue
            if not focused["visible"] or not focused["ringed"]:
                faults.append(f"no visible focus: {focused['name']}")
            if focused["index"] in seen and len(seen) == expected:
                break
            seen.add(focused["index"])
        missing = set(range(expected)) - seen
        for index in sorted(missing):
            faults.append(
                "not reached: "
                + await self.page.evaluate("(i) => window.__focusable[i].outerHTML.slice(0, 120)", index)
            )
        return faults

    def watch(self) -> None:
        """Start to collect what goes wrong."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        self.page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        expected = any(f"status of {status}" in message.text for status in self.expected_statuses)
        if not expected:
            self.problems.append(f"console {message.type}: {message.text}")

    def _on_request(self, request: Request) -> None:
        if request.url.endswith("/csp-report"):
            self.problems.append(f"CSP report: {request.post_data}")


@cache
def axe_source() -> str:
    """axe-core, evaluated through the debugger: the page's own policy stays in force."""
    assert AXE.is_file(), "缺少 axe-core：请运行 npm ci --ignore-scripts"
    return AXE.read_text("utf-8")


def _chromium() -> str:
    assert CHROMIUM.is_file(), "缺少 Chromium：请运行 apt-get install chromium fonts-noto-cjk"
    SCREENS.mkdir(parents=True, exist_ok=True)
    return str(CHROMIUM)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for the session; missing is a failure, never a skip."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=_chromium(),
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=zh-CN"],
        )
        yield running
        await running.close()


OpenPage = Callable[..., Awaitable[Visit]]


@pytest.fixture
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """``await open_page(width=DESKTOP, base_url=…, script=True)`` gives a watched tab in a context of its own."""
    contexts: list[BrowserContext] = []

    async def make(size: tuple[int, int] = DESKTOP, base_url: str = "", *, script: bool = True) -> Visit:
        context = await browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            base_url=base_url or None,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = await context.new_page()
        visit = Visit(page, size[0])
        await context.expose_binding("reportViolation", lambda _, words: visit.problems.append(f"CSP: {words}"))
        await context.add_init_script(_REPORT_VIOLATIONS)
        visit.watch()
        return visit

    yield make
    for context in contexts:
        await context.close()
