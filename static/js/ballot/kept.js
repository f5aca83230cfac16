// The ballot being filled in: the one source of what its pages show and send. It stays on this device, sealed under its
// code, until it is cast or KEPT_DAYS are over; without encryption or storage (http, private mode) in memory only.
"use strict";
window.ballot = (() => {
  const PREFIX = "ballot-draft-", TAB = "ballot-code", KEPT_DAYS = 60, DAY = 86400000;
  const storeOf = (name) => { try { const store = window[name]; store.getItem(""); return store; } catch { return null; } };
  const device = storeOf("localStorage"), tab = storeOf("sessionStorage");
  let able = Boolean(device && window.crypto && crypto.subtle);

  const bytes = (text) => new TextEncoder().encode(text);
  const text64 = (array) => btoa([...new Uint8Array(array)].map((byte) => String.fromCharCode(byte)).join(""));
  const from64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const digest = (label, code) => crypto.subtle.digest("SHA-256", bytes(`${label}\n${code}`));
  const chance = () => crypto.getRandomValues(new Uint32Array(1))[0];

  // lines: section -> [{indicator: answer}, [manifestations]]; at: the page last shown; sent: cast, but no answer came
  const blank = (code) => ({
    code, id: window.crypto ? chance() : 0, admission: "", chosen: [], lines: {}, comment: "", digits: "", at: null, sent: [],
  });
  let now = blank(""), base = now, place = null, edits = 0, version = 0, kept = 0, seen = null, writing = null;

  const placeOf = async (code) => able && {
    name: PREFIX + text64(await digest("nanchuan draft name", code)).slice(0, 24),
    key: await crypto.subtle.importKey("raw", await digest("nanchuan draft key", code), "AES-GCM", false, ["encrypt", "decrypt"]),
  };
  const unsealed = async (stored, { key }) => {
    try {
      const { iv, data } = JSON.parse(stored);
      return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv: from64(iv) }, key, from64(data))));
    } catch { return null; }
  };
  // What another tab kept meanwhile is added, never replaced. An answer that differs from what both tabs last had (base)
  // was given here and wins; any other is the other tab's to change.
  const same = (one, two) => JSON.stringify(one) === JSON.stringify(two);
  const merge = (other) => {
    for (const [section, theirs] of Object.entries(other.lines)) {
      const own = now.lines[section], was = base.lines[section] || [{}, []];
      if (own) {
        const given = Object.entries(own[0]).filter(([indicator, answer]) => answer !== was[0][indicator]);
        now.lines[section] = [{ ...own[0], ...theirs[0], ...Object.fromEntries(given) }, same(own[1], was[1]) ? theirs[1] : own[1]];
      } else if (!same(theirs, was)) now.lines[section] = theirs;
    }
    for (const field of ["chosen", "comment"]) if (same(now[field], base[field])) now[field] = other[field];
    if (!now.sent.length) now.sent = other.sent;
  };
  const write = async () => {
    const one = now, { name, key } = place, stored = device.getItem(name);
    const other = stored && stored !== seen ? await unsealed(stored, place) : null;
    if (other && one === now) {
      merge(other);
      document.dispatchEvent(new CustomEvent("ballot:merged"));
    }
    const text = JSON.stringify(one), iv = crypto.getRandomValues(new Uint8Array(12));
    const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, bytes(text));
    if (one !== now || name !== place.name) return; // cast, or another ballot, meanwhile
    seen = JSON.stringify({ until: Math.floor(Date.now() / DAY) + KEPT_DAYS, iv: text64(iv), data: text64(data) });
    device.setItem(name, seen);
    base = JSON.parse(text);
  };
  // Between a tab's reading and its writing no other tab writes.
  const writeAlone = () => (navigator.locks ? navigator.locks.request(PREFIX, write) : write());
  const writeAll = async () => {
    while (able && place && kept < version) {
      const wanted = version, one = now;
      try { await writeAlone(); if (one === now) kept = wanted; } catch { able = false; } // no room, or not allowed
    }
  };
  const keep = () => {
    writing = writing || writeAll().finally(() => { writing = null; });
    return writing;
  };
  const touch = () => { version += 1; return keep(); };
  const hasContent = () => Boolean(now.chosen.length || Object.keys(now.lines).length || now.comment);
  const start = (code, draft, where) => {
    now = { ...blank(code), ...draft };
    base = JSON.parse(JSON.stringify(now));
    place = where;
    edits += 1;
    version = kept = 0;
  };

  return {
    hasContent, keep, touch,
    get now() { return now; },
    get edits() { return edits; },
    isKept: () => able && kept === version,
    changed: () => { edits += 1; return touch(); },
    moved: (at) => { now.at = at; if (hasContent()) touch(); },
    // Go on with the ballot of this code, as far as the device keeps it.
    open: async (code) => {
      await keep();
      const where = await placeOf(code), stored = where && device.getItem(where.name);
      const draft = stored ? await unsealed(stored, where) : {};
      seen = stored;
      start(code, draft, where);
    },
    // The same ballot under another code: the first was mistyped.
    rename: async (code) => {
      const where = await placeOf(code);
      if (place) device.removeItem(place.name);
      now.code = code;
      place = where;
      seen = null;
      await touch();
    },
    drop: () => {
      if (place) device.removeItem(place.name);
      start("", {}, null);
    },
    clear: () => {
      const { code, admission } = now;
      start(code, { admission }, place);
      return touch();
    },
    chooseDigits: () => { now.digits = String(chance() % 10000).padStart(4, "0"); return touch(); },
    // The code typed in this tab, so that a reload goes on at once; gone with the tab.
    get tabCode() { return (tab && tab.getItem(TAB)) || ""; },
    set tabCode(text) { if (tab) { if (text) tab.setItem(TAB, text); else tab.removeItem(TAB); } },
    tidy: () => {
      const untilOf = (stored) => { try { return JSON.parse(stored).until; } catch { return 0; } };
      for (const one of device ? Object.keys(device) : []) {
        if (one.startsWith(PREFIX) && !(untilOf(device.getItem(one)) >= Date.now() / DAY)) device.removeItem(one);
      }
    },
  };
})();
