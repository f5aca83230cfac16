// 密钥卡: one card at a time for the person called up; a card taken is removed from the page.
"use strict";
(() => {
  const turn = document.getElementById("turn");
  const print = document.getElementById("print");
  const next = document.getElementById("next");
  const say = (heading, hint) => {
    turn.querySelector("h2").textContent = heading;
    turn.querySelector(".hint").textContent = hint;
  };
  const cards = () => [...document.querySelectorAll(".box-card")];
  const forget = () => cards().forEach((card) => card.remove());
  const call = () => {
    const [card] = cards();
    next.hidden = true;
    print.hidden = !card;
    if (!card) {
      say("密钥卡已全部取走", "请持卡人在网上确认领取，并核对票箱公钥校验值。本页可以关闭。");
      return;
    }
    const { label, holder } = card.dataset;
    print.textContent = `打印密钥卡${label}`;
    say(`请${holder}上前（密钥卡${label}）`, "请其他人员离开打印机和屏幕。打印件背面向上，由持卡人本人取走。");
  };
  document.documentElement.classList.add("one-by-one");
  document.getElementById("all-at-once").hidden = true;
  turn.hidden = false;
  print.addEventListener("click", () => {
    const [card] = cards();
    card.classList.add("called");
    window.print();
    card.classList.remove("called");
    print.textContent = `重新打印密钥卡${card.dataset.label}`;
    next.hidden = false;
  });
  next.addEventListener("click", () => {
    cards()[0].remove();
    call();
    print.focus();
  });
  window.addEventListener("beforeunload", (event) => { if (cards().length) event.preventDefault(); });
  window.addEventListener("pagehide", forget);
  call();
})();
