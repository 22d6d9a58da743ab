"""Who may come in, by which keys of the keyboard, what ends it, and what stays closed."""

import re
from uuid import uuid4

import psycopg
from playwright.async_api import expect

from deploy.embedded.layout import DATABASE, Layout
from deploy.embedded.postgres import SUPERUSER, EmbeddedPostgres
from shared.ids import token_hash
from tests.journeys.walking import Enter, Walk

PROVIDER_COOKIE = "demo_identity"


async def tab_to(walk: Walk, selector: str, most: int = 120) -> None:
    """Press Tab until the element has the focus; it must be seen to have it."""
    for _ in range(most):
        await walk.page.keyboard.press("Tab")
        if await walk.page.evaluate("(s) => document.activeElement?.matches(s) ?? false", selector):
            ringed = await walk.page.evaluate(
                "() => { const s = getComputedStyle(document.activeElement);"
                " return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none'; }"
            )
            assert ringed, f"{selector} has the focus and does not show it"
            return
    raise AssertionError(f"Tab does not reach {selector}")


async def test_everything_of_a_clerks_errand_goes_by_keyboard(enter: Enter) -> None:
    walk = await enter()
    await walk.page.goto("/sign-in")
    await tab_to(walk, "button[name=username][value='dianchi-clerk']")
    await walk.page.keyboard.press("Enter")
    await walk.page.wait_for_url("**/institution/**", wait_until="load")
    # The first stop leads past the menu.
    await walk.page.keyboard.press("Tab")
    assert await walk.page.evaluate("() => document.activeElement.getAttribute('href')") == "#main"
    await walk.page.keyboard.press("Enter")
    await tab_to(walk, "main a", 3)
    await walk.page.goto("/institution/")
    await tab_to(walk, "#sidebar a[href='/institution/ledger']")
    await walk.page.keyboard.press("Enter")
    await walk.page.wait_for_url("**/institution/ledger", wait_until="load")
    await tab_to(walk, "#q")
    await walk.page.keyboard.type("装置")
    await walk.page.keyboard.press("Enter")
    await walk.page.wait_for_url(re.compile("q="), wait_until="load")
    await walk.sees("装置")
    await tab_to(walk, "td.name a")
    name = await walk.page.evaluate("() => document.activeElement.textContent")
    assert "装置" in name
    await walk.page.keyboard.press("Enter")
    await walk.page.wait_for_url(re.compile("/ledger/[0-9a-f-]{36}"), wait_until="load")
    await walk.heading(name.strip())
    assert await walk.visit.unreachable() == []


async def end_the_others(walk: Walk) -> None:
    while await walk.page.get_by_role("button", name="退出该登录").count():
        await walk.press("退出该登录", exact=False)


async def test_signing_out_ends_it_everywhere_it_is_told_to(enter: Enter) -> None:
    here, there = await enter("jinma-clerk", look=True), await enter("jinma-clerk")
    await here.open("/institution/sessions", "sessions")
    await end_the_others(here)
    # The provider would know them again at once; without its cookie it must ask.
    await there.page.context.clear_cookies(name=PROVIDER_COOKIE)
    await there.page.goto("/institution/ledger")
    await expect(there.page.get_by_role("heading", name="选择登录身份")).to_be_visible()
    # Signed in again, one stands where one wanted to go.
    await there.page.locator("button[name=username][value='jinma-clerk']").click()
    await there.page.wait_for_url("**/institution/ledger", wait_until="load")
    await here.open("/institution/")
    await here.page.locator(".user-panel").locator("xpath=..").locator("summary").locator("visible=true").click()
    await here.page.get_by_role("button", name="退出登录").locator("visible=true").click()
    await expect(here.page.get_by_role("heading", level=1)).to_have_text("已退出登录")
    await here.look("signed-out")
    await here.page.get_by_role("link", name="退出统一身份认证").click()
    await here.page.wait_for_url("**/signed-out", wait_until="load")
    await here.page.goto("/institution/")
    await expect(here.page.get_by_role("heading", name="选择登录身份")).to_be_visible()


