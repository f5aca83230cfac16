// 暗访记录: without a network the page waits and saves by itself when it is back. drafts.js keeps what is typed.
"use strict";
(() => {
  const form = document.querySelector("form.visit-form");
  if (!form) return;
  const banner = document.querySelector(".network");
  let waits = false;
  const say = (text) => { banner.textContent = text; banner.hidden = !text; };
  const send = async () => {
    let answer;
    try {
      answer = await fetch(form.action || location.href, { method: "POST", body: new FormData(form), redirect: "manual" });
    } catch {
      waits = true;
      say("网络中断，内容已保存在本机，网络恢复后自动提交保存。");
      return;
    }
    waits = false;
    if (answer.type === "opaqueredirect") location.reload(); // saved, or logged out meanwhile: the server says which
    else form.submit(); // the server has something to say: let it say so on its own page
  };
  const now = () => {
    const at = new Date();
    return new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  addEventListener("online", () => { if (waits) send(); });
  for (const button of document.querySelectorAll("[data-now]")) {
    button.hidden = false;
    button.addEventListener("click", () => { document.getElementById(button.dataset.now).value = now(); });
  }
})();
