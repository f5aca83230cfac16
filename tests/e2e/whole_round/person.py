"""A person with a browser and a phone: logs in, follows links, presses buttons; each click and each code is counted."""

import base64
import re
import secrets
from contextlib import contextmanager

from django_otp.oath import hotp
from playwright.sync_api import expect

from tests.e2e.conftest import screenshot
from tests.e2e.handbook import PLACE, depict
from tests.nanchuan_eval.handbook.texts import without_figures

STEP_SECONDS, NO_CONTENT = 30, 204
OWN_PASSWORD = "/account/password/"
LANDING = re.compile(f"/home/|{OWN_PASSWORD}")
# Everything on a page that has or gives a name.
SAID = """() => [...document.querySelectorAll(
  "h1, h2, h3, button, summary, legend, label, th, a, strong, p, dt, .note, input[type=submit]"
)].map(each => each.innerText || each.value || "")"""
# Who acted last, for whoever reads a failure.
LAST = []


class Person:
    """One account at one desk."""

    numbers = iter(range(1, 250))

    def __init__(self, office, chromium, username, name="", *, width=1280, headers=None, state=None):
        self.office, self.username, self.name = office, username, name or username
        self.password, self.secret, self.used_step = "", "", 0
        self.landed_at = None
        self.refused, self.faults = [], []
        forwarded = {"X-Forwarded-For": f"10.1.0.{next(self.numbers)}", "X-Forwarded-Proto": "https"}
        self.context = chromium.new_context(
            viewport={"width": width, "height": 844},
            base_url=office.address,
            locale="zh-CN",
            ignore_https_errors=True,
            extra_http_headers=forwarded,
            accept_downloads=True,
            storage_state=state,
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("response", self._notice)
        self.page.on("pageerror", lambda error: self.faults.append(f"{self.page.url}: {error}"))

    def _notice(self, response):
        if response.status >= 400 and response.request.is_navigation_request():
            self.faults.append(f"{response.status} {response.request.method} {response.url}")

    # -- the browser

    def click(self, name, *, within=None, exact=True, first=False):
        """Press the button or follow the link of this name."""
        place = within or self.page
        found = place.get_by_role("link", name=name, exact=exact).or_(
            place.get_by_role("button", name=name, exact=exact)
        )
        self._click(found.first if first else found)

    def tick(self, label, *, within=None, exact=True):
        """Tick a box or choose a radio button by its label."""
        self._click((within or self.page).get_by_label(label, exact=exact))

    def press(self, selector):
        """Click what no name tells apart."""
        self._click(self.page.locator(selector).first)

    def _click(self, found):
        self._count()
        self._notice_names()
        found.click()
        self.page.wait_for_load_state()

    def _count(self):
        self.office.clicks[self.office.step_name][self.username] += 1
        LAST[:] = [self]

    def fill(self, label, text, *, exact=True):
        """Type into the field of this label."""
        self.page.get_by_label(label, exact=exact).fill(text)

    def enter(self, **values):
        """Type into the fields of these names, or choose from them."""
        for name, value in values.items():
            field = self.page.locator(f"[name={name}]")
            if field.evaluate("field => field.tagName") == "SELECT":
                if field.input_value() != value:
                    self._count()
                    field.select_option(value)
            else:
                field.fill(str(value))

    def choose(self, label, option):
        """Choose an option of a select field by what it says."""
        self._count()
        self.page.get_by_label(label).select_option(label=option)

    def upload(self, name, content):
        """Choose a file for the page's file field."""
        self._count()
        file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        self.page.locator("input[type=file]").set_input_files(file)

    def download(self, name, **where):
        """Follow a link or press a button that answers with a file; return its content."""
        with self.page.expect_download() as waited:
            self.click(name, **where)
        return waited.value.path().read_bytes()

    def sees(self, text):
        """Assert that the page says this."""
        expect(self.page.get_by_text(text).first).to_be_visible()

    def row(self, text):
        """Return the table row that holds the text."""
        return self.page.get_by_role("row").filter(has_text=text)

    def picture(self, name):
        """Take pictures of the page at both widths."""
        size = self.page.viewport_size
        for width in (1280, 390):
            self.page.set_viewport_size({"width": width, "height": 844})
            screenshot(self.page, f"round-{name}-{width}")
        self.page.set_viewport_size(size)

    def depict(self, name, selector=PLACE):
        """Take or compare a picture of the handbook, once in a round."""
        self._notice_names()
        if name not in self.office.depicted:
            depict(self.page, name, selector)
        self.office.depicted.add(name)

    def _notice_names(self):
        self.office.seen |= {without_figures(text) for text in self.page.evaluate(SAID)}

    # -- the account

    def code(self):
        """Return a code that the phone shows and that was not used yet, counted; wait for the next one if needed."""
        self.office.codes[self.office.step_name][self.username] += 1
        if self._phone_step() <= self.used_step:
            self.office.pass_time(seconds=STEP_SECONDS)
        self.used_step = self._phone_step()
        return f"{hotp(base64.b32decode(self.secret), self.used_step):06d}"

    def _phone_step(self):
        return int(self.office.now().timestamp() // STEP_SECONDS)

    def accept_invitation(self, link):
        """Set the password by the one-time link, which logs in, and enrol the phone."""
        self.password = _new_password()
        self.page.goto(link)
        self.fill("新口令", self.password)
        self.fill("再次输入新口令", self.password)
        self.click("设置口令")
        self.secret = self.page.locator("code").first.inner_text().replace(" ", "")
        if self.username == "clerk":
            self.depict("enrol")
        self.fill("6位数字", self.code())
        self.click("绑定动态口令")
        self._notice_names()

    def log_in(self):
        """Log in with password and code, as every morning; nothing is asked within the same session."""
        if self.context.request.get("/account/sessions/continue/", max_redirects=0).status == NO_CONTENT:
            return
        self.page.goto("/login/")
        self._sign_in()
        if self.secret:
            self.page.locator("[name=code]").fill(self.code())
            self._click(self.page.locator("main").get_by_role("button").first)
        self.page.wait_for_url(LANDING)
        if OWN_PASSWORD in self.page.url:
            self._renew_password()
        self.landed_at = self.office.clicks_in_all()

    def _sign_in(self):
        self.page.locator("[name=username]").fill(self.username)
        self.page.locator("[name=password]").fill(self.password)
        self.click("登录")

    def _renew_password(self):
        """Set another password in place of the one that is too old."""
        old, self.password = self.password, _new_password()
        self.enter(old_password=old, new_password1=self.password, new_password2=self.password)
        self._click(self.page.locator("main form").get_by_role("button").first)
        self.page.goto("/home/")

    def home(self):
        """Go to one's home page, as by a click on the header; who has just logged in is there."""
        if self.landed_at != self.office.clicks_in_all():
            self._count()
            self.page.goto("/home/")

    def refresh(self):
        """Load the page anew."""
        self._count()
        self.page.reload()

    def follow(self, address):
        """Follow a link whose address was read from a page."""
        self._count()
        self.page.goto(address)

    def open_proposal(self, title):
        """Open the proposal whose title holds these words, from the list of what waits."""
        self.home()
        self._click(self.page.locator("main a").filter(has_text=re.compile(f"审批：.*{title}")).first)

    def approve(self, *titles, depicts=""):
        """Read and approve the proposals of these titles, one after another; a code only where the page asks for it."""
        self.open_proposal(titles[0])
        if depicts:
            self.depict(depicts)
        for title in titles:
            expect(self.page.get_by_role("heading", level=1)).to_contain_text(title)
            self._enter_code()
            self.click("同意并办理")
            self.sees("已同意并办理")

    def approve_together(self, title):
        """Read all small proposals of one kind on one page and approve them together."""
        self.open_proposal(title)
        self.click("一并审批", exact=False)
        self._enter_code()
        self.click("同意并办理选中的事项")
        self.sees("已同意并办理")

    def _enter_code(self):
        field = self.page.locator("[name=code]")
        if field.count():
            field.fill(self.code())

    def send_back(self, title, note):
        """Send the proposal back with a reason."""
        self.open_proposal(title)
        self.page.locator("[name=note]").fill(note)
        self.click("退回提请")
        self.sees("已退回")

    @contextmanager
    def refuses(self):
        """Requests inside are expected to be refused; their faults do not count."""
        known = list(self.faults)
        yield
        self.faults = known


def _new_password():
    return f"Xin-{secrets.token_hex(6)}-9"
