// Checks an inclusion proof in the reader's own browser: SHA-256 up the path must give the published root.
"use strict";
(() => {
  const button = document.getElementById("verify");
  if (!button || !window.crypto || !crypto.subtle) return;
  const bytes = (hex) => new Uint8Array(hex.match(/../g).map((pair) => parseInt(pair, 16)));
  const hex = (array) => [...array].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const hash = async (...parts) => {
    const all = new Uint8Array(parts.flatMap((part) => [...part]));
    return new Uint8Array(await crypto.subtle.digest("SHA-256", all));
  };
  // A receipt as the closing list writes it, however it was typed.
  const SAME = { O: "0", I: "1", L: "1" };
  const asListed = (receipt) => receipt.toUpperCase().replace(/[\s-]/g, "").replace(/[OIL]/g, (letter) => SAME[letter]);
  button.hidden = false;
  button.addEventListener("click", async () => {
    const verdict = document.getElementById("verdict");
    const receipt = asListed(document.getElementById("receipt").value);
    let good = false;
    try {
      const proof = JSON.parse(document.getElementById("proof").value);
      const leaf = new TextEncoder().encode(`${proof.receipt}\t${proof.commitment}`);
      let digest = await hash([0], leaf);
      for (const [side, neighbour] of proof.path) {
        digest = side === "left" ? await hash([1], bytes(neighbour), digest) : await hash([1], digest, bytes(neighbour));
      }
      const root = document.getElementById("root").textContent.trim();
      good = proof.receipt === receipt && hex(digest) === root;
    } catch { good = false; }
    verdict.hidden = false;
    verdict.textContent = good
      ? `结果：一致。您的设备计算的结果与封箱时公布的相同，回执号${receipt}的票已入箱。`
      : "结果：不一致。请保存本页截图，并告知评议办或者纪委监委。";
  });
})();
