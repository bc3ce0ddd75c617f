"""The console in the language and the time zone of its reader."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from django.contrib.auth.models import User
from playwright.async_api import BrowserContext, Page, expect

from tests.support.servers import Server
from tests.support.talk import open_tap


@pytest_asyncio.fixture(loop_scope="session")
async def mexican(context: BrowserContext) -> AsyncIterator[Page]:
    """A page in a browser that asks for Spanish, in Mexico City."""
    assert context.browser
    own = await context.browser.new_context(locale="es-MX", timezone_id="America/Mexico_City")
    page = await own.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield page
    await own.close()
    assert errors == []


async def sign_in(page: Page, server: Server) -> None:
    await page.goto(server.url + "/")
    await page.get_by_label("Nombre de usuario").fill("alice")
    await page.get_by_label("Contraseña").fill("alice's password")
    await page.get_by_role("button", name="Iniciar sesión").click()
    await expect(page.locator("#console")).to_have_attribute("data-state", "live")


async def test_a_spanish_browser_gets_a_spanish_console_until_its_user_chooses_english(
    mexican: Page, agents_server: Server, alice: User
) -> None:
    await open_tap(agent="front_desk")
    await sign_in(mexican, agents_server)
    html = mexican.locator("html")
    await expect(html).to_have_attribute("lang", "es")
    row = mexican.locator("[data-call]")
    await expect(row).to_contain_text("Iniciando")
    await expect(row).to_contain_text("Sin empezar")
    await row.get_by_role("button", name="Escuchar: Front desk").click()
    decks = mexican.get_by_role("region", name="Reproductores")
    await expect(decks).to_contain_text("Esperando el audio de la llamada")

    await mexican.get_by_role("button", name="Ajustes").click()
    dialog = mexican.get_by_role("dialog", name="Ajustes")
    await dialog.get_by_label("Idioma").select_option("English")
    await expect(decks).to_contain_text("Esperando")  # the page goes on until it is loaded again
    await dialog.get_by_role("button", name="Recargar la página ahora").click()
    await expect(mexican.get_by_role("heading", name="Live calls")).to_be_visible()
    await expect(html).to_have_attribute("lang", "en")
    await expect(row).to_contain_text("Starting")


async def test_a_browser_tells_its_time_zone(mexican: Page, agents_server: Server) -> None:
    await mexican.goto(agents_server.url + "/login")
    cookies = {cookie["name"]: cookie["value"] for cookie in await mexican.context.cookies()}
    assert cookies["zone"] == "America/Mexico_City"
