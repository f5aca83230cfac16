// Prints a batch part by part: says that a part is being made, marks it when it has been downloaded, and makes all parts
// one after another. Without this file every part has its own button.
"use strict";
const offerParts = (form) => {
  const parts = [...form.querySelectorAll("button[name=part]")];
  const all = form.querySelector(".all");
  const bar = all.querySelector("progress");
  const status = all.querySelector("[role=status]");
  const buttons = [...form.querySelectorAll("button")];
  const { createObjectURL: addressOf, revokeObjectURL: forget } = URL;
  const say = (text) => { status.textContent = text; };

  const nameIn = (header) => (/filename="([^"]+)"/.exec(header || "") || [])[1] || "ballots.pdf";
  const save = (blob, name) => {
    const link = document.createElement("a");
    link.href = addressOf(blob);
    link.download = name;
    link.click();
    setTimeout(() => forget(link.href), 60000);
  };
  const print = async (button) => {
    const data = new FormData(form);
    data.delete("people");
    data.append("part", button.value);
    const answer = await fetch(form.action, { method: "POST", body: data });
    if (!answer.ok || answer.headers.get("Content-Type") !== "application/pdf") return false;
    save(await answer.blob(), nameIn(answer.headers.get("Content-Disposition")));
    button.classList.add("done");
    return true;
  };
  const run = async (wanted) => {
    if (!form.reportValidity()) return;
    buttons.forEach((button) => { button.disabled = true; });
    bar.hidden = false;
    bar.max = wanted.length;
    let failed = "";
    for (const [done, button] of wanted.entries()) {
      bar.value = done;
      say(`正在生成：${button.textContent.trim()}（${done + 1}/${wanted.length}）`);
      if (!(await print(button).catch(() => false))) { failed = button.textContent.trim(); break; }
      bar.value = done + 1;
    }
    buttons.forEach((button) => { button.disabled = false; });
    say(failed ? `${failed}没有生成。请核对网站地址和网络后重试；仍不能生成的，重新上传票号文件。` : "已下载。打印后请删除PDF文件。");
  };
  for (const button of parts) {
    button.addEventListener("click", (event) => { event.preventDefault(); run([button]); });
  }
  all.querySelector("button").addEventListener("click", () => run(parts));
  all.hidden = false;
  all.querySelector("button").hidden = parts.length < 2;
};
if (window.fetch) document.querySelectorAll("form.hand-out").forEach(offerParts);
