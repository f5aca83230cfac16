// Warns before the session ends. The server counts from the last request of any tab, so the tabs tell each other.
"use strict";
(() => {
  const box = document.getElementById("session");
  if (!box || !box.dataset.idle) return;
  const { account, idle, left, warning } = box.dataset;
  const shared = `staff-seen-${account}`;
  const asked = Date.now() - performance.now(); // when this page was asked for
  const ends = asked + left * 1000;
  const parts = ["idle", "full", "over"].map((name) => document.getElementById(`session-${name}`));
  const offline = document.getElementById("session-offline");
  let seen = 0;
  let before = null; // where the cursor was
  let over = false;

  // --- a browser without storage still warns, for each tab alone
  const stored = (act) => { try { return act(); } catch { return null; } };
  const note = (at) => { seen = at; stored(() => localStorage.setItem(shared, at)); };
  const latest = () => Math.max(seen, Number(stored(() => localStorage.getItem(shared))) || 0);
  const hasDrafts = () =>
    Boolean(stored(() => Object.keys(localStorage).some((name) => name.startsWith(`staff-draft-${account}-`))));

  const show = (shown, at) => {
    for (const part of parts) {
      if (part === shown) {
        for (const moment of part.querySelectorAll(".moment")) {
          const text = new Date(at).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false });
          if (moment.textContent !== text) moment.textContent = text;
        }
        for (const kept of part.querySelectorAll(".kept")) kept.hidden = !hasDrafts();
      }
      part.hidden = part !== shown;
    }
    if (!shown) offline.hidden = true;
  };
  const look = () => {
    const [soon, full, ended] = parts;
    const idles = latest() + idle * 1000;
    const at = Math.min(idles, ends);
    over = over || Date.now() >= at; // for good: after a new log-in this page's form would be refused
    if (over) show(ended, at);
    else if (Date.now() < at - warning * 1000) show(null);
    else show(idles <= ends ? soon : full, at);
  };
  const goOn = async () => {
    let answer;
    try {
      answer = await fetch(box.dataset.continue, { redirect: "manual" });
    } catch {
      offline.hidden = false;
      return;
    }
    if (answer.ok) note(Date.now()); else over = true;
    offline.hidden = true;
    if (answer.ok && before && before.isConnected) before.focus();
    look();
  };

  note(Math.max(latest(), asked));
  document.addEventListener("focusin", ({ target }) => { if (!box.contains(target)) before = target; });
  box.querySelector("button").addEventListener("click", goOn);
  document.addEventListener("visibilitychange", look);
  setInterval(look, 1000);
  look();
})();
