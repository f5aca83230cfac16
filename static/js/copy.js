// Copies a shown number (复制票号). Without this script the button stays hidden.
"use strict";
for (const button of document.querySelectorAll("[data-copies]")) {
  const shown = document.getElementById(button.dataset.copies);
  const said = button.parentElement.querySelector("[role=status]");
  const select = () => getSelection().selectAllChildren(shown);
  button.parentElement.hidden = false;
  button.addEventListener("click", async () => {
    said.textContent = "";
    let copied = false;
    try {
      await navigator.clipboard.writeText(shown.textContent.trim());
      copied = true;
    } catch {
      select();
      copied = document.execCommand("copy");
    }
    said.textContent = copied ? button.dataset.copied : "没有复制成功，请长按票号复制。";
  });
}
