// Key cards as they are typed or scanned: names the group with a wrong character at once. The Enter at the end of a
// scan leads to the next field. The server checks again; without this file nothing else changes.
"use strict";
(() => {
  const fields = [...document.querySelectorAll("input.key-card")];
  const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const GROUPS = 8, LENGTH = 5;
  const product = (one, other) => {
    let result = 0;
    for (; one; one >>= 1) {
      if (one & 1) result ^= other;
      other <<= 1;
      if (other & 32) other ^= 37; // x^5 + x^2 + 1
    }
    return result;
  };
  const plain = (typed) =>
    typed.normalize("NFKC").toUpperCase().trim().replace(/^NCBOX1:/, "")
      .replace(/[\s\-‐‑‒–—―−_.·・]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  const isRight = (group, place) => {
    const values = [...group].map((character) => ALPHABET.indexOf(character));
    return !values.includes(-1) && values.slice(0, 4).reduce((sum, v, at) => sum ^ product(at + 2, v), place) === values[4];
  };
  const fault = (text) => {
    for (let at = 0; at < Math.min(text.length, GROUPS * LENGTH); at += LENGTH) {
      const group = text.slice(at, at + LENGTH), place = at / LENGTH + 1;
      if (group.length < LENGTH) return /[^0-9A-HJKMNP-TV-Z]/.test(group) ? place : 0;
      if (!isRight(group, place)) return place;
    }
    return text.length > GROUPS * LENGTH ? -1 : 0;
  };
  const check = (field) => {
    const text = plain(field.value), wrong = fault(text), shown = document.getElementById(`${field.name}-check`);
    const isWhole = text.length === GROUPS * LENGTH && !wrong;
    shown.textContent = wrong > 0 ? `第${wrong}组有误，请对照密钥卡重新输入这一组`
      : wrong < 0 ? "超过40个字符，请核对有无多输"
        : isWhole ? "已输完，校验相符" : text ? `已输入${text.length}个字符，共40个` : "";
    shown.classList.toggle("wrong", Boolean(wrong));
    if (wrong) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  };
  fields.forEach((field, at) => {
    field.addEventListener("input", () => check(field));
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (fields[at + 1]) fields[at + 1].focus();
    });
    if (field.value) check(field);
  });
})();