async def test_a_form_sent_after_the_session_ended_is_not_carried_out(enter: Enter) -> None:
    walk, other = await enter("jinma-researcher1"), await enter("jinma-researcher1")
    await walk.page.goto("/institution/disclosures/new")
    await walk.choose(classified="no", key_technology="no")
    await other.page.goto("/institution/sessions")
    await end_the_others(other)
    await walk.press("继续填写", "session-ended", status=401)
    await expect(walk.page.get_by_role("heading", level=1)).to_have_text("请先登录")
    # Signing in again leads back to the page with the form; nothing of it was carried out.
    await walk.page.locator("main a", has_text="登录").click()
    await walk.page.wait_for_url("**/institution/disclosures/new", wait_until="load")
    await walk.open("/institution/disclosures")
    await walk.sees("还没有披露过成果")


async def idle_for(walk: Walk, minutes: int) -> None:
    """Nobody touched this browser for so long: its last sign of life is moved back, the limit is the product's own."""
    (token,) = [cookie["value"] for cookie in await walk.page.context.cookies() if cookie["name"] == "chengguo"]
    server = EmbeddedPostgres(Layout(walk.demo.data).database)
    assert server.attach()
    with psycopg.connect(server.dsn(SUPERUSER, DATABASE), autocommit=True) as connection:
        moved = connection.execute(
            "update app.session set seen_at = clock_timestamp() - make_interval(mins => %s) where token_hash = %s",
            (minutes, token_hash(token)),
        )
        assert moved.rowcount == 1


async def test_after_half_an_hour_of_nothing_one_signs_in_again_and_goes_on(enter: Enter) -> None:
    walk = await enter("jinma-researcher1")
    await idle_for(walk, 29)
    await walk.open("/institution/disclosures/new")
    await walk.choose(classified="no", key_technology="no")
    await idle_for(walk, 31)
    await walk.press("继续填写", "session-timed-out", status=401)
    await expect(walk.page.get_by_role("heading", level=1)).to_have_text("请先登录")
    await walk.sees("登录已超时")
    await walk.page.locator("main a", has_text="登录").click()
    await walk.page.wait_for_url("**/institution/disclosures/new", wait_until="load")
    # A page that is only looked at leads to signing in, and then to where one wanted to go.
    await idle_for(walk, 31)
    await walk.page.context.clear_cookies(name=PROVIDER_COOKIE)
    await walk.page.goto("/institution/disclosures")
    await expect(walk.page.get_by_role("heading", name="选择登录身份")).to_be_visible()
    await walk.page.locator("button[name=username][value='jinma-researcher1']").click()
    await walk.page.wait_for_url("**/institution/disclosures", wait_until="load")
    await walk.sees("还没有披露过成果")


async def test_a_forged_answer_of_the_provider_is_a_page_that_leads_to_signing_in(enter: Enter) -> None:
    walk = await enter()
    await walk.open("/sign-in/callback?code=taken-from-somebody&state=forged", "sign-in-refused", status=400)
    await walk.sees("登录没有完成", "state")
    await walk.page.get_by_role("link", name="登录", exact=True).last.click()
    await expect(walk.page.get_by_role("heading", name="选择登录身份")).to_be_visible()


async def test_a_role_that_may_not_and_a_tenant_that_is_not_ones_own(enter: Enter) -> None:
    researcher = await enter("cangshan-researcher1")
    await researcher.open("/institution/audit", "forbidden", status=403)
    await expect(researcher.page.locator("h1")).not_to_be_empty()
    await researcher.open("/console/", status=404)
    clerk = await enter("dianchi-clerk")
    await clerk.page.goto("/institution/ledger")
    href = await clerk.page.locator("td.name a").first.get_attribute("href")
    assert href
    theirs = await body_of(researcher, href, "not-ones-own")
    unknown = await body_of(researcher, f"/institution/ledger/{uuid4()}")
    assert theirs == unknown, "another institution's achievement is as unknown as one that never was"


async def body_of(walk: Walk, path: str, name: str = "") -> str:
    await walk.open(path, name, status=404)
    # what stands around it counts messages that arrive meanwhile
    shown = await walk.page.locator("main").inner_text()
    return re.sub(r"[0-9a-f]{16,}", "", shown)
