"""The officer's pages of the log in a real Chromium, on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from audit.actions import Action

from .annotator.conftest import LiveServer, opened


@pytest.fixture
def phone(chromium, app, browse):
    """A phone in Vienna on which the officer is signed in; no page may break its policy."""
    server = LiveServer(app)
    server.start()
    cookie = browse("officer").client.get_cookie("folkmoot")
    size = {"width": 360, "height": 740}
    settings = {"viewport": size, "timezone_id": "Europe/Vienna", "base_url": server.url}
    with opened(chromium, **settings) as context:
        context.add_cookies([{"name": "folkmoot", "value": cookie.value, "url": server.url}])
        page, said = context.new_page(), []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        yield page
        assert said == []
    server.stop()


def test_the_log_reads_well_on_a_phone_with_local_time_beside_utc(world, phone):
    entry = next(each for each in world.entries() if each.action is Action.REVIEW_OVERRIDDEN)
    for address in ("/governance", "/audit", "/audit/health", f"/audit/{entry.id}"):
        phone.goto(address)
        assert Axe().run(phone).response["violations"] == [], address
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    moment = phone.locator(".facts .moment").first
    expect(moment.locator("time").nth(0)).to_contain_text("GMT+")
    expect(moment.locator("time").nth(1)).to_have_text(
        f"{entry.recorded_at:%d %b %Y, %H:%M:%S} UTC"
    )


def test_a_receipt_is_downloaded_twice_with_the_chosen_text(world, phone):
    entry = next(each for each in world.entries() if each.action is Action.REVIEW_OVERRIDDEN)
    phone.goto(f"/audit/{entry.id}")
    phone.get_by_label("reason text").check()
    for _ in range(2):
        with phone.expect_download() as kept:
            phone.get_by_role("button", name="JSON").click()
        assert "The last blood test" in kept.value.path().read_text()
