// The ballot works without this file. With it its forms go by fetch: the page stays until the answer is there, and a dead or
// slow network is said beside the button. The rest (data-more: what is typed is kept, Back and reload) comes once it is needed.
"use strict";
window.ballotStart = (() => {
  const ROOT = "/ballot/", SLOW = 8000, LONG = 30000, OWN = /^\/ballot\/((sections|rate|review|cast)\/)?$/;
  const { dataset } = document.currentScript, addresses = new Set(dataset.more.split(/\s+/)); // one, where they are served joined
  let loading = null, busy = false;

  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const load = (src) => new Promise((done, fail) => {
    document.head.append(make("script", { src, async: false, onload: done, onerror: fail }));
  });
  const more = () => {
    loading = loading || Promise.all([...addresses].map(load)).catch((problem) => { loading = null; throw problem; });
    return loading;
  };

  // What is being done stands on the button, what went wrong beside it.
  const waiting = (pressed, isCast) => {
    // Enter presses a button that is not shown.
    const button = pressed && pressed.matches("[aria-hidden]") ? pressed.form.querySelector(".primary") : pressed;
    const label = button ? [...button.childNodes] : [], box = make("div", { className: "offline" });
    for (const old of document.querySelectorAll(".offline")) old.remove();
    box.setAttribute("role", "alert");
    (button || document.querySelector("main").lastElementChild).after(box);
    if (button) {
      button.textContent = isCast ? "正在提交…" : "正在打开…";
      button.setAttribute("aria-disabled", "true");
      button.focus({ preventScroll: true });
    }
    const slow = setTimeout(() => { box.textContent = "网络较慢，正在等待结果，请不要关闭本页。"; }, SLOW);
    return (problem, retry) => {
      clearTimeout(slow);
      if (button) {
        button.replaceChildren(...label);
        button.removeAttribute("aria-disabled");
      }
      if (!problem) { box.remove(); return; }
      const again = make("button", { type: "button", className: "secondary", textContent: "重试", onclick: retry });
      box.replaceChildren(make("p", { className: "error", textContent: problem }), again);
    };
  };
  const problemOf = ({ status }, isCast) => {
    if (status === 429) return "操作过于频繁，请1分钟后点击“重试”。您填写的内容已保留。";
    const what = status ? "暂时无法处理，请稍后点击“重试”。" : "网络中断，未收到结果。请在网络恢复后点击“重试”。";
    return `${what}您填写的内容已保留${isCast ? "；即使刚才已经提交成功，也只计一张票。" : "。"}`;
  };
  // The page that answers, or null if none came: then the citizen can try again.
  const request = async (address, body, button, retry) => {
    const isCast = address.endsWith("/cast/"), end = new AbortController();
    const say = waiting(button, isCast), timer = setTimeout(() => end.abort(), LONG);
    busy = true;
    try {
      await more();
      const answer = await fetch(address, { method: body ? "POST" : "GET", body, headers: { "X-Part": "main" }, signal: end.signal });
      if (answer.status !== 200 && answer.status !== 400) throw answer;
      const html = await answer.text();
      say("");
      return html;
    } catch (problem) {
      say(problemOf(problem, isCast), retry);
      return null;
    } finally {
      clearTimeout(timer);
      busy = false;
    }
  };

  const plain = (text) => text.normalize("NFKC").toUpperCase().replace(/[^0-9A-Z]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  const isCode = (text) => /^[0-9A-HJKMNP-TV-Z]{20}$/.test(text); // protocol/codes.py
  // So that a reload of the first page shows the code again (ballot/kept.js: tabCode).
  const remember = (text) => {
    try { sessionStorage.setItem("ballot-code", text); } catch { /* not kept */ }
    history.replaceState(history.state || { n: 0, kind: "code" }, "", location.pathname);
  };
  // CODE.D01-01,D02-03: a list of sections behind the code has a script of its own, so that other ballots need not load it.
  const takeHash = () => {
    let code = "", list;
    try { [code, list] = decodeURIComponent(location.hash.slice(1)).split("."); } catch { /* not ours */ }
    code = plain(code);
    if (!isCode(code)) return ""; // a place in the page
    remember(code);
    window.ballotList = [code, list];
    if (list) addresses.add(dataset.listed);
    return code;
  };
  const fillCode = (code) => {
    const field = document.getElementById("code");
    if (field && code) field.value = code;
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target, button = event.submitter;
    const { origin, pathname } = make("a", { href: button && button.hasAttribute("formaction") ? button.formAction : form.action });
    // An old browser does not tell which button was pressed: it sends the form itself.
    if (!form.closest("main") || origin !== location.origin || !OWN.test(pathname) || !("submitter" in event)) return;
    event.preventDefault();
    if (busy) return;
    const again = () => { if (button) button.click(); else form.requestSubmit(); };
    if (window.ballotWalk) { window.ballotWalk.submit(form, button, pathname, again); return; }
    const say = waiting(button);
    busy = true;
    try {
      await Promise.race([more(), new Promise((_, fail) => { setTimeout(fail, LONG, {}); })]);
      say("");
    } catch (problem) { say(problemOf(problem), again); return; } finally { busy = false; }
    window.ballotWalk.submit(form, button, pathname, again);
  });

  document.addEventListener("input", ({ target }) => { if (target.id === "code") remember(target.value); });
  for (const link of document.querySelectorAll("[data-size]")) {
    link.closest("nav").hidden = false;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      document.documentElement.className = link.dataset.size;
      document.cookie = `typesize=${link.dataset.size}; path=/; max-age=31536000; samesite=lax`;
    });
  }
  addEventListener("hashchange", () => { if (!window.ballotWalk) fillCode(takeHash()); }); // a second code in the same tab
  let isBegun = Boolean(history.state); // before the code of a QR address is remembered in it
  try { isBegun = isBegun || Boolean(sessionStorage.getItem("ballot-code")); } catch { /* not kept */ }
  const hash = takeHash();
  fillCode(hash);
  if (isBegun || document.querySelector("main input[name=admission]")) more();
  else for (const kind of ["input", "pointerdown"]) document.addEventListener(kind, () => { more().catch(() => {}); }, { once: true });
  return { ROOT, make, request, plain, isCode, takeHash, fillCode, hash, isBusy: () => busy };
})();
