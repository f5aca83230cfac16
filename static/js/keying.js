// Keying by keyboard alone: five characters, or one and Enter, lead to the next row; ticks are asked for only
// where an answer is severe (from the form's data-severe on). Without this file the Tab key does the same.
"use strict";
(() => {
  const form = document.querySelector("form.keying");
  if (!form) return;
  const keys = [...form.querySelectorAll("input.keys")];
  const ticksOf = (field) => field.closest("tr").querySelector("input.ticks");
  const onwards = (field) => {
    const next = keys[keys.indexOf(field) + 1];
    (next || form.querySelector("button")).focus();
    if (next) next.select();
  };
  const leave = (field) => {
    if ([...field.value].some((key) => key >= form.dataset.severe && key <= "9")) ticksOf(field).focus();
    else onwards(field);
  };
  form.addEventListener("input", ({ target }) => {
    if (target.classList.contains("keys") && target.value.replace(/\s/g, "").length >= 5) leave(target);
  });
  form.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || field.tagName !== "INPUT") return;
    event.preventDefault();
    if (field.classList.contains("keys")) leave(field);
    else if (field.classList.contains("ticks")) onwards(field.closest("tr").querySelector("input.keys"));
    else keys[0].focus();
  });
  for (const field of form.querySelectorAll("input.ticks")) field.tabIndex = 0;
  const open = form.querySelector("tr.errors input.keys, tr.open input.keys") || keys[0];
  const number = form.elements.number;
  (!number || number.value ? open : number).focus();
})();
