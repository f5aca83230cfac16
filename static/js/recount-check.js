// Show what recount.js finds: the files of the site, or those chosen from disk, against the published list and, where
// somebody has it, result.json. Nothing leaves the page.
"use strict";

(() => {
  const panel = document.getElementById("check");
  const names = JSON.parse(document.getElementById("names").textContent);
  const [button, steps, verdict] = ["button", ".ticks", "[role=status]"].map((each) => panel.querySelector(each));
  const folded = steps.closest("details");
  const table = document.getElementById("recounted");
  const name = (code) => (code in names ? `${names[code]}（${code}）` : code);
  const element = (tag, text, className = "") => Object.assign(document.createElement(tag), { textContent: text, className });
  const say = (text, good = true) => steps.append(element("li", text, good ? "" : "error"));

  async function bytesOf(kind) {
    const chosen = document.getElementById(`file-${kind}`).files[0];
    if (chosen) {
      need(chosen.size <= MOST_BYTES, `文件过大，超过${MOST_BYTES / 1_000_000}MB`);
      return new Uint8Array(await chosen.arrayBuffer());
    }
    if (!panel.dataset[kind]) return null;
    let answer = null;
    try { answer = await fetch(panel.dataset[kind]); } catch { /* told below */ }
    need(answer?.ok, "下载失败，请检查网络后再试，或者选择已保存的文件");
    return new Uint8Array(await answer.arrayBuffer());
  }

  async function read(kind) {
    try {
      const bytes = await bytesOf(kind);
      return bytes && parseJSON(bytes);
    } catch (fault) {
      throw fault instanceof Unusable ? new Unusable(`${FILES[kind]}：${fault.message}`) : fault;
    }
  }

  async function compare() {
    const files = {};
    for (const kind of Object.keys(FILES)) files[kind] = await read(kind);
    const { result, lines, gone } = await compareFiles(files, panel.dataset.sha256, name);
    for (const [good, text] of lines) say(text, good);
    show(result);
    return { faults: lines.filter(([good]) => !good).length, gone };
  }

  function show(result) {
    const rows = result.sections.map((row) => {
      const line = document.createElement("tr");
      const span = row.rank_low === null ? "" : `${row.rank_low}至${row.rank_high}`;
      const cells = { 位次: row.rank ?? "", 科室: name(row.section), 上榜: row.listed ? "是" : "否", 标注: row.label, 位次区间: span };
      for (const [label, text] of Object.entries(cells)) {
        const cell = element(label === "科室" ? "th" : "td", text);
        cell.dataset.label = label;
        line.append(cell);
      }
      line.querySelector("th").scope = "row";
      return line;
    });
    table.querySelector("tbody").replaceChildren(...rows);
    table.hidden = false;
  }

  function conclude(text, good) {
    verdict.textContent = text + (globalThis.crypto?.subtle ? "" : "本页没有使用安全连接（https），结果仅供参考。");
    verdict.className = good ? "good" : "error";
  }

  panel.querySelector(".live").hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    steps.replaceChildren();
    table.hidden = true;
    conclude("正在复算……", true);
    if (!globalThis.crypto?.subtle) {
      folded.open = true;
      say("本页没有使用安全连接（https），网页和文件在传送中可能被改动，以下结果仅供参考，请改用独立复算程序", false);
    }
    try {
      const { faults, gone } = await compare();
      if (faults) folded.open = true;
      if (faults) conclude(`结果：不一致，共${faults}处，见“专业核验”。请保存本页截图，并告知评议办或者纪委监委。`, false);
      else conclude(`结果：一致。公示名单由公布的规则和数据得出${gone ? `，撤下的${gone}个科室除外` : ""}。`, true);
    } catch (fault) {
      const why = fault instanceof Unusable ? fault.message : "文件的内容不符合规定";
      conclude(`结果：尚未核验。不能复算：${why}。`, false);
    }
    button.disabled = false;
  });
})();
