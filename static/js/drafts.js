// Keeps what is typed into a staff form in this browser until the server has accepted it: encrypted under a key that only
// pages for the same account contain, for DRAFT_HOURS, gone with the log-out. Never kept: passwords, one-time codes and
// whatever has autocomplete=off, itself or its form (unless data-draft says that this is no secret).
"use strict";
(() => {
  const PREFIX = "staff-draft-";
  const SECRET = "[type=password], [autocomplete=one-time-code], [autocomplete$=password]";
  const UNTYPED = new Set(["hidden", "submit", "button", "reset", "image"]);
  // Hidden inputs that differ from page to page although the form is the same: the token, numbers of rows, first values.
  const CHANGING = /^csrfmiddlewaretoken$|^initial-|-[A-Z_]+_FORMS$|-(\d+|__prefix__)-/;

  let storage;
  try { storage = localStorage; storage.getItem(PREFIX); } catch { return; }
  const entryOf = (name) => { try { return JSON.parse(storage.getItem(name)); } catch { return null; } };
  const namesOf = (prefix) => Object.keys(storage).filter((name) => name.startsWith(prefix));
  const forget = (name) => storage.removeItem(name);
  for (const name of namesOf(PREFIX)) if (!(entryOf(name)?.until > Date.now())) forget(name);

  const session = document.getElementById("session");
  const promise = document.getElementById("drafts-kept"); // of the log-in page
  if (promise) promise.hidden = namesOf(PREFIX).length === 0;
  if (!session) return;
  const OWN = `${PREFIX}${session.dataset.account}-`;
  let closed = false;
  document.addEventListener("submit", ({ target }) => {
    if (!target.hasAttribute("data-ends-session")) return;
    closed = true;
    namesOf(OWN).forEach(forget);
  });
  if (!session.dataset.key || !window.crypto || !crypto.subtle) return;

  // --- encryption
  const bytes = (text) => new TextEncoder().encode(text);
  const hex = (array) => [...array].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const unhex = (text) => new Uint8Array((text.match(/../g) || []).map((pair) => parseInt(pair, 16)));
  const imported = crypto.subtle.importKey("raw", unhex(session.dataset.key), "AES-GCM", false, ["encrypt", "decrypt"]);
  const sealed = async (draft) => {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await imported, bytes(JSON.stringify(draft)));
    return { iv: hex(iv), data: hex(new Uint8Array(data)) };
  };
  const opened = async ({ iv, data }) => {
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: unhex(iv) }, await imported, unhex(data));
    return JSON.parse(new TextDecoder().decode(plain));
  };

  // --- a field: its place in the draft, its value now and as the server sent it
  const isSecret = (field) =>
    field.matches(SECRET) || (field.closest("[autocomplete=off]") && !field.closest("form[data-draft]"));
  const fieldsOf = (form) => [...form.elements].filter((field) =>
    field.name && /^(INPUT|SELECT|TEXTAREA)$/.test(field.tagName) && !UNTYPED.has(field.type) && !field.disabled
    && !field.name.includes("__prefix__") && !isSecret(field));
  const isPosted = (form) => (form.getAttribute("method") || "").toLowerCase() === "post"; // a field may be named method
  const isBox = (field) => field.type === "checkbox" || field.type === "radio";
  const slotOf = (field) => (isBox(field) ? `${field.name}=${field.value}` : field.name);
  const listed = (options) => options.map((option) => option.value).join("\n");
  const valueOf = (field) => {
    if (isBox(field)) return field.checked ? "1" : "";
    if (field.type === "file") return [...field.files].map((file) => file.name).join("、");
    return field.multiple ? listed([...field.selectedOptions]) : field.value;
  };
  const firstValueOf = (field) => {
    if (isBox(field)) return field.defaultChecked ? "1" : "";
    if (field.type === "file") return "";
    if (field.tagName !== "SELECT") return field.defaultValue;
    const chosen = [...field.options].filter((option) => option.defaultSelected);
    return listed(chosen.length || field.multiple ? chosen : [...field.options].slice(0, 1));
  };
  const fill = (field, value) => {
    if (isBox(field)) field.checked = value === "1";
    else if (field.multiple) for (const option of field.options) option.selected = value.split("\n").includes(option.value);
    else field.value = value;
  };
  const labelOf = (field) => {
    const cell = field.closest("td");
    const head = cell && cell.closest("table").querySelector("thead tr")?.cells[cell.cellIndex];
    const own = (field.labels?.[0] || head)?.textContent || field.getAttribute("aria-label") || field.name;
    const legend = isBox(field) && field.closest("fieldset")?.querySelector("legend");
    return [legend ? legend.textContent : "", own].map((text) => text.trim().replace(/[：:]$/, "")).filter(Boolean).join("：");
  };
  const shownValue = (field) => (isBox(field) ? (field.checked ? "已勾选" : "未勾选")
    : field.tagName === "SELECT" ? [...field.selectedOptions].map((option) => option.text).join("、") : valueOf(field));
  const hidden = (form) => [...form.elements].filter((field) => field.type === "hidden" && field.name);
  const rowOf = (field) => { // the record that a row of several stands for
    const row = /^.+-\d+-/.exec(field.name);
    return row ? hidden(field.form).filter((other) => other.name.startsWith(row[0])).map((other) => other.value).join("|") : "";
  };

  // --- a form: the address it is sent to and the hidden values that tell it from others
  const targetOf = (form, button) => {
    const given = button?.hasAttribute("formaction") ? button.getAttribute("formaction") : form.getAttribute("action");
    const address = Object.assign(document.createElement("a"), { href: given || location.href });
    return address.pathname + address.search;
  };
  const forms = [...document.forms]
    .filter((form) => isPosted(form) && form.getAttribute("id") !== "changelist-form" && fieldsOf(form).length)
    .map((form) => ({ form, base: {}, unfilled: {}, sent: "", last: "{}" }));
  const nameForms = async () => {
    const taken = new Map();
    for (const kept of forms) {
      const marks = hidden(kept.form).filter((field) => !CHANGING.test(field.name) && !("once" in field.dataset));
      const identity = [targetOf(kept.form), ...marks.map((field) => `${field.name}=${field.value}`)].join("\n");
      const nth = taken.get(identity) || 0;
      taken.set(identity, nth + 1);
      kept.name = OWN + hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes(`${identity}\n${nth}`)))).slice(0, 24);
    }
  };

  // --- keeping: the changed fields only, each with the value it had, so that nobody else's change is undone
  const changesOf = ({ form, base, unfilled }) => {
    const changes = { ...unfilled };
    for (const field of fieldsOf(form)) {
      const slot = slotOf(field);
      const from = slot in base ? base[slot] : firstValueOf(field);
      const to = valueOf(field);
      if (to !== from) changes[slot] = { from, to, row: rowOf(field), label: labelOf(field), text: shownValue(field) };
    }
    return changes;
  };
  const until = () => Date.now() + session.dataset.hours * 3600 * 1000;
  const keep = async (kept) => {
    const changes = changesOf(kept);
    const text = JSON.stringify(changes);
    if (closed || text === kept.last) return;
    kept.last = text;
    kept.sent = "";
    if (text === "{}") { forget(kept.name); return; }
    const content = await sealed({ page: location.pathname, changes });
    if (closed || kept.last !== text) return; // typed on meanwhile
    try {
      storage.setItem(kept.name, JSON.stringify({ until: until(), sent: kept.sent, ...content }));
    } catch { /* no room: the form works without */ }
  };
  const keepAll = () => forms.forEach(keep);

  // --- restoring
  const patience = () => new Promise((done) => { setTimeout(done, 50); });
  const addRows = async (form, slots) => { // rows that were added to the form before
    for (const slot of slots) {
      const [, prefix, row] = /^(.+)-(\d+)-/.exec(slot) || [];
      const total = prefix && form.elements[`${prefix}-TOTAL_FORMS`];
      if (!total || total.value > Number(row)) continue;
      const link = () => document.querySelector(`#${CSS.escape(prefix)}-group .add-row a`);
      for (let turn = 0; turn < 40 && !link(); turn += 1) await patience(); // the admin's own script makes it
      for (let rows = -1; link() && total.value <= Number(row) && total.value !== rows;) {
        rows = total.value;
        link().click();
      }
    }
  };
  const isAnswer = "answer" in session.dataset; // the server shows what was sent, with the faults it found
  const restore = async (kept, { changes }) => {
    const restored = [], files = [];
    await addRows(kept.form, Object.keys(changes));
    const fields = new Map(fieldsOf(kept.form).map((field) => [slotOf(field), field]));
    for (const [slot, change] of Object.entries(changes)) {
      const field = fields.get(slot);
      if (field?.type === "file" && !field.files.length) { files.push(change); kept.unfilled[slot] = change; continue; }
      const isSame = field && rowOf(field) === change.row;
      if (isSame && valueOf(field) === change.from) { fill(field, change.to); restored.push(field); }
      else if (isSame && isAnswer) kept.base[slot] = change.from;
      else if (!isSame || valueOf(field) !== change.to) kept.unfilled[slot] = change;
    }
    for (const field of restored) {
      (isBox(field) ? field.closest("label") || field : field).classList.add("restored");
      const folded = field.closest("details");
      if (folded) folded.open = true;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    const unfilled = isAnswer ? [] : Object.values(kept.unfilled).filter((one) => !files.includes(one));
    tell(kept.form, restored.length, isAnswer ? [] : files, unfilled, [kept.name]);
    kept.last = JSON.stringify(changesOf(kept));
    if (kept.last === "{}") forget(kept.name);
  };
  const element = (tag, text, className = "") => Object.assign(document.createElement(tag), { textContent: text, className });
  const tell = (place, restored, files, unfilled, names) => {
    if (!restored && !files.length && !unfilled.length) return;
    const note = element("div", "", "note draft");
    note.setAttribute("role", "status");
    if (restored) note.append(element("p", "已恢复上次填写、尚未提交的内容（已标出），请核对后提交。"));
    for (const { to } of files) note.append(element("p", `上次选择的文件“${to}”不能暂存，请重新选择。`));
    if (unfilled.length) {
      const list = element("dl", "");
      for (const { label, text } of unfilled) list.append(element("dt", label), element("dd", text || "（空）"));
      note.append(element("p", "本页内容已有变化，下列上次填写的内容未自动填入，请核对后自行填写："), list);
    }
    const clear = Object.assign(element("button", restored ? "清除恢复的内容" : "不再提示", "button secondary plain"), { type: "button" });
    clear.addEventListener("click", () => {
      closed = true;
      names.forEach(forget);
      location.replace(location.pathname + location.search);
    });
    note.append(clear);
    if (place.tagName === "FORM") place.prepend(note); else place.append(note);
  };

  const begin = async () => {
    await nameForms();
    const accepted = session.dataset.accepted.split(" ");
    const elsewhere = [];
    for (const name of namesOf(OWN)) {
      const entry = entryOf(name);
      const draft = entry.sent && accepted.includes(entry.sent) ? null : await opened(entry).catch(() => null);
      const kept = forms.find((one) => one.name === name);
      if (!draft) forget(name);
      else if (kept) await restore(kept, draft);
      else if (draft.page === location.pathname) elsewhere.push([name, Object.values(draft.changes)]);
    }
    // The form is not on its page any more, or is another one: nothing typed is lost without a word.
    const main = document.querySelector("#content-main, main .staff, #content");
    if (elsewhere.length && main && !isAnswer) {
      const place = element("div", "");
      tell(place, 0, [], elsewhere.flatMap(([, changes]) => changes), elsewhere.map(([name]) => name));
      main.prepend(place);
    }
    const here = [...forms.map(({ name }) => name), ...elsewhere.map(([name]) => name)];
    document.addEventListener("submit", ({ target, submitter }) => {
      if (closed || !isPosted(target)) return;
      keepAll();
      const sent = targetOf(target, submitter);
      for (const kept of forms) kept.sent = sent;
      for (const name of here) {
        const entry = entryOf(name);
        if (entry) storage.setItem(name, JSON.stringify({ ...entry, sent }));
      }
    }, true);
    for (const kind of ["input", "change", "click"]) document.addEventListener(kind, keepAll);
    document.addEventListener("visibilitychange", keepAll);
    keepAll();
  };
  begin();
})();
