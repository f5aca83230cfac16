// 暗访记录: keeps what is typed on this phone until the server has it, and tries again when the network is back.
"use strict";
(() => {
  const form = document.querySelector("form[data-draft]");
  if (!form) return;
  const key = `inspection-${form.dataset.draft}`;
  const banner = document.querySelector(".network");
  const say = (text) => { banner.textContent = text; banner.hidden = !text; };
  const fields = () => [...form.elements].filter((field) => field.name && field.name !== "csrfmiddlewaretoken");
  const keep = () => {
    const draft = {};
    for (const field of fields()) {
      if (field.type === "radio") { if (field.checked) draft[field.name] = field.value; } else draft[field.name] = field.value;
    }
    localStorage.setItem(key, JSON.stringify(draft));
  };
  const restore = () => {
    const draft = JSON.parse(localStorage.getItem(key) || "null");
    if (!draft) return;
    for (const field of fields()) {
      if (!(field.name in draft)) continue;
      if (field.type === "radio") field.checked = draft[field.name] === field.value; else field.value = draft[field.name];
    }
    say("上次未保存成功的内容已从本机恢复，请点击“保存暗访记录”。");
  };
  const send = async () => {
    keep();
    let answer;
    try {
      answer = await fetch(form.action || location.href, { method: "POST", body: new FormData(form), redirect: "manual" });
    } catch {
      say("网络中断，内容已保存在本机，网络恢复后自动提交保存。");
      return;
    }
    if (answer.type === "opaqueredirect") {
      localStorage.removeItem(key);
      location.reload();
    } else {
      form.submit(); // the server has something to say: let it say so on its own page
    }
  };
  const now = () => {
    const at = new Date();
    return new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  };
  restore();
  form.addEventListener("input", keep);
  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  addEventListener("online", () => { if (localStorage.getItem(key)) send(); });
  for (const button of document.querySelectorAll("[data-now]")) {
    button.hidden = false;
    button.addEventListener("click", () => { document.getElementById(button.dataset.now).value = now(); keep(); });
  }
})();
