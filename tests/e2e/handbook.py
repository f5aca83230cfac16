"""The handbook's pictures, taken from the pages that browser tests open.

`make handbook-pictures` writes docs/handbook/pictures anew; every other run compares what the pages say now with what
they said when the pictures were taken.
"""

import io
import json
import os

from PIL import Image

from tests.nanchuan_eval.handbook.texts import PICTURES, RECORD, says, without_figures

WRITES = os.environ.get("HANDBOOK_PICTURES") == "true"
WIDEST, TALLEST, LARGEST = 960, 900, 60_000
PLACE = "main, #content"
# What a reader looks for on a picture: headings, buttons, fields, columns; their places on the page decide what is cut.
NAMED = """(root, tallest) => {
  const top = root.getBoundingClientRect().top;
  const named = root.querySelectorAll("h1, h2, h3, button, summary, legend, label, th[scope=col], a.button, .links a");
  return [...named].filter(each => each.getBoundingClientRect().bottom - top < tallest && each.offsetParent)
    .map(each => each.innerText);
}"""


def depict(page, name, selector=PLACE):
    """Take the picture of this name; or assert that the page still says what the picture shows."""
    page.wait_for_load_state()
    place = page.locator(selector).first
    # What the data say, such as sections and persons, differs from run to run.
    texts = sorted({without_figures(text) for text in place.evaluate(NAMED, TALLEST) if says(text)})
    known = json.loads(RECORD.read_text(encoding="utf-8"))
    if WRITES:
        _save(place.screenshot(animations="disabled"), name)
        text = json.dumps({**known, name: texts}, ensure_ascii=False, indent=1, sort_keys=True)
        RECORD.write_text(text + "\n", encoding="utf-8")
    else:
        assert known.get(name) == texts, f"make handbook-pictures takes the picture “{name}” anew"


def _save(png, name):
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture = picture.crop((0, 0, picture.width, min(picture.height, TALLEST)))
    picture.thumbnail((WIDEST, TALLEST))
    for quality in (80, 70, 60, 50, 40, 30):
        target = io.BytesIO()
        picture.save(target, "WEBP", quality=quality, method=6)
        if len(target.getvalue()) <= LARGEST:
            break
    (PICTURES / f"{name}.webp").write_bytes(target.getvalue())
