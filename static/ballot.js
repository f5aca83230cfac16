// The ballot works without this file. It fills in the code from the QR address, finds sections by name,
// counts the chosen ones and brings an error summary into view.
"use strict";

const code = document.getElementById("code");
if (code && location.hash.length > 1) {
  code.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
}

const summary = document.querySelector(".errors");
if (summary) summary.focus();

const filter = document.getElementById("filter");
if (filter) {
  const departments = [...document.querySelectorAll(".department")];
  filter.parentElement.hidden = false;
  filter.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim();
    for (const department of departments) {
      const all = department.querySelector("legend").textContent.includes(wanted);
      const rows = [...department.querySelectorAll(".row")];
      for (const row of rows) row.hidden = !all && !row.textContent.includes(wanted);
      department.hidden = rows.every((row) => row.hidden);
    }
  });
  const shown = document.querySelector(".chosen");
  const count = () => {
    const chosen = document.querySelectorAll("#sections input:checked").length;
    shown.hidden = false;
    shown.textContent = `已选 ${chosen} 个科室`;
  };
  document.getElementById("sections").addEventListener("change", count);
  count();
}
