// The ballot works without this file. With it: the code of a QR address is filled in, sections are found by typing,
// an unfinished ballot is kept on this device only (encrypted under the code), a dead network loses nothing.
"use strict";
(() => {
  const ready = Boolean(window.crypto && crypto.subtle && window.localStorage);
  let dirty = false;

  const plain = (text) => text.toUpperCase().replace(/[^0-9A-Z]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  const bytes = (text) => new TextEncoder().encode(text);
  const digest = async (label, code) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes(`${label}\n${code}`)));
  const hex = (array) => [...array].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const nameOf = async (code) => `ballot-draft-${hex(await digest("nanchuan draft name", code)).slice(0, 24)}`;
  const keyOf = async (code) =>
    crypto.subtle.importKey("raw", await digest("nanchuan draft key", code), "AES-GCM", false, ["encrypt", "decrypt"]);

  const saveDraft = async (code, draft) => {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await keyOf(code), bytes(JSON.stringify(draft)));
    localStorage.setItem(await nameOf(code), hex(iv) + hex(new Uint8Array(sealed)));
  };
  const readDraft = async (code) => {
    const stored = localStorage.getItem(await nameOf(code));
    if (!stored) return null;
    const all = new Uint8Array(stored.match(/../g).map((pair) => parseInt(pair, 16)));
    try {
      const open = await crypto.subtle.decrypt({ name: "AES-GCM", iv: all.slice(0, 12) }, await keyOf(code), all.slice(12));
      return JSON.parse(new TextDecoder().decode(open));
    } catch { return null; }
  };
  const dropDraft = async (code) => localStorage.removeItem(await nameOf(code));

  const carriedCode = () => {
    const field = document.querySelector("main input[name=code][type=hidden]");
    return field ? plain(field.value) : "";
  };

  // --- step 1: the code of the QR address
  const fillCode = () => {
    const code = document.getElementById("code");
    if (!code || location.hash.length < 2 || location.hash === "#content") return;
    try { code.value = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    history.replaceState(null, "", location.pathname);
  };

  // --- step 2: find sections, count the chosen ones, take up an unfinished ballot
  const findSections = () => {
    const filter = document.getElementById("filter");
    if (!filter) return;
    const departments = [...document.querySelectorAll(".department")];
    filter.parentElement.hidden = false;
    filter.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
    filter.addEventListener("input", () => {
      const wanted = filter.value.replace(/\s/g, "");
      for (const department of departments) {
        const all = department.querySelector("legend").textContent.includes(wanted);
        const rows = [...department.querySelectorAll(".row")];
        for (const row of rows) row.hidden = !all && !row.textContent.includes(wanted);
        department.hidden = rows.every((row) => row.hidden);
      }
      document.getElementById("nothing").hidden = departments.some((department) => !department.hidden);
    });
    const shown = document.querySelector(".chosen");
    const count = () => {
      shown.hidden = false;
      shown.textContent = `已选${document.querySelectorAll("#sections input:checked").length}个科室`;
    };
    document.getElementById("sections").addEventListener("change", count);
    count();
  };
  const offerDraft = async () => {
    const resume = document.getElementById("resume");
    const draft = resume && ready ? await readDraft(carriedCode()) : null;
    if (!draft) return;
    resume.elements.vote.value = draft.vote;
    resume.elements.comment.value = draft.comment;
    resume.hidden = false;
    document.getElementById("forget").addEventListener("click", () => { dropDraft(carriedCode()); resume.hidden = true; });
  };

  // --- step 3: keep what is typed on this device, show progress, ask for ticks in the table
  const typed = (form) => {
    const data = new FormData(form);
    return data.getAll("section").map((section) => {
      const answers = {};
      for (const [name, value] of data) {
        const [owner, what] = name.split(/\.(?=[a-z_]+$)/);
        if (owner === section && what !== "manifestations" && value) answers[what] = [value];
      }
      return [section, answers, data.getAll(`${section}.manifestations`)];
    });
  };
  const keepDraft = (form) => {
    let timer = 0;
    const said = document.getElementById("kept");
    const save = async () => {
      const code = carriedCode();
      if (!ready || !code) return;
      await saveDraft(code, { vote: JSON.stringify(typed(form)), comment: form.elements.comment.value });
      said.hidden = false;
    };
    form.addEventListener("input", () => {
      dirty = true;
      clearTimeout(timer);
      timer = setTimeout(save, 300);
    });
    // Before the page goes on: a draft that is kept later would outlive a ballot cast meanwhile.
    form.addEventListener("submit", () => {
      clearTimeout(timer);
      save();
    });
  };
  const countRows = (form) => {
    const bar = form.querySelector("progress");
    if (!bar) return;
    const update = () => {
      const rows = [...form.querySelectorAll("tr[data-section]")];
      const done = rows.filter((row) => [...row.querySelectorAll("select")].every((field) => field.value)).length;
      bar.value = done;
      bar.max = rows.length;
      bar.parentElement.hidden = false;
      document.getElementById("count").textContent = `已填写${done}个科室，共${rows.length}个`;
    };
    form.addEventListener("change", update);
    update();
  };
  const askForTicks = (form) => {
    form.addEventListener("change", ({ target }) => {
      if (target.tagName !== "SELECT") return;
      const row = target.closest("tr[data-section]");
      const [section, indicator] = target.name.split(/\.(?=[a-z_]+$)/);
      const severe = target.selectedOptions[0].dataset.severe === "1";
      let below = row.nextElementSibling;
      if (!below || !below.classList.contains("ticks-row")) {
        below = document.createElement("tr");
        below.className = "ticks-row";
        below.append(Object.assign(document.createElement("td"), { colSpan: 6 }));
        row.after(below);
      }
      const old = below.querySelector(`[data-indicator="${indicator}"]`);
      if (old && !severe) old.remove();
      if (!old && severe) {
        const signs = document.getElementById(`signs-${indicator}`).content.firstElementChild.cloneNode(true);
        for (const box of signs.querySelectorAll("input")) box.name = `${section}.manifestations`;
        below.firstElementChild.append(signs);
      }
      if (!below.querySelector("input")) below.remove();
    });
  };

  // --- the pages walked through are kept in this tab's memory, so that Back goes a step back and nothing is sent again
  let walked = [{ main: document.querySelector("main"), title: document.title }];
  let here = 0;
  const show = ({ main, title }) => {
    document.querySelector("main").replaceWith(main);
    document.title = title;
    window.scrollTo(0, 0);
    const heading = main.querySelector("h1");
    if (heading && !main.querySelector(".errors")) { heading.tabIndex = -1; heading.focus(); }
  };
  window.addEventListener("popstate", ({ state }) => {
    if (!state || state.ballot === undefined || state.ballot >= here) return; // a place in the page, or nothing kept
    const to = state.ballot;
    if (!walked[to]) { history.go(here - to); return; } // the ballot is cast
    walked = walked.slice(0, to + 1);
    here = to;
    show(walked[to]);
  });

  // --- sending: the page stays until the answer is here
  const swap = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const note of page.querySelectorAll("noscript")) note.remove();
    const next = { main: document.adoptNode(page.querySelector("main")), title: page.title };
    dirty = false;
    if (next.main.querySelector("[data-done]")) walked = [];
    else walked = walked.slice(0, here + 1);
    if (!next.main.querySelector(".errors")) {
      here += 1;
      history.pushState({ ballot: here }, "");
    }
    walked[here] = next;
    show(next);
    start();
  };
  const failed = (form, text) => {
    let note = form.querySelector(".offline");
    if (!note) {
      note = document.createElement("p");
      note.className = "offline errors";
      note.setAttribute("role", "alert");
      form.append(note);
    }
    note.textContent = text;
  };
  const send = (form) => form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    const button = event.submitter;
    const body = new URLSearchParams(new FormData(form));
    if (button && button.name) body.append(button.name, button.value);
    try {
      const answer = await fetch(button && button.hasAttribute("formaction") ? button.formAction : form.action, { method: "POST", body });
      if (answer.status >= 500) throw new Error(String(answer.status));
      const html = await answer.text();
      swap(html);
    } catch {
      failed(form, "网络中断，未收到提交结果。您填写的内容已保留，请稍后再点一次；即使刚才已经提交成功，也只计一张票。");
    } finally { delete form.dataset.busy; }
  });

  // --- size of type without leaving the page
  const sizes = () => {
    for (const link of document.querySelectorAll("[data-size]")) {
      link.closest("nav").hidden = false;
      if (link.dataset.live) continue;
      link.dataset.live = "1";
      link.addEventListener("click", (event) => {
        event.preventDefault();
        document.documentElement.className = link.dataset.size;
        document.cookie = `typesize=${link.dataset.size}; path=/; max-age=31536000; samesite=lax`;
      });
    }
  };

  const start = () => {
    fillCode();
    const summary = document.querySelector(".errors");
    if (summary) summary.focus();
    findSections();
    offerDraft();
    for (const form of document.querySelectorAll("main form[data-send]")) send(form);
    const rating = document.querySelector("form[data-draft]");
    if (rating) { keepDraft(rating); countRows(rating); askForTicks(rating); }
    const done = document.querySelector("[data-done]");
    if (done && ready) dropDraft(plain(done.dataset.done));
  };
  window.addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
  document.addEventListener("submit", () => { dirty = false; });
  sizes();
  start();
  history.replaceState({ ballot: 0 }, "");
})();
