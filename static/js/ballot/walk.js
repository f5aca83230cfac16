// The way through the pages of the ballot: Back, forward, reload, another code, and the answer to a cast ballot that never came.
"use strict";
window.ballotWalk = (() => {
  const { ballot, ballotPages: pages } = window;
  const { ROOT, make, request, plain, isCode, takeHash, fillCode, hash, isBusy } = window.ballotStart;
  const walked = new Map(); // place in the history -> its page, so that Back needs no network
  let here = 0;

  const mainNow = () => document.querySelector("main");
  const primary = () => mainNow().querySelector("button.primary");
  const note = (text, choices = {}) => {
    const box = make("div", { className: "note told" }, make("p", { textContent: text }));
    for (const [textContent, act] of Object.entries(choices)) {
      const button = make("button", { type: "button", className: "secondary", textContent, onclick: () => act(button, box) });
      box.append(button);
    }
    for (const old of mainNow().querySelectorAll(".told")) old.remove();
    (mainNow().querySelector(".errors") || mainNow().querySelector("h1")).after(box);
  };

  const focusOn = (element) => {
    element.tabIndex = -1;
    element.focus();
  };
  const sayReceipt = (receipt) => note(`本页刚才提交的评议票已经提交成功，回执号：${receipt}`);

  // --- pages
  const isStep = ({ kind }) => kind === "sections" || kind === "rate" || kind === "review";
  const pageOf = (main, title) => {
    const kind = pages.kindOf(main), from = main.querySelector("input[name=from]"), receipt = main.querySelector("[data-done] .receipt");
    return { main, title, kind, to: from ? from.value : "", receipt: receipt ? receipt.textContent : "" };
  };
  const stateOf = ({ kind, to, receipt }) => ({ n: here, id: ballot.now.id, kind, to, receipt });
  // What a page must agree with: the review and the tables' counts with everything, a section with the choice.
  const markOf = ({ kind, main }) => {
    if (kind === "review" || main.querySelector("table.rating")) return ballot.edits;
    return kind === "rate" ? [...ballot.now.chosen].sort().join() : "";
  };
  const show = (page) => {
    if (page.main !== mainNow()) mainNow().replaceWith(page.main);
    document.title = page.title;
    if (isStep(page)) {
      pages.fill(page);
      ballot.moved({ kind: page.kind, to: page.to });
    }
    if (page.mark === undefined) page.mark = markOf(page);
    pages.update(page.main);
    window.scrollTo(0, 0);
    focusOn(page.main.querySelector(".errors") || page.main.querySelector("h1"));
    document.dispatchEvent(new CustomEvent("ballot:shown"));
  };
  const receive = async (html, code, carries, inPlace) => {
    const parsed = new DOMParser().parseFromString(html, "text/html");
    for (const element of parsed.querySelectorAll("noscript")) element.remove();
    const page = pageOf(document.adoptNode(parsed.querySelector("main")), parsed.title);
    const isFirst = walked.get(here).kind === "code", leaves = ballot.hasContent() && ballot.isKept() && code !== ballot.now.code;
    if (page.kind === "done") {
      ballot.drop();
      ballot.tabCode = "";
      walked.clear();
    } else if (isCode(code) && code !== ballot.now.code) {
      if (!carries || !ballot.now.code) await ballot.open(code);
      else if (isStep(page)) await ballot.rename(code);
    }
    if (isStep(page)) {
      ballot.tabCode = code;
      pages.absorb(page);
    }
    if (inPlace || page.main.querySelector(".errors")) history.replaceState(stateOf(page), "");
    else {
      here += 1;
      history.pushState(stateOf(page), "", ROOT);
    }
    for (const n of walked.keys()) if (n > here) walked.delete(n);
    walked.set(here, page);
    const { at } = ballot.now; // before this page
    show(page);
    offer(page, at, isFirst, leaves);
    if (page.kind === "sections" && isFirst && !ballot.hasContent() && window.ballotListed) window.ballotListed(page.main, ballot.now.code, note);
  };
  const goTo = async (at, button, inPlace) => {
    const isFirst = at.kind === "code", address = isFirst ? ROOT : `${ROOT}${at.kind}/`;
    const html = await request(address, isFirst ? null : pages.bodyFor(at), button, () => goTo(at, button, inPlace));
    if (html !== null) await receive(html, isFirst ? "" : ballot.now.code, false, inPlace);
    if (html !== null && isFirst) fillCode(ballot.tabCode);
    return html !== null;
  };
  const cast = async (body, button, again) => {
    const { sent } = ballot.now, text = String(body);
    if (!sent.includes(text)) sent.push(text);
    await ballot.touch(); // sealed before it goes: the answer may not come
    const html = await request(`${ROOT}cast/`, body, button, again);
    if (html === null) return;
    sent.splice(sent.indexOf(text), 1);
    await receive(html, ballot.now.code, true);
  };
  const castAgain = (button) => {
    const { sent } = ballot.now;
    cast(new URLSearchParams(sent[sent.length - 1]), button, () => castAgain(button));
  };

  // What this device keeps of a ballot, said where one comes back to it.
  const offer = ({ kind, main }, at, isFirst, leaves) => {
    const { sent } = ballot.now, isBound = Boolean(main.querySelector("[data-bound]"));
    if (kind === "code" && sent.length && main.querySelector(".errors")) {
      note("本设备用这个票号提交过评议票，但没有收到结果。", { 重新提交并显示回执号: castAgain });
    } else if (kind === "review" && sent.length) {
      note("上次提交没有收到结果，请再提交一次：如果上次已经提交成功，只计一张票，并显示回执号。");
    } else if ((kind === "sections" || isBound) && isFirst && ballot.hasContent()) {
      note("本设备上有这个票号尚未提交的评议内容，已经恢复。", {
        ...(at && at.kind !== kind && { 继续填写: (button) => goTo(at, button) }),
        删除并重新填写: (button, box) => {
          box.remove();
          ballot.clear();
          show(walked.get(here));
        },
      });
    } else if ((kind === "sections" || isBound) && leaves) {
      note("原票号填写的内容已加密保存在本设备上，重新输入原票号可以继续填写。");
    }
  };

  const submit = (form, button, address, again) => {
    pages.read(mainNow());
    if (button && button.matches("[data-here]")) { focusOn(mainNow().querySelector("form > .note")); return; }
    const body = pages.bodyOf(form, button, address), code = plain(body.get("code") || ""), carries = pages.carries(form);
    if (address.endsWith("/cast/")) { cast(body, button, again); return; }
    const go = async () => {
      const html = await request(address, body, button, again);
      if (html !== null) await receive(html, code, carries);
    };
    if (carries || !ballot.hasContent() || code === ballot.now.code || ballot.isKept()) { go(); return; }
    note("本设备不能保存已填写的内容，换用另一个票号后会丢失。", {
      换用新输入的票号: go,
      继续使用原票号: (_, box) => {
        box.remove();
        fillCode(ballot.now.code);
      },
    });
  };

  addEventListener("popstate", async ({ state }) => {
    if (!state || state.n === undefined) { history.replaceState(stateOf(walked.get(here)), ""); return; } // a place in the page
    if (state.n === here) return;
    if (isBusy()) { history.go(here - state.n); return; }
    const last = walked.get(here), page = walked.get(state.n);
    const isOther = () => !ballot.now.code || (state.kind !== "code" && state.id !== ballot.now.id);
    here = state.n;
    if (page && (page.kind === "done" || (!isOther() && page.mark === markOf(page)))) { show(page); return; }
    walked.set(here, last); // it stays: the ballot is cast, or until the server gives the page again
    // The receipt goes with whoever goes back from it: there too it is there after a reload.
    if (last.receipt && isOther()) { history.replaceState(stateOf(last), ""); return; }
    if (state.receipt) { sayReceipt(state.receipt); return; }
    // The tab left the ballot and came back to its first page: its code opens what is kept.
    if (!ballot.now.code && isCode(plain(ballot.tabCode))) await ballot.open(plain(ballot.tabCode));
    if (!isOther()) goTo(state, primary(), true);
    else if (last.kind === "code" && ballot.tabCode) note("请点击“下一步”，从这里继续。");
  });
  addEventListener("hashchange", async () => {
    const code = takeHash();
    if (!code) return;
    if (walked.get(here).kind !== "code" && code !== ballot.now.code && !(await goTo({ kind: "code" }))) return;
    fillCode(code);
    const back = ballot.isKept() ? "已加密保存在本设备上，输入原票号" : "仍保留着，返回上一页";
    if (ballot.hasContent() && code !== ballot.now.code) note(`这是另一个票号。之前填写的内容${back}可以继续填写。`);
  });
  addEventListener("beforeunload", (event) => { if (ballot.hasContent() && !ballot.isKept()) event.preventDefault(); });

  const begin = async () => {
    const state = history.state && history.state.n !== undefined ? history.state : null; // set: this tab was here before
    const page = pageOf(mainNow(), document.title);
    here = state ? state.n : 0;
    walked.set(here, page);
    ballot.tidy();
    if (isStep(page)) { // sent without this script
      const code = plain(page.main.querySelector("input[type=hidden][name=code]").value);
      await ballot.open(code);
      ballot.tabCode = code;
      pages.absorb(page);
      show(page);
    }
    const field = document.getElementById("code"), goesOn = state && !hash && isStep(state) && !isStep(page);
    const left = !state && !hash && ballot.tabCode; // a reload without network leaves no state behind
    if (state) fillCode(hash || ballot.tabCode);
    else if (!isStep(page)) ballot.tabCode = field ? field.value : ""; // whoever comes here anew types the code
    if (goesOn) await ballot.open(plain(ballot.tabCode));
    if (goesOn && ballot.now.at) { goTo(ballot.now.at, primary(), true); return; }
    if (!isStep(page)) page.mark = "";
    if (state && page.kind === "code") page.receipt = state.receipt;
    history.replaceState(stateOf(page), "");
    if (page.kind === "code" && page.receipt) sayReceipt(page.receipt);
    else if (page.kind === "code" && left) note("本设备上有尚未提交的评议内容，重新扫描二维码或者输入原票号，可以继续填写。");
  };
  begin();
  return { submit };
})();
