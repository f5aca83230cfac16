// Tell a drawn person what became of the token in their letter: from the letter's QR code, whose salt and token stand
// after the # of the address, or from what is typed. Nothing of it leaves the page, nor stays in its address.
"use strict";
(() => {
  const form = document.getElementById("lookup");
  const IN_LETTER = /^#([0-9a-f]{64})\.([0-9a-f]{8,64})$/;
  const SHORTEST = 8;
  const HEX = /^[0-9a-f]*$/;
  const plain = (field) => field.value.normalize("NFKC").replace(/[\s\u200b-\u200f\u2060\ufeff]/g, "").toLowerCase();

  // The address loses what the letter put there, on a draw that is not public yet as well.
  function takeFromAddress() {
    const found = IN_LETTER.exec(location.hash.toLowerCase());
    if (/^#[0-9a-f]{32}/i.test(location.hash)) history.replaceState(null, "", location.pathname + location.search);
    return found;
  }

  const scanned = takeFromAddress();
  if (!form) return;
  const answer = form.querySelector("[role=status]");
  const own = form.querySelector("details");
  const { token, salt, reference } = form.elements;
  let proof;

  function tell(text) {
    answer.className = "note";
    answer.textContent = text;
  }

  // Of a long draw only the drawn, the alternates and the removed are fetched: its whole list is too much for a phone.
  async function fetched() {
    if (!form.dataset.drawn) return (await fetch(form.dataset.proof)).json();
    const answer = await fetch(form.dataset.drawn);
    if (!answer.ok) throw new Error(answer.statusText);
    const short = { pool: [], events: [], result: { strata: {} } };
    for (const line of (await answer.text()).split("\n").filter(Boolean)) {
      const [stratum, state, , id] = line.split("\t");
      const drawn = short.result.strata[stratum] ??= { selected: [], alternates: [] };
      short.pool.push([stratum, id]);
      if (state === "removed") short.events.push({ stratum, id });
      else drawn[state === "selected" ? "selected" : "alternates"].push(id);
    }
    return short;
  }

  function standing(found) {
    const ofToken = proof.pool.filter(([, id]) => id === found).map(([stratum]) => stratum);
    return ofToken.map((stratum) => {
      const { selected, alternates } = proof.result.strata[stratum];
      if (selected.includes(found)) return `在抽中名单中，类别“${stratum}”，序号${selected.indexOf(found) + 1}`;
      if (alternates.includes(found)) return `是候补，类别“${stratum}”，序号${alternates.indexOf(found) + 1}`;
      const removed = proof.events.some((each) => each.id === found && each.stratum === stratum);
      return removed ? `曾被抽中，类别“${stratum}”，后已移除` : `在“${stratum}”的名单中，没有抽中`;
    }).join("；");
  }

  async function computed() {
    const text = ["nanchuan-draw/1/token", plain(salt), reference.value.trim().normalize("NFC")].join("\n");
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function faultIn(start, wantsOwn) {
    if (!start && !wantsOwn) return `请输入通知书上匿名编号的前${SHORTEST}位。`;
    if (start && (start.length < SHORTEST || start.length > 64 || !HEX.test(start))) {
      return `匿名编号由数字和字母a至f组成，请对照通知书，至少输入前${SHORTEST}位。`;
    }
    if (!wantsOwn) return "";
    if (plain(salt).length !== 64 || !HEX.test(plain(salt))) return "查询码由64位数字和字母a至f组成，请扫描通知书上的二维码，或者对照通知书核对。";
    return globalThis.crypto?.subtle ? "" : "请使用安全连接（https）打开本页面后核对本人信息。";
  }

  async function look() {
    const start = plain(token);
    const wantsOwn = reference.value.trim() !== "";
    const fault = faultIn(start, wantsOwn);
    if (fault) return tell(fault);
    tell("正在查询……");
    try {
      proof ??= await fetched();
    } catch {
      return tell("没有查到：网络不通。请检查网络后，再点击“查询”。");
    }
    const mine = wantsOwn ? await computed() : "";
    const found = [...new Set(proof.pool.map(([, id]) => id))].filter((id) => id.startsWith(start || mine));
    if (wantsOwn && !(mine.startsWith(start) && found.includes(mine))) {
      return tell("本人信息与匿名编号不一致。请对照通知书，核对本人信息、查询码和匿名编号。");
    }
    if (!found.length) {
      const lists = form.dataset.drawn ? "本次抽中、候补的名单" : "本次名单";
      return tell(`这个匿名编号不在${lists}中，请对照通知书核对。`);
    }
    if (found.length > 1 && !mine) return tell("名单中有几个以此开头的匿名编号，请多输入几位。");
    const whose = mine || found[0];
    const proven = mine ? "本人信息一致：这个编号由您的查询码和本人信息算出。" : "";
    const who = mine || salt.value ? "您" : "这个匿名编号";
    return tell(`${who}${standing(whose)}。匿名编号：${whose}。${proven}`);
  }

  async function show([, code, start]) {
    salt.value = code;
    token.value = start;
    await look();
    own.open = true;
    answer.focus();
  }

  form.querySelector(".live").hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    look();
  });
  addEventListener("hashchange", () => {
    const again = takeFromAddress();
    if (again) show(again);
  });
  if (scanned) show(scanned);
})();
