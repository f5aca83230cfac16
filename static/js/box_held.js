// 确认领取密钥卡: a card scanned or typed here by mistake is not sent; the scanner's Enter does not submit.
"use strict";
(() => {
  const field = document.querySelector("input[name=code]");
  const told = document.getElementById("not-a-card");
  if (!field || !told) return;
  const isCard = (text) => /NCBOX/i.test(text) || text.replace(/[^0-9a-z]/gi, "").length > 20;
  field.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  field.addEventListener("input", () => {
    if (!isCard(field.value)) return;
    field.value = "";
    told.hidden = false;
    field.disabled = true; // until the scanner has typed the rest
    setTimeout(() => { field.disabled = false; field.focus(); }, 1500);
  });
})();
