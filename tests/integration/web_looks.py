"""What can be seen of a page without eyes: contrast, names, focus, width. Questions to the browser, in its language."""

from typing import Any

from playwright.sync_api import Page

# Text and what is behind it: WCAG 2.2, success criterion 1.4.3; a translucent colour is laid over what is below it.
_CONTRASTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const parsed = (css) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = css;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
  const luminance = (colour) => {
    const [r, g, b] = colour.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const colour = parsed(getComputedStyle(one).backgroundColor);
      layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const text = texts.currentNode.textContent.trim();
    if (!text || !element.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    if (element.closest("[disabled], .visually-hidden, .skip-link, option, script, style, noscript")) continue;
    const box = element.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue;
    const style = getComputedStyle(element);
    const below = behind(element);
    const [one, other] = [luminance(over(parsed(style.color), below)), luminance(below)].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    found.push({text: text.slice(0, 40), ratio: (one + 0.05) / (other + 0.05), wanted: large ? 3 : 4.5});
  }
  return found;
}"""

# What axe-core calls label, button-name, link-name, duplicate-id, page-has-heading-one, html-has-lang, image-alt.
_UNNAMED = """() => {
  const problems = [];
  const say = (what, element) => problems.push(`${what}: ${element.outerHTML.slice(0, 120)}`);
  const visible = (element) => element.checkVisibility({visibilityProperty: true});
  const named = (element) => {
    const by = (element.getAttribute("aria-labelledby") ?? "").split(" ").filter(Boolean);
    const labels = [...(element.labels ?? [])].map((label) => label.textContent).join("").trim();
    return element.getAttribute("aria-label") || by.some((id) => document.getElementById(id)?.textContent.trim()) || labels;
  };
  for (const one of document.querySelectorAll("input:not([type=hidden]), select, textarea")) if (visible(one) && !named(one)) say("no label", one);
  for (const one of document.querySelectorAll("button, a[href], [role=button]")) {
    const text = one.textContent.trim() || [...one.querySelectorAll("img[alt]")].map((image) => image.alt).join("");
    if (visible(one) && !text && !named(one)) say("no name", one);
  }
  for (const one of document.querySelectorAll("img:not([alt])")) say("no alternative", one);
  for (const one of document.querySelectorAll("section, dialog, nav")) if (visible(one) && !named(one)) say("a region without a name", one);
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) problems.push(`twice: #${id}`);
  if ([...document.querySelectorAll("h1")].filter(visible).length !== 1) problems.push("not one h1");
  if (!document.documentElement.lang) problems.push("no language");
  if (!document.title) problems.push("no title");
  return problems;
}"""

_MARK_STOPS = """() => {
  const wanted = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
  const stops = [...document.querySelectorAll(wanted)].filter(
    (one) => one.checkVisibility({visibilityProperty: true}) && !one.disabled && one.tabIndex >= 0
  );
  stops.forEach((one, i) => { one.dataset.stop = String(i); });
  return stops.length;
}"""
_AT_STOP = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return {stop: one.dataset.stop ?? null, seen: outlined || style.boxShadow !== "none", what: one.outerHTML.slice(0, 100)};
}"""
_STOP = """(stop) => document.querySelector(`[data-stop="${stop}"]`)?.outerHTML.slice(0, 100) ?? null"""

_TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  const problems = document.documentElement.scrollWidth > width ? [`the page: ${document.documentElement.scrollWidth}`] : [];
  for (const one of document.querySelectorAll("a[href], button, input, select, textarea")) {
    if (!one.checkVisibility({visibilityProperty: true}) || one.closest(".skip-link, .visually-hidden")) continue;
    const box = one.getBoundingClientRect();
    const scrolled = one.closest(".table-scroll");
    if (!scrolled && (box.left < -1 || box.right > width + 1)) problems.push(one.outerHTML.slice(0, 120));
  }
  return problems;
}"""

_FRAMES = """(seconds) => new Promise((resolve) => {
  const intervals = [];
  let before = performance.now();
  const end = before + 1000 * seconds;
  const turn = () => {
    const now = performance.now();
    intervals.push(now - before);
    before = now;
    if (now < end) requestAnimationFrame(turn); else resolve(intervals);
  };
  requestAnimationFrame(turn);
})"""

_BACKGROUND = "() => getComputedStyle(document.body).backgroundColor"
_PIXELS = "(host) => [...host.querySelectorAll('canvas')].map((one) => one.toDataURL()).join()"


def pale(page: Page) -> list[str]:
    """Texts whose contrast is too low, with it."""
    found: list[dict[str, Any]] = page.evaluate(_CONTRASTS)
    assert found, "no text"
    return sorted({f"{one['text']!r}: {one['ratio']:.2f}" for one in found if one["ratio"] < one["wanted"]})


def unnamed(page: Page) -> list[str]:
    """What a screen reader could not tell."""
    found: list[str] = page.evaluate(_UNNAMED)
    return found


def lost_by_tab(page: Page) -> list[str]:
    """What Tab does not reach, and where it cannot be seen where one is. Rows that come and go meanwhile do not count."""
    stops: int = page.evaluate(_MARK_STOPS)
    reached, problems = set(), set()
    for _ in range(stops + 20):  # once around, from wherever one is
        page.keyboard.press("Tab")
        here = page.evaluate(_AT_STOP)
        if here is not None and here["stop"] is not None:
            if here["stop"] in reached:
                break
            reached.add(here["stop"])
            if not here["seen"]:
                problems.add(f"focus is not seen: {here['what']}")
    missed = (page.evaluate(_STOP, stop) for stop in map(str, range(stops)) if stop not in reached)
    return sorted(problems) + [f"not reached: {one}" for one in missed if one is not None]


def too_wide(page: Page) -> list[str]:
    """What reaches beyond the window's width."""
    found: list[str] = page.evaluate(_TOO_WIDE)
    return found


def frame_intervals_ms(page: Page, seconds: float) -> list[float]:
    """Between the frames that the browser drew, in order of length."""
    found: list[float] = page.evaluate(_FRAMES, seconds)
    return sorted(found)


def background(page: Page) -> str:
    """As CSS says it."""
    found: str = page.evaluate(_BACKGROUND)
    return found


def pixels(page: Page, test_id: str) -> str:
    """All that is drawn there."""
    found: str = page.get_by_test_id(test_id).evaluate(_PIXELS)
    return found
