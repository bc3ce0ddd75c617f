"""Signing in with an identity provider in a real browser, at a server that was started for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from tests.support.provider import CLIENT, GROUPS, SECRET, Provider
from tests.support.servers import Server


@pytest.fixture
def with_provider(provider: Provider, transactional_db: Any) -> Iterator[Server]:
    """Daphne as an operator starts it whose users sign in with the provider."""
    env = {
        "OIDC_ISSUER": provider.url,
        "OIDC_CLIENT_ID": CLIENT,
        "OIDC_CLIENT_SECRET": SECRET,
        "OIDC_GROUPS": GROUPS,
        "OIDC_NAME": "Example Inc.",
    }
    with Server(**env) as server:
        yield server


async def test_somebody_signs_in_with_the_provider_and_sees_the_live_list(
    page: Page, with_provider: Server
) -> None:
    await page.goto(f"{with_provider.url}/login")
    await page.get_by_role("link", name="Sign in with Example Inc.").click()
    await page.get_by_placeholder("sub").fill("a-1")
    await page.get_by_role("button", name="Authorize").click()
    await expect(page.locator("#console")).to_have_attribute("data-state", "live")
    assert await User.objects.filter(username="ann").aexists()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
