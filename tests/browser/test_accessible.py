"""axe-core finds nothing: on any page, in either theme, from a phone to a wide screen."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from playwright.async_api import Page, Route, expect

from monitor.models import AdminAction, CallOrder, ListenSession, OrderKind, Tap
from monitor.services import listens, marks, media
from monitor.services.taps import OpenedTap
from tests.support.browsing import sign_in, type_password
from tests.support.listed import Listed, call, condition, iso
from tests.support.listening import begin_listening
from tests.support.second_factors import add_app
from tests.support.servers import Server
from tests.support.talk import open_tap
from tests.support.tellings import tell
from tests.support.words import events

AXE = Path(settings.BASE_DIR) / "node_modules/axe-core/axe.min.js"
WIDTHS = (390, 1280, 1920)
Look = tuple[Literal["light", "dark"], int]
LOOKS: list[Look] = [(theme, width) for width in WIDTHS for theme in ("light", "dark")]
#: Enough for the admin, whose colours come from a few variables and do not depend on the width.
ADMIN_LOOKS: list[Look] = [("light", 390), ("dark", 1280)]
#: The rules of WCAG 2.2 AA, and what the authors of axe-core found good practice.
RUN = """
async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const {violations} = await axe.run(document, {runOnly: tags, resultTypes: ["violations"]});
  return violations.flatMap(({id, nodes}) =>
    nodes.map(({target, failureSummary}) => `${id} ${target.join(" ")}: ${failureSummary}`));
}
"""
#: Faults of Django's own pages that no block and no style can mend.
OF_DJANGO = (
    # Its label is the picture of a magnifying glass, whose text is "Search".
    "label-title-only #searchbar",
    # Rows too wide for a phone. The keyboard scrolls them in Chromium and Firefox all the same.
    "scrollable-region-focusable #events-group",
    "scrollable-region-focusable #listens-group",
    # The two lists of an account's rights: a question mark that shows its help to the mouse only.
    "aria-prohibited-attr label[for=",
    "aria-prohibited-attr #id_user_permissions_filter_selected > label > .help-tooltip",
    # Each has one name for its two fields, the date and the time.
    "label #id_last_login_",
    "label #id_date_joined_",
)

pytestmark = pytest.mark.skipif(not AXE.exists(), reason="NO AXE-CORE: npm ci installs it")


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def _axe(page: Page) -> None:
    """Serve axe-core from the page's own origin, because its policy takes no other script."""

    async def serve(route: Route) -> None:
        await route.fulfill(path=AXE, content_type="text/javascript")

    await page.route("**/axe.js", serve)
    await page.emulate_media(reduced_motion="reduce")


async def violations(page: Page, looks: list[Look] = LOOKS) -> dict[Look, list[str]]:
    """Let axe-core look at the page as it is now: return what it finds by theme and width."""
    await page.add_script_tag(url="/axe.js")
    found: dict[Look, list[str]] = {}
    for theme, width in looks:
        await page.set_viewport_size({"width": width, "height": 800})
        await page.emulate_media(color_scheme=theme)
        found[theme, width] = await page.evaluate(RUN)
    return {look: what for look, what in found.items() if what}


async def assert_clean(page: Page) -> None:
    assert not await violations(page)


async def assert_admin_clean(page: Page, server: Server, *places: str) -> None:
    """Find nothing on pages of the admin but the faults of Django's own that stay."""
    for place in places:
        await page.goto(f"{server.url}/admin/{place}")
        found = await violations(page, ADMIN_LOOKS)
        own = [one for what in found.values() for one in what if not one.startswith(OF_DJANGO)]
        assert not own, f"/admin/{place}"


async def test_the_check_finds_a_text_that_is_too_pale_and_a_field_without_a_name(
    page: Page, agents_server: Server, transactional_db: None
) -> None:
    await page.goto(agents_server.url + "/login")
    await page.evaluate(
        """() => {
          document.querySelector("h1").style.color = "rgb(128 128 128 / 20%)";
          document.querySelector("label").textContent = "";
        }"""
    )
    found = await violations(page)
    assert len(found) == len(LOOKS)
    for what in found.values():
        assert {one.split()[0] for one in what} >= {"color-contrast", "label"}


async def test_the_sign_in_and_the_page_of_who_is_locked_out(
    page: Page, agents_server: Server, transactional_db: None
) -> None:
    await page.goto(agents_server.url + "/login")
    await assert_clean(page)
    name = page.get_by_label("User name")
    for _ in range(settings.AXES_FAILURE_LIMIT):
        await name.fill("nobody")
        await page.get_by_label("Password").fill("wrong")
        async with page.expect_navigation():
            await page.get_by_role("button", name="Sign in").click()
    await expect(name).to_have_count(0)
    await assert_clean(page)


async def test_a_page_that_does_not_exist(
    page: Page, agents_server: Server, transactional_db: None
) -> None:
    await page.goto(agents_server.url + "/nothing-here")
    await assert_clean(page)


async def test_the_page_of_the_password_and_the_settings(
    page: Page, agents_server: Server, alice: User
) -> None:
    await sign_in(page, agents_server)
    await page.goto(agents_server.url + "/password")
    await assert_clean(page)
    await page.get_by_role("button", name="Settings").click()
    await assert_clean(page)


async def test_a_page_that_may_not_be_opened(
    page: Page, agents_server: Server, alice: User, charlie: User
) -> None:
    await sign_in(page, agents_server)
    await page.context.clear_cookies()
    await page.goto(agents_server.url + "/login?next=/calls/1")
    await page.get_by_label("User name").fill("charlie")
    await page.get_by_label("Password").fill("charlie's password")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_text("Your account may not open this page")).to_be_visible()
    await assert_clean(page)


