"""The same in a real browser: Keycloak's pages in Chinese, our policy for content, the second factor typed by hand."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.journeys.browser import DESKTOP, PHONE, OpenPage
from tests.sso.scene import Scene
from tests.sso.visiting import Account


async def type_in(page: Page, account: Account) -> None:
    await page.locator("#username").fill(account.username)
    await page.locator("#kc-login").click()
    await page.locator("#password").fill(account.password)
    await page.locator("#kc-login").click()


@pytest.mark.journey
@pytest.mark.requirement("R189")
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
async def test_an_institution_s_clerk_in_and_out(scene: Scene, open_page: OpenPage, size: tuple[int, int]) -> None:
    visit = await open_page(size, scene.product)
    page, account = visit.page, await scene.person(f"browser-{size[0]}", ("uni", "clerk"))
    await page.goto("/institution/sessions")
    await expect(page).to_have_title(re.compile("成果平台统一身份认证"))
    await type_in(page, account)
    await expect(page).to_have_url(f"{scene.product}/institution/sessions")
    form = page.locator('form[action="/sign-out"]').first
    await form.evaluate("form => form.requestSubmit()")
    await page.get_by_role("link", name=re.compile("统一身份认证")).click()
    await expect(page).to_have_url(f"{scene.product}/signed-out")
    await visit.check("sso-signed-out")


@pytest.mark.journey
async def test_an_officer_sets_up_a_second_factor(scene: Scene, open_page: OpenPage) -> None:
    visit = await open_page(DESKTOP, scene.product)
    page, account = visit.page, await scene.person("browser-officer", ("bureau", "department_officer"))
    await page.goto("/console/sessions")
    await type_in(page, account)
    secret = page.locator('input[name="totpSecret"]')
    account.otp = await secret.input_value()
    await page.locator("#totp").fill(account.code())
    await page.locator("#saveTOTPBtn").click()
    await expect(page).to_have_url(f"{scene.product}/console/sessions")


@pytest.mark.journey
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
async def test_what_is_wrong_is_a_page(scene: Scene, open_page: OpenPage, size: tuple[int, int]) -> None:
    visit = await open_page(size, scene.product)
    visit.expected_statuses |= {400}
    await visit.page.goto("/sign-in")
    await type_in(visit.page, await scene.person(f"browser-roleless-{size[0]}", ("uni", "")))
    await expect(visit.page.get_by_text("还没有任何角色")).to_be_visible()
    await visit.check("sso-no-role")
