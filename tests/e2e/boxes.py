"""What a page must keep to on the narrowest phone, in any size of type: nothing leaves its box or is too small."""

FAULTS = """
() => {
  const [W, H] = [document.documentElement.clientWidth, window.innerHeight];
  const touch = document.documentElement.matches(".large, .largest") ? 60 : 48;
  const faults = new Set();
  const nameOf = (e) => `${e.tagName.toLowerCase()}.${e.className} ${e.textContent.trim().slice(0, 20)}`;
  const say = (fault, e) => faults.add(`${fault}: ${nameOf(e)}`);
  const isSeen = (e) => {
    for (let above = e; above; above = above.parentElement)
      if (getComputedStyle(above).clipPath !== "none") return false;
    const box = e.getBoundingClientRect();
    const isShown = e.checkVisibility({ contentVisibilityAuto: true }) && !e.closest("svg, .skip");
    return isShown && box.width > 1 && box.height > 1;
  };
  const scrolls = (e) => {
    for (let above = e.parentElement; above; above = above.parentElement)
      if (["auto", "scroll"].includes(getComputedStyle(above).overflowX)) return true;
    return false;
  };
  if (document.documentElement.scrollWidth > W) faults.add("the page scrolls sideways");
  for (const e of document.querySelectorAll("body *")) {
    if (!isSeen(e)) continue;
    const box = e.getBoundingClientRect();
    const style = getComputedStyle(e);
    if (!scrolls(e)) {
      if (box.left < -1 || box.right > W + 1) say("leaves the page", e);
      const isBox = style.display !== "inline" && style.overflowX === "visible" && e.clientWidth;
      if (isBox && e.scrollWidth > e.clientWidth + 1) say("its content leaves it", e);
    }
    const isBar = style.position === "sticky" && e.tagName !== "TH";
    if (isBar && box.height > H / 4) say(`a bar ${box.height} high stays in place`, e);
    if (e.matches("button, .button")) {
      const texts = [...e.childNodes].filter((node) => node.nodeType === 3);
      const text = texts.map((node) => node.textContent.trim()).join("");
      const inner = e.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
      if (inner < Math.min(text.length, 4) * parseFloat(style.fontSize) - 1) say("its text is a column", e);
    }
    if (e.matches("main .row, main .level") && box.height < touch - .5) say(`a row ${box.height} high`, e);
    const isTapped = e.matches(".footer a, .links a, .masthead a, .alone a");
    if (isTapped && box.height < 43.5) say(`a link ${box.height} high`, e);
  }
  return [...faults];
}
"""
SIZES = ("normal", "large", "largest")


def check_boxes(page):
    """Assert that nothing leaves its box at 320 × 568 in any size of type; the page is left as it was."""
    before, type_size = page.viewport_size, page.evaluate("document.documentElement.className")
    page.set_viewport_size({"width": 320, "height": 568})
    found = {size: faults for size in SIZES if (faults := _faults(page, size))}
    page.evaluate("size => { document.documentElement.className = size; }", type_size)
    page.set_viewport_size(before)
    assert found == {}, f"{page.url}: {found}"


def _faults(page, size):
    page.evaluate("size => { document.documentElement.className = size; }", size)
    return page.evaluate(FAULTS)