async def test_the_live_list_without_calls_and_the_shortcuts(
    page: Page, agents_server: Server, alice: User
) -> None:
    await sign_in(page, agents_server)
    await assert_clean(page)
    await page.keyboard.press("?")
    await assert_clean(page)


async def test_the_live_list_with_calls_in_every_state(
    page: Page, agents_server: Server, alice: User
) -> None:
    listed = Listed(page)
    helped = call(2, attention=[condition(note="the caller is upset"), condition("one_way", 80)])
    ended = call(3, state="finished", ended_at=iso(1))
    await listed.serve(call(1), helped, ended, call(4, state="requested"))
    await sign_in(page, agents_server)
    await expect(page.locator("[data-call]")).to_have_count(4)
    await page.get_by_role("button", name="Asks for help").focus()
    await expect(page.get_by_role("tooltip")).to_be_visible()
    await assert_clean(page)
    await page.get_by_label("Find calls").fill("Caller 2")
    await page.locator("[data-part=views-menu] summary").click()
    await assert_clean(page)


async def test_a_call_on_a_deck_on_its_own_page_and_in_a_window_of_its_own(
    page: Page, agents_server: Server, alice: User
) -> None:
    opened = await open_tap(agent="Receptionist")
    await sync_to_async(everything_said)(opened)
    await sign_in(page, agents_server)
    await page.locator("[data-action=listen]").first.click()
    await expect(page.locator(".deck")).to_be_visible()
    await page.get_by_role("button", name="Find in what is said").click()
    await page.keyboard.type("card")
    await expect(page.locator("[data-part=find-count]")).to_have_text("2 of 2")
    await page.locator(".deck").get_by_role("button", name="More").click()
    await assert_clean(page)
    address = f"{agents_server.url}/calls/{opened.tap.call_id}"
    for place in (address, f"{address}/deck"):
        await page.goto(place)
        await expect(page.locator(".deck")).to_be_visible()
        await assert_clean(page)


def everything_said(opened: OpenedTap) -> None:
    """Tell of each kind of line that a transcript has."""
    call_id = opened.tap.call.call_id
    for told in (
        {"conversation_add": {"role": "assistant", "content": "Could you read me the card?"}},
        {"speech_detect": {"text": "Yes. It is about a card", "source": "partial"}},
        {"barge": {"barge_type": "normal", "barge_elapsed_ms": 900}},
        {"swaig_call": {"command_name": "look_up", "command_arg": "{}", "error": "timed out"}},
        {"llm_error": {"event": "llm_fatal"}},
    ):
        tell(events(call_id, **told))


def everything_about(opened: OpenedTap, listener: User) -> None:
    """Write a row of each kind that the history has of a tap and its call."""
    tap = opened.tap
    media.connect(tap.pk, "a")
    marks.ask_for_help(tap.call.call_id, "the caller is upset")
    begin_listening(listener, tap, listens.Client("192.0.2.7", "Browser"))
    CallOrder.objects.create(
        call=tap.call, tap=tap, kind=OrderKind.STOP, asked_by=listener, username=listener.username
    )
    Tap.objects.filter(pk=tap.pk).update(rtp={"received": 1234, "lost": 2, "jitter_ms": 0.41})


async def test_the_history_in_the_admin(
    page: Page, agents_server: Server, alice: User, bob: User
) -> None:
    opened = await open_tap(agent="Receptionist")
    await sync_to_async(everything_about)(opened, alice)
    session, order = await ListenSession.objects.aget(), await CallOrder.objects.aget()
    call = f"monitor/call/{opened.tap.call_id}"
    await sign_in(page, agents_server, "bob")
    places = [
        "",
        "monitor/call/",
        "monitor/call/?agent=nobody",
        f"{call}/change/",
        f"{call}/history/",
    ]
    places += ["monitor/tap/", f"monitor/tap/{opened.tap.pk}/change/"]
    places += ["monitor/listensession/", f"monitor/listensession/{session.pk}/change/"]
    places += ["monitor/callorder/", f"monitor/callorder/{order.pk}/change/"]
    await assert_admin_clean(page, agents_server, *places)
    action = await AdminAction.objects.afirst()
    assert action, "what was looked at is logged"
    places = ["monitor/adminaction/", f"monitor/adminaction/{action.pk}/change/"]
    await assert_admin_clean(page, agents_server, *places)


async def test_the_accounts_and_sign_ins_in_the_admin(
    page: Page, agents_server: Server, bob: User, root: User
) -> None:
    await sign_in(page, agents_server, "root")
    account = f"auth/user/{bob.pk}"
    places = ["auth/user/", "auth/user/add/", f"{account}/change/", f"{account}/password/"]
    places += [f"{account}/delete/", "axes/accesslog/"]
    await assert_admin_clean(page, agents_server, *places)


async def test_the_second_factor(page: Page, agents_server: Server, alice: User) -> None:
    await type_password(page, agents_server.url)
    for place in ("", "/app", "/key", "/codes/new"):
        await page.goto(f"{agents_server.url}/second-factor{place}")
        await assert_clean(page)
    await sync_to_async(add_app)(alice)
    await page.goto(f"{agents_server.url}/second-factor")
    await assert_clean(page)
    await page.goto(f"{agents_server.url}/second-factor/app/remove")
    await assert_clean(page)
    await page.get_by_role("button", name="Sign out").click()
    await type_password(page, agents_server.url)
    await expect(page).to_have_title("Your second factor – Earshot")
    await assert_clean(page)
