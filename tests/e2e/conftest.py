"""Browser fixtures and checks of pages; screenshots go to test-results/screenshots/."""

import os
import re
from datetime import timedelta
from functools import wraps

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from playwright.sync_api import Locator, Page, sync_playwright

from tests.factories import make_open_round
from tests.paths import ROOT

# Playwright runs an event loop in this thread, where Django would refuse database queries as asynchronous.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
EXPECTED = re.compile(r"status of (4|503)|net::ERR_FAILED").search
# Rules of good practice that axe calls moderate: everything stands in a landmark, headings do not skip a level.
STRUCTURE = re.compile(r"region|landmark-|heading-order|page-has-heading-one|skip-link|bypass").match
SCREENSHOTS = ROOT / "test-results" / "screenshots"


def then_whole(act):
    """`act` of a page or a locator, which returns once the answer begins to arrive; here once its page can be read."""

    @wraps(act)
    def act_and_wait(subject, *arguments, **options):
        act(subject, *arguments, **options)
        getattr(subject, "page", subject).wait_for_load_state("domcontentloaded")

    return act_and_wait


@pytest.fixture(scope="session")
def chromium():
    for kind, name in ((Locator, "click"), (Locator, "press"), (Page, "click")):
        setattr(kind, name, then_whole(getattr(kind, name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*QUIET, "--disable-sync", "--no-first-run"]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, live_server):
    """Open pages of a given width; finally assert that no page reported an error (CSP, scripts)."""
    contexts, faults = [], []

    def open_(width=390, **options):
        context = chromium.new_context(
            viewport={"width": width, "height": 844}, base_url=live_server.url, locale="zh-CN", **options
        )
        page = context.new_page()
        # Refused requests and networks that a test cuts off are not errors of the page.
        page.on("console", lambda m: faults.append(m.text) if m.type == "error" and not EXPECTED(m.text) else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        contexts.append(context)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def voting(transactional_db):
    """A round that is open now."""
    now = timezone.now()
    return make_open_round(sections=4, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))


def log_in(page, user, address):
    """Give the browser a session of the account at the live server's address."""
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session.save()
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": address}
    page.context.add_cookies([cookie])


def check_page(page):
    """Assert no serious accessibility fault, landmarks and headings in order, a language, no sideways scrolling."""
    page.wait_for_load_state()  # a click returns once the answer begins
    # Without preload: axe would write the sheets that a sheet imports into the page, which the policy forbids.
    violations = Axe().run(page, options={"preload": False}).response["violations"]
    serious = [v for v in violations if v["impact"] in {"serious", "critical"} or STRUCTURE(v["id"])]
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in serious] == [], page.url
    assert page.locator("h1").count() == 1
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


def screenshot(page, name):
    """Save a screenshot of the whole page."""
    page.wait_for_load_state()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    # The picture resizes the window; when a field with the focus loses it later, Chromium scrolls under the mouse.
    page.evaluate("document.activeElement.matches('input, textarea') && document.activeElement.blur()")
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
