"""Draw the README's picture from two demonstrations served with REQUIRE_OTP=false: `make overview` writes overview.png.

One is published; the other, `demo --open`, is in its vote and shows the phone's ballot with a code from its codes.csv.
"""

import csv
import sys
from base64 import b64encode
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

PASSWORD = "Yanshi-demo-2020"  # noqa: S105  the demo accounts', as README.md prints it
PICTURE = Path(__file__).with_name("overview.png")
# The round of the key 2020H1 comes after three earlier ones.
MAIN_ROUND = 4
WIDTH, HEIGHT, GROUND = 1113, 982, "#c9d1d9"
# Left, top, width and height of each screenshot on the picture, and the width of the window it is taken in.
Frame = tuple[int, int, int, int, int]
BALLOT, LIST = (16, 16, 259, 560, 390), (291, 16, 806, 560, 1210)
COMMISSION, ROUND = (16, 592, 532, 374, 1280), (564, 592, 533, 374, 1280)


def new_page(browser: Browser, frame: Frame) -> Page:
    """Return a page that is drawn at the size of the frame."""
    _, _, width, height, window = frame
    return browser.new_page(
        viewport={"width": window, "height": height * window // width},
        device_scale_factor=width / window,
        locale="zh-CN",
    )


def ballot(browser: Browser, site: str, code: str) -> Page:
    page = new_page(browser, BALLOT)
    page.goto(f"{site}/ballot/")
    page.fill("#code", code)
    page.click("main button.primary")
    page.locator("label.row").first.click()
    page.get_by_role("button", name="下一步：开始评议").click()
    page.get_by_role("heading", name="请逐项评议").wait_for()
    for number, answer in enumerate(("严重", "没有")):
        page.locator("fieldset.question").nth(number).get_by_text(answer, exact=True).first.click()
    page.evaluate("scrollTo(0, 0)")
    return page


def public_list(browser: Browser, site: str) -> Page:
    page = new_page(browser, LIST)
    page.goto(f"{site}/list/2020H1/")
    return page


def staff_page(browser: Browser, frame: Frame, address: str, username: str) -> Page:
    """Return a page of the staff, opened by the account."""
    page = new_page(browser, frame)
    page.goto(address)
    page.fill("[name=username]", username)
    page.fill("[name=password]", PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.wait_for_url(address)
    return page


def image(page: Page, frame: Frame) -> str:
    """Return the screenshot of a page as an image in its frame."""
    left, top, width, height, _ = frame
    data = b64encode(page.screenshot()).decode()
    style = f"position:absolute;left:{left}px;top:{top}px;width:{width}px;height:{height}px"
    return f'<img style="{style}" src="data:image/png;base64,{data}">'


def draw(published: str, voting: str, codes: Path) -> None:
    with codes.open(encoding="utf-8-sig", newline="") as file:
        code = next(csv.DictReader(file))["票号"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        shots = (
            (ballot(browser, voting, code), BALLOT),
            (public_list(browser, published), LIST),
            (staff_page(browser, COMMISSION, f"{published}/commission/2020H1/", "jiwei"), COMMISSION),
            (staff_page(browser, ROUND, f"{published}/admin/evaluations/round/{MAIN_ROUND}/change/", "chief"), ROUND),
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        images = "".join(image(*shot) for shot in shots)
        page.set_content(f'<body style="margin:0;background:{GROUND}">{images}')
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    draw(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
