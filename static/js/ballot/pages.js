// What a page of the ballot shows comes from the ballot (kept.js), and what is typed on it goes there at once.
"use strict";
window.ballotPages = (() => {
  const { ballot } = window;
  const FIELD = /^(.+)\.([a-z_]+)$/;
  const all = (root, selector) => [...root.querySelectorAll(selector)];
  const values = (root, name) => [...new Set(all(root, `input[name=${name}]`).map((field) => field.value))];
  const valueOf = (root, name) => (root.querySelector(`input[type=hidden][name=${name}]`) || { value: "" }).value;
  const rating = (main) => main.querySelector("form[data-draft]");
  const fieldsOf = (form) => [...form.elements].filter((field) => FIELD.test(field.name) && field.tagName !== "FIELDSET");

  const kindOf = (main) => {
    if (main.querySelector("[data-done]")) return "done";
    if (main.querySelector("input[name=digits]")) return "review";
    if (rating(main)) return "rate";
    if (main.querySelector("input[type=checkbox][name=section]")) return "sections";
    return "code";
  };

  const readLine = (fields, section) => {
    const answers = {}, signs = [];
    for (const { name, value, type, checked } of fields) {
      const [, owner, what] = FIELD.exec(name);
      if (owner !== section || !value || ((type === "radio" || type === "checkbox") && !checked)) continue;
      if (what === "manifestations") signs.push(value); else answers[what] = value;
    }
    return [answers, signs];
  };
  const isLine = ([answers, signs]) => Object.keys(answers).length + signs.length > 0;

  // --- a page of the server: what it knows and this device does not
  const linesIn = (main) => {
    try { return JSON.parse(valueOf(main, "vote")); } catch { return []; } // or a checked vote, which is nothing new
  };
  const absorb = ({ main, kind }) => {
    const { now } = ballot;
    now.admission = valueOf(main, "admission") || now.admission;
    const lines = linesIn(main);
    for (const [section, answers, signs] of Array.isArray(lines) ? lines : []) {
      const flat = Object.entries(answers).map(([indicator, [answer]]) => [indicator, answer]);
      now.lines[section] = now.lines[section] || [Object.fromEntries(flat), signs];
    }
    if (kind === "rate" || kind === "review") now.chosen = values(main, "section"); // 评议全部: only the server knows them
    now.comment = now.comment || (main.querySelector("[name=comment]") || { value: "" }).value;
    for (const section of kind === "rate" ? values(main, "shown") : []) {
      const line = readLine(fieldsOf(rating(main)), section);
      if (!now.lines[section] && isLine(line)) now.lines[section] = line;
    }
  };

  // --- from the page into the ballot
  const read = (main) => {
    const { now } = ballot, form = rating(main);
    const before = JSON.stringify([now.chosen, now.lines, now.comment, now.digits]);
    const boxes = all(main, "input[type=checkbox][name=section]");
    if (boxes.length) now.chosen = boxes.filter((box) => box.checked).map((box) => box.value);
    for (const section of form ? values(form, "shown") : []) {
      const line = readLine(fieldsOf(form), section);
      if (isLine(line)) now.lines[section] = line; else delete now.lines[section];
    }
    const comment = main.querySelector("textarea[name=comment]");
    if (comment) now.comment = comment.value;
    const digits = main.querySelector("input[name=digits]:not([type=hidden])");
    if (digits) now.digits = digits.value;
    if (JSON.stringify([now.chosen, now.lines, now.comment, now.digits]) !== before) ballot.changed();
  };

  // --- from the ballot into the page
  const fillRating = (form) => {
    const { lines } = ballot.now;
    const given = (name) => {
      const [, section, what] = FIELD.exec(name);
      const [answers, signs] = lines[section] || [{}, []];
      return what === "manifestations" ? signs : [answers[what] || ""];
    };
    for (const select of all(form, "select")) {
      [select.value] = given(select.name);
      ticksOf(select);
    }
    for (const field of fieldsOf(form)) if (field.tagName === "INPUT") field.checked = given(field.name).includes(field.value);
  };
  const fill = ({ main, kind }) => {
    const { now } = ballot;
    const boxes = kind === "sections" ? all(main, "input[type=checkbox][name=section]") : [];
    for (const box of boxes) box.checked = now.chosen.includes(box.value);
    if (kind === "rate") fillRating(rating(main));
    const comment = main.querySelector("textarea[name=comment]");
    if (comment && comment.value !== now.comment) comment.value = now.comment;
    if (kind === "review" && !main.querySelector(".errors")) {
      const digits = main.querySelector("input[name=digits]");
      if (!now.digits && window.crypto) ballot.chooseDigits();
      digits.value = now.digits || digits.value;
    }
  };

  // --- from the ballot to the server: every page sends all of it
  const vote = () => JSON.stringify(Object.entries(ballot.now.lines).map(([section, [answers, signs]]) =>
    [section, Object.fromEntries(Object.entries(answers).map(([indicator, answer]) => [indicator, [answer]])), signs]));
  const carry = (body) => {
    const { now } = ballot;
    body.set("vote", vote());
    body.set("comment", now.comment);
    body.delete("section");
    for (const section of now.chosen) body.append("section", section);
    if (now.admission) body.set("admission", now.admission);
    return body;
  };
  // The first page carries something only after a refusal. What is cast was checked and signed word for word.
  const carries = (form) => Boolean(form.elements.admission || valueOf(form, "vote"));
  const bodyOf = (form, button, address) => {
    const body = new URLSearchParams(new FormData(form));
    if (button && button.name) body.append(button.name, button.value);
    return !address.endsWith("/cast/") && carries(form) && ballot.hasContent() ? carry(body) : body;
  };
  const bodyFor = ({ to }) => carry(new URLSearchParams({ code: ballot.now.code, to }));

  // --- comfort of the rating pages
  const fillRest = (button) => {
    const fields = fieldsOf(button.form).filter((field) => !field.name.endsWith(".manifestations"));
    const own = fields.filter((field) => FIELD.exec(field.name)[1] === button.value);
    const names = [...new Set((own.length ? own : fields).map((field) => field.name))];
    const open = names.filter((name) => !new FormData(button.form).get(name));
    for (const name of open) {
      const field = fields.find((one) => one.name === name && (one.tagName === "SELECT" || one.value === "0"));
      if (field.tagName === "SELECT") field.value = "0"; else field.checked = true;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    let note = button.form.querySelector(".rest-note");
    if (!note) {
      note = Object.assign(document.createElement("p"), { className: "hint rest-note" });
      note.setAttribute("role", "status");
      button.after(note);
    }
    const text = open.length ? `已将其余${open.length}项选为“${button.dataset.rest}”，可以修改。` : "各项均已选择。";
    setTimeout(() => { note.textContent = text; }, 50); // a note that is announced must stand there first
  };
  const countComment = (main) => {
    const field = main.querySelector("textarea[name=comment]"), shown = main.querySelector("#comment-count");
    if (!field || !shown) return;
    const count = [...field.value.trim()].length, over = count - shown.dataset.most;
    shown.hidden = false;
    shown.classList.toggle("error", over > 0);
    shown.textContent = over > 0 ? `超出${over}字，请删减。` : `已写${count}字，最多${shown.dataset.most}字`;
  };
  const countRated = (main) => {
    const place = main.querySelector("table.rating") && main.querySelector("#place");
    const rated = ballot.now.chosen.filter((section) => ballot.now.lines[section]).length;
    if (!place) return;
    place.textContent = place.textContent.replace(/已填写\d+个/, `已填写${rated}个`);
    const unit = main.querySelector(".index [aria-current]"), own = values(main, "shown").filter((section) => ballot.now.lines[section]);
    unit.textContent = unit.textContent.replace(/\d+(?=\/\d+）\s*$)/, own.length);
  };
  // The table asks for manifestations in a row of their own once an answer is severe.
  const ticksOf = (select) => {
    const row = select.closest("tr[data-section]"), [, section, indicator] = FIELD.exec(select.name);
    const pattern = document.getElementById(`signs-${indicator}`);
    if (!row || !pattern || !select.selectedOptions[0]) return;
    const severe = select.selectedOptions[0].dataset.severe === "1";
    let below = row.nextElementSibling;
    if (!below || !below.classList.contains("ticks-row")) {
      below = Object.assign(document.createElement("tr"), { className: "ticks-row" });
      below.append(Object.assign(document.createElement("td"), { colSpan: 7 }));
      row.after(below);
    }
    const old = below.querySelector(`[data-indicator="${indicator}"]`);
    if (old && !severe) old.remove();
    if (!old && severe) {
      const signs = pattern.content.firstElementChild.cloneNode(true);
      for (const box of all(signs, "input")) box.name = `${section}.manifestations`;
      below.firstElementChild.append(signs);
    }
    if (!below.querySelector("input")) below.remove();
  };

  const update = (main) => {
    countComment(main);
    countRated(main);
  };
  const typed = ({ target }) => {
    const main = target.closest && target.closest("main");
    if (!main || !target.form) return;
    if (target.tagName === "SELECT" && FIELD.test(target.name)) ticksOf(target);
    read(main);
    update(main);
    ballot.keep().then(() => {
      const said = document.getElementById("kept");
      if (said) said.hidden = !ballot.isKept();
    });
  };
  for (const kind of ["input", "change"]) document.addEventListener(kind, typed);
  document.addEventListener("ballot:merged", () => {
    const main = document.querySelector("main");
    fill({ main, kind: kindOf(main) });
  });
  for (const kind of ["pagehide", "visibilitychange"]) {
    addEventListener(kind, () => { read(document.querySelector("main")); ballot.keep(); });
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("button[data-rest]");
    if (!button) return;
    event.preventDefault();
    fillRest(button);
  });
  return { kindOf, absorb, read, fill, update, carries, bodyOf, bodyFor };
})();
