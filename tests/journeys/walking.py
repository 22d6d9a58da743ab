"""What people do in the product: sign in, look at a page at both widths, move the demo clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, Request, expect

from tests.journeys.browser import DESKTOP, PHONE, OpenPage, Visit
from tests.journeys.demo import Demo

WAIT = 30_000
CLOCK_WAIT = 120_000
Enter = Callable[..., Awaitable["Walk"]]


class Walk:
    """One person in one browser of their own (cookies included)."""

    def __init__(self, visit: Visit, demo: Demo) -> None:
        self.visit = visit
        self.demo = demo
        self.page: Page = visit.page
        self.page.set_default_timeout(WAIT)
        self.page.on("requestfailed", self._on_failed)

    def _on_failed(self, request: Request) -> None:
        # A navigation that became a download, or that the next one replaced, is reported as aborted.
        if request.failure and "ERR_ABORTED" not in request.failure:
            self.visit.problems.append(f"failed request: {request.url} {request.failure}")

    async def open(self, path: str, name: str = "", *, status: int = 200) -> None:
        """Go to an address of the product and look at the page when it has a name."""
        with self.expecting(status):
            answer = await self.page.goto(path)
            assert answer is not None
            assert answer.status == status, f"{path}: {answer.status}"
            if name:
                await self.look(name)

    async def look(self, name: str) -> None:
        """The page at 1440 and at 390: axe silent, nothing too wide, no error so far, pictures kept."""
        for size in (PHONE, DESKTOP):
            await self.page.set_viewport_size({"width": size[0], "height": size[1]})
            self.visit.width = size[0]
            await self.visit.check(f"journey-{name}")

    @contextmanager
    def expecting(self, *statuses: int) -> Iterator[None]:
        """Statuses other than success that the browser may name in its console meanwhile."""
        self.visit.expected_statuses.update(statuses)
        yield
        self.visit.expected_statuses.difference_update(statuses)

    async def press(self, label: str, name: str = "", *, status: int = 200, exact: bool = True) -> None:
        """Press the button or link of that label, which leads to a page; look at it when it has a name."""
        wanted = self.page.get_by_role("button", name=label, exact=exact)
        control = wanted.or_(self.page.get_by_role("link", name=label, exact=exact)).first
        with self.expecting(status):
            async with self.page.expect_navigation(wait_until="load") as leading:
                await control.click()
            answer = await leading.value
            assert answer is None or answer.status == status, f"{label}: {answer.status} at {self.page.url}"
            if name:
                await self.look(name)

    async def sees(self, *words: str) -> None:
        """The words stand in the main part of the page."""
        for one in words:
            await expect(self.page.locator("main")).to_contain_text(one)

    async def heading(self, words: str) -> None:
        await expect(self.page.get_by_role("heading", level=1)).to_contain_text(words)

    async def fill(self, **values: str) -> None:
        """Fields by name."""
        for name, value in values.items():
            await self.page.locator(f"main [name='{name}']").fill(value)

    async def choose(self, **values: str) -> None:
        """Radios and check boxes by name and value."""
        for name, value in values.items():
            await self.page.locator(f"main input[name='{name}'][value='{value}']").check()

    async def sign_in(self, username: str, *, look: bool = False) -> None:
        """Through the identity provider's page, to the person's first page."""
        await self.page.goto("/sign-in")
        await expect(self.page.get_by_role("heading", name="选择登录身份")).to_be_visible()
        if look:
            await self.look("sign-in")
        await self.page.locator(f"button[name=username][value='{username}']").click()
        await self.page.wait_for_url(f"{self.demo.address}/**", wait_until="load")

    async def clock(self) -> str:
        """The demo's time as the page shows it, `2026-03-16 09:00`."""
        return await self.page.locator(".clock b").locator("visible=true").first.inner_text()

    async def move_clock(self, to: str) -> None:
        """From the control in the page's head; `to` is `2026-03-31T16:00` in Asia/Shanghai. Comes back to the page."""
        here = self.page.url.partition("?")[0].rstrip("/")
        await self.page.locator(".clock-box summary").locator("visible=true").click()
        await self.page.locator("#clock-top-to").fill(to)
        await self.page.get_by_role("button", name="拨到此时").locator("visible=true").click()
        await self.page.wait_for_url(
            lambda address: address.partition("?")[0].rstrip("/") == here and "moved" in address, timeout=CLOCK_WAIT
        )
        await expect(self.page.locator("summary.clock").locator("visible=true")).to_contain_text(to.replace("T", " "))

    async def download(self, label: str, folder: Path) -> Path:
        """Press what downloads a file; where it was kept."""
        async with self.page.expect_download() as leading:
            await (
                self.page.get_by_role("link", name=label).or_(self.page.get_by_role("button", name=label)).first.click()
            )
        got = await leading.value
        path = folder / got.suggested_filename
        await got.save_as(path)
        return path


@pytest.fixture
def enter(open_page: OpenPage, demo: Demo) -> Enter:
    """``await enter("dianchi-clerk")`` signs a person in in a browser of their own; without a name nobody is known."""

    async def make(username: str = "", *, script: bool = True, look: bool = False) -> Walk:
        walk = Walk(await open_page(DESKTOP, demo.address, script=script), demo)
        if username:
            await walk.sign_in(username, look=look)
        return walk

    return make
