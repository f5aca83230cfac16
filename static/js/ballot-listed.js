// The sections that an address lists behind its code: ticked once, on the device alone. The server never learns of the list.
"use strict";
window.ballotListed = (main, code, note) => {
  const [owner, list] = window.ballotList;
  if (owner !== code || !list) return;
  window.ballotList = []; // what the citizen takes back is not chosen again
  const codes = list.split(","), most = Number(main.querySelector("[data-most]").dataset.most) || Infinity;
  const boxes = [...main.querySelectorAll("input[type=checkbox][name=section]")].filter((box) => codes.includes(box.value)).slice(0, most);
  for (const box of boxes) box.checked = true;
  if (!boxes.length) return;
  boxes[0].dispatchEvent(new Event("change", { bubbles: true }));
  note(`打开的链接中列有${boxes.length}个科室，已经勾选，提交前可以取消，也可以增加。没有办过事或者不了解的，请取消。`);
};
