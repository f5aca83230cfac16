// The choice of sections: sections are found while typing, and the chosen ones stay in sight. The search is the one of
// evaluations/ballot_form/rules/search.py. What people call things (data-words) comes once somebody searches; until then
// sections are found by what the page shows. walk.js says when a page is shown.
"use strict";
(() => {
  const key = (text) => text.normalize("NFKC").toLowerCase().replace(/\s+/g, "");
  const isLatin = (text) => /^[\x00-\x7f]*$/.test(text);
  const termsOf = (typed) => typed.split(/[\s，、,]+/).map(key).filter(Boolean);
  const partsOf = (text) => text.split(/[、；，（）]/).map((part) => part.trim()).filter(Boolean);
  const textOf = (element, selector) => { const found = element.querySelector(selector); return found ? found.textContent : ""; };

  // The first letter of a character's pinyin: the browser sorts characters by it; these are the first of each letter.
  const FIRST = [..."阿八嚓哒妸发旮哈讥咔垃妈拏噢妑七呥仨他穵夕丫匝"];
  const INITIALS = "abcdefghjklmnopqrstwxyz";
  const { compare } = new Intl.Collator("zh-Hans-CN-u-co-pinyin");
  const knowsPinyin = FIRST.every((first, n) => !n || compare(FIRST[n - 1], first) < 0);
  const letterOf = (sign) => {
    const isChinese = /[\u3400-\u9fff]/.test(sign);
    return (isChinese && knowsPinyin && INITIALS[FIRST.filter((first) => compare(first, sign) <= 0).length - 1]) || "";
  };
  // "k会x行": characters whose reading in these words is another one
  const lettersOf = (row) => {
    const letters = new Map();
    let letter = "";
    for (const sign of row) {
      if (isLatin(sign)) letter = sign;
      else letters.set(sign, (letters.get(sign) || "") + letter);
    }
    return (sign) => {
      if (!letters.has(sign)) letters.set(sign, letterOf(sign));
      return letters.get(sign);
    };
  };
  const finder = (letters, isLoose) => (text, term) => {
    const all = key(text);
    if (!isLatin(term)) return all.includes(term) || (isLoose && all.length > 1 && !isLatin(all) && term.includes(all));
    const signs = [...all];
    return all.startsWith(term) || (term.length <= signs.length
      && [...term].every((letter, n) => letter === signs[n] || letters(signs[n]).includes(letter)));
  };
  // 0: in the name, 1: in a matter, 2: in the unit; -1: not found. Of several terms the worst.
  const placeOf = (row, terms, finds) => {
    const places = terms.map((term) => row.texts.findIndex((texts) => texts.some((text) => finds(text, term))));
    return places.includes(-1) ? -1 : Math.max(0, ...places);
  };
  const unseen = (row, terms, finds) => {
    const hidden = terms.filter((term) => !row.shown.some((text) => finds(text, term)));
    return [...new Set(hidden.map((term) => row.words.find((word) => finds(word, term))).filter(Boolean))];
  };

  const rowsOf = (list) => [...list.querySelectorAll(".department")].flatMap((unit) => {
    const unitName = textOf(unit, "legend");
    return [...unit.querySelectorAll(".row")].map((label) => {
      const name = label.querySelector("input + span").firstChild.textContent.trim();
      const matters = textOf(label, ".matters");
      return {
        unit, label, name, unitName, box: label.querySelector("input"), shown: [name, matters, unitName],
        words: [], texts: [[name], partsOf(matters), [unitName]],
      };
    });
  });
  const addWords = (rows, { sections, units }) => {
    for (const row of rows) {
      const own = sections[row.box.value] || [], ofUnit = units[row.unit.id] || [];
      row.words = [...own, ...ofUnit];
      row.texts[1].push(...own);
      row.texts[2].push(...ofUnit);
    }
  };

  // --- the search
  const search = (rows, letters, terms) => {
    for (const isLoose of [false, true]) {
      const finds = finder(letters, isLoose);
      const found = rows.map((row) => ({ row, place: placeOf(row, terms, finds) })).filter(({ place }) => place >= 0);
      if (found.length || isLoose) return { finds, found: found.sort((a, b) => a.place - b.place).map(({ row }) => row) };
    }
  };
  const arrange = (list, rows) => {
    const units = new Map();
    for (const row of rows) units.set(row.unit, [...(units.get(row.unit) || []), row]);
    for (const [unit, own] of units) unit.append(...own.map((row) => row.label));
    list.append(...units.keys());
    return units;
  };
  const mark = (row, words) => {
    const old = row.label.querySelector(".matched");
    if (old) old.remove();
    if (!words.length) return;
    const said = Object.assign(document.createElement("span"), { className: "matched", textContent: `相关事项：${words.join("、")}` });
    row.box.nextElementSibling.append(said);
  };
  const searching = (list, field) => {
    const rows = rowsOf(list);
    const said = document.getElementById("found");
    let letters = lettersOf(""), notes = [], asked = null;
    const find = () => {
      const terms = termsOf(field.value), focused = document.activeElement;
      const { finds, found } = search(rows, letters, terms);
      arrange(list, rows);
      const units = arrange(list, found);
      if (list.contains(focused)) focused.focus({ preventScroll: true }); // a row that is moved loses it
      for (const row of rows) {
        row.label.hidden = !found.includes(row);
        row.unit.hidden = !units.has(row.unit);
        mark(row, unseen(row, terms, finds));
      }
      for (const { words, note } of notes) note.hidden = !words.some((word) => terms.some((term) => finds(word, term)));
      const none = asked && asked !== "ended" ? "正在查找…" : "没有找到相关科室。请换一个词，或者按单位查找。";
      said.textContent = !terms.length ? "" : found.length ? `找到${found.length}个科室。` : none;
    };
    const know = (known) => {
      letters = lettersOf(known.letters);
      addWords(rows, known);
      for (const old of list.querySelectorAll(".elsewhere")) old.remove();
      notes = known.notes.map(([textContent, words]) => (
        { words, note: Object.assign(document.createElement("p"), { className: "note elsewhere", textContent, hidden: true }) }));
      list.prepend(...notes.map(({ note }) => note));
    };
    // Without cookies: the words are the same for everybody. If they do not come, the next letter asks again.
    const ask = async () => {
      if (asked) return;
      asked = fetch(list.dataset.words, { credentials: "omit" });
      try {
        const answer = await asked;
        if (answer.ok) know(await answer.json());
        asked = "ended"; // also if the page is older than the words
      } catch { asked = null; }
      find();
    };
    field.removeAttribute("name"); // the server need not search again
    field.addEventListener("focus", ask);
    field.addEventListener("input", (event) => {
      ask();
      if (!event.isComposing) find();
    });
    if (field.value || field === document.activeElement) ask();
    field.addEventListener("compositionend", find);
    const toResults = (event) => { event.preventDefault(); find(); list.focus(); };
    field.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.isComposing) toResults(event); });
    document.getElementById("search").addEventListener("click", toResults);
    // Not by the address: Back leads to the page before, not to a place on this one.
    for (const link of document.querySelectorAll(".index a")) link.addEventListener("click", (event) => {
      event.preventDefault();
      field.value = "";
      find();
      const unit = document.getElementById(link.hash.slice(1));
      unit.scrollIntoView();
      unit.focus({ preventScroll: true });
    });
    return { rows, find };
  };

  // --- what is chosen
  const chip = ({ box, name, unitName }, isAmbiguous, list) => {
    const button = document.createElement("button");
    const cross = Object.assign(document.createElement("span"), { textContent: "×" });
    const text = isAmbiguous ? `${unitName}${name}` : name;
    cross.setAttribute("aria-hidden", "true");
    Object.assign(button, { type: "button", className: "secondary" });
    button.setAttribute("aria-label", `取消选择${text}`);
    button.append(Object.assign(document.createElement("span"), { textContent: text }), cross);
    button.addEventListener("click", () => {
      const at = [...button.closest("ul").children].indexOf(button.parentElement);
      box.checked = false;
      box.dispatchEvent(new Event("input", { bubbles: true }));
      box.dispatchEvent(new Event("change", { bubbles: true }));
      const left = document.querySelectorAll("#chips button");
      (left[Math.min(at, left.length - 1)] || list).focus({ preventScroll: true });
    });
    const item = document.createElement("li");
    item.append(button);
    return item;
  };
  const showChosen = (list, rows) => {
    const chips = document.getElementById("chips");
    const said = document.querySelector(".chosen");
    const most = Number(said.parentElement.dataset.most) || Infinity;
    const chosen = rows.filter((row) => row.box.checked);
    const added = chosen.length > chips.children.length;
    chips.replaceChildren(...chosen.map((row) => chip(row, rows.filter((other) => other.name === row.name).length > 1, list)));
    chips.hidden = !chosen.length;
    if (added) chips.scrollLeft = chips.scrollWidth;
    const over = chosen.length - most;
    said.hidden = false;
    said.classList.toggle("over", over > 0);
    said.textContent = `已选${chosen.length}个${most < Infinity ? `，最多${most}个` : ""}${over > 0 ? `，请取消${over}个` : ""}`;
  };

  const live = new WeakMap();
  const start = () => {
    const list = document.getElementById("sections");
    const field = document.getElementById("filter");
    if (!list || !field) return;
    if (!live.has(list)) {
      const page = searching(list, field);
      list.addEventListener("change", () => showChosen(list, page.rows));
      live.set(list, page);
    }
    const { rows, find } = live.get(list);
    find();
    showChosen(list, rows);
  };
  document.addEventListener("ballot:shown", start);
  start();
})();
