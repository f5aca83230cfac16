// Long choices: a field above a <select data-search> narrows it while typing, by characters or initials of pinyin
// (data-initials). Without this script the choice is a plain list.
"use strict";
(() => {
  const FEW = 12;
  const plain = (text) => text.normalize("NFKC").toLowerCase();
  const add = (before, tag, given) => {
    const made = Object.assign(document.createElement(tag), given);
    before.before(made);
    return made;
  };
  const enhance = (select) => {
    const options = [...select.options];
    if (select.multiple || options.length <= FEW) return;
    const name = select.labels.length ? select.labels[0].textContent.replace(/[：:*]|（可不填）/g, "").trim() : "选项";
    const field = add(select, "input", { type: "search", className: "narrows", autocomplete: "off", placeholder: "输入汉字或拼音首字母" });
    field.setAttribute("aria-label", `查找${name}`);
    const said = document.createElement("span");
    said.className = "narrowed";
    said.setAttribute("role", "status");
    select.after(said);
    const fits = (option, terms) => {
      const text = plain(option.text), letters = option.dataset.initials || "";
      return terms.every((term) => text.includes(term) || letters.includes(term));
    };
    const choose = (value) => {
      if (select.value === value) return;
      select.value = value;
      select.dispatchEvent(new Event("change", { bubbles: true }));
    };
    const narrow = () => {
      const terms = plain(field.value).split(/\s+/).filter(Boolean), before = select.value;
      const found = options.filter((option) => option.value && fits(option, terms));
      select.replaceChildren(...options.filter((option) => !option.value || found.includes(option)));
      select.value = before;
      if (terms.length && found.length === 1) choose(found[0].value);
      else if (!found.some((option) => option.value === before)) choose(options[0].value ? (found[0] || {}).value || "" : "");
      const one = found.length === 1 ? `已选择${found[0].text}。` : `找到${found.length}项，请从中选择。`;
      said.textContent = !terms.length ? "" : found.length ? one : "没有找到，请换一个词。";
    };
    field.addEventListener("input", (event) => { if (!event.isComposing) narrow(); });
    field.addEventListener("compositionend", narrow);
    field.addEventListener("keydown", (event) => {
      if (event.isComposing || !["Enter", "ArrowDown"].includes(event.key)) return;
      event.preventDefault();
      select.focus();
    });
  };
  for (const select of document.querySelectorAll("select[data-search]")) enhance(select);
})();
