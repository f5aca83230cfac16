// Count a round of NC-2 again from the published cells.json and rulebook.json: place, listing, label, interval of every
// section, and the gate (docs/method-2.md, 3 and 4.2). Whole numbers and fractions (BigInt) only. No page, no network:
// recount-check.js shows what is found.
"use strict";

const VETOED = "经查实由纪委监委决定列在最前；难办指数仍为评议结果，未作改动。";
const MOST_BYTES = 2_000_000;
const DEEPEST = 32;
const CHANNELS = ["targeted", "sampled", "other"];
const ROUNDED = /^(?!-0\.0000)-?(0|[1-9][0-9]{0,39})\.[0-9]{4}$/;
const NUMBER = /^-?[0-9]{1,40}([./][0-9]{1,40})?$/;

const FILES = { rulebook: "rulebook.json", cells: "cells.json", list: "list.json", result: "result.json" };

class Unusable extends Error {}

function need(truth, why) {
  if (!truth) throw new Unusable(why);
}

const brief = (value) => {
  const text = value === null || value === undefined ? "无" : typeof value === "object" ? J(value) : String(value);
  const characters = [...text]; // slice() of a string could cut a rare character in two
  return characters.length > 64 ? `${characters.slice(0, 64).join("")}…` : text; // a digest is shown whole
};

// --- files: JSON read strictly, canonical form, SHA-256 ---

function decoded(bytes) {
  need(bytes.length <= MOST_BYTES, `文件过大，超过${MOST_BYTES / 1_000_000}MB`);
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  try {
    return utf8.decode(bytes);
  } catch {
    let [line, start] = [1, 0];
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      try { utf8.decode(bytes.subarray(start, end)); } catch { break; }
      [line, start] = [line + 1, end + 1];
    }
    throw new Unusable(`第${line}行有不是UTF-8编码的文字`);
  }
}

// JSON.parse would take the last of two equal keys without a word, and round numbers.
function parseJSON(bytes) {
  const text = decoded(bytes);
  let at = 0;
  const where = () => `第${text.slice(0, at).split("\n").length}行`;
  const refuse = (why) => { throw new Unusable(`${where()}：${why}`); };
  const token = /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|([-+.\w]+))/y;
  let kept = null;
  function next() {
    token.lastIndex = at;
    const found = token.exec(text);
    if (!found) refuse(`“${brief(text.slice(at, at + 20).trim()) || "文件末尾"}”不是有效的 JSON`);
    at = token.lastIndex;
    return found;
  }
  const take = () => { const one = kept ?? next(); kept = null; return one; };
  const peek = () => { kept = kept ?? next(); return kept[1]; };
  function string(found) {
    if (found[2] === undefined) refuse(`“${brief(found[0].trim())}”应为文字`);
    const value = JSON.parse(found[2]);
    if (/[\ud800-\udfff]/u.test(value)) refuse("文字中有不完整的字符");
    return value;
  }
  function word(text_) {
    const constants = { true: true, false: false, null: null };
    if (text_ in constants) return constants[text_];
    if (!/^-?(0|[1-9][0-9]*)$/.test(text_)) refuse(`数只能是整数，小数应写成文字：${brief(text_)}`);
    if (!Number.isSafeInteger(Number(text_)) || text_ === "-0") refuse(`整数不合规定：${brief(text_)}`);
    return Number(text_);
  }
  function items(end, depth, read) {
    if (depth > DEEPEST) refuse(`括号嵌套超过${DEEPEST}层`);
    if (peek() === end) { take(); return; }
    for (;;) {
      read();
      const mark = take()[1];
      if (mark === end) return;
      if (mark !== ",") refuse(`应为逗号或者“${end}”`);
    }
  }
  function value(depth) {
    const found = take();
    if (found[1] === "[") {
      const list = [];
      items("]", depth, () => list.push(value(depth + 1)));
      return list;
    }
    if (found[1] === "{") {
      const object = Object.create(null);
      items("}", depth, () => {
        const key = string(take());
        if (take()[1] !== ":") refuse(`“${brief(key)}”后应为冒号`);
        if (key in object) refuse(`“${brief(key)}”在同一对象中出现两次`);
        object[key] = value(depth + 1);
      });
      return object;
    }
    if (found[1] !== undefined) refuse(`“${found[1]}”不应在此处`);
    return found[2] === undefined ? word(found[3]) : string(found);
  }
  const document_ = value(1);
  if (text.slice(at).trim()) refuse(`“${brief(text.slice(at).trim())}”是多余的内容`);
  return document_;
}

function byPoint(a, b) {
  const [left, right] = [[...a], [...b]];
  const at = left.findIndex((character, place) => character !== right[place]);
  if (at < 0) return left.length - right.length;
  return at < right.length ? left[at].codePointAt(0) - right[at].codePointAt(0) : 1;
}

// Canonical JSON: keys sorted by code point, no spaces.
function J(value) {
  if (Array.isArray(value)) return `[${value.map(J).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort(byPoint).map((key) => `${JSON.stringify(key)}:${J(value[key])}`).join(",")}}`;
}

async function sha256(text) {
  const bytes = new TextEncoder().encode(text);
  const digest = globalThis.crypto?.subtle
    ? new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)) : sha256Without(bytes);
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// FIPS 180-4, for pages without a secure connection, where browsers offer no crypto.subtle.
function sha256Without(bytes) {
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((p) => n % p)) primes.push(n);
  const root = (n, degree) => {
    const scaled = BigInt(n) << BigInt(32 * degree);
    let [low, high] = [0n, 1n << 40n];
    while (high - low > 1n) {
      const middle = (low + high) >> 1n;
      if (middle ** BigInt(degree) <= scaled) low = middle; else high = middle;
    }
    return Number(low & 0xffffffffn);
  };
  const constants = primes.map((p) => root(p, 3));
  const state = primes.slice(0, 8).map((p) => root(p, 2));
  const padded = new DataView(new ArrayBuffer((((bytes.length + 8) >> 6) + 1) * 64));
  bytes.forEach((byte, at) => padded.setUint8(at, byte));
  padded.setUint8(bytes.length, 0x80);
  padded.setBigUint64(padded.byteLength - 8, BigInt(bytes.length) * 8n);
  const turn = (x, n) => (x >>> n) | (x << (32 - n));
  for (let block = 0; block < padded.byteLength; block += 64) {
    const w = Array.from({ length: 16 }, (_, t) => padded.getUint32(block + 4 * t));
    for (let t = 16; t < 64; t += 1) {
      const s0 = turn(w[t - 15], 7) ^ turn(w[t - 15], 18) ^ (w[t - 15] >>> 3);
      const s1 = turn(w[t - 2], 17) ^ turn(w[t - 2], 19) ^ (w[t - 2] >>> 10);
      w[t] = (w[t - 16] + s0 + w[t - 7] + s1) >>> 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 64; t += 1) {
      const one = (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g));
      const first = (h + one + constants[t] + w[t]) >>> 0;
      const second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) >>> 0, c, b, a, (first + second) >>> 0];
    }
    [a, b, c, d, e, f, g, h].forEach((value, at) => { state[at] = (state[at] + value) >>> 0; });
  }
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((value, at) => digest.setUint32(4 * at, value));
  return new Uint8Array(digest.buffer);
}

// --- exact numbers: [numerator, denominator > 0] ---

const gcd = (a, b) => { let [x, y] = [a < 0n ? -a : a, b]; while (y) [x, y] = [y, x % y]; return x; };
const fraction = (n, d = 1n) => { const g = gcd(n, d) || 1n; return [n / g, d / g]; };
const plus = (a, b) => fraction(a[0] * b[1] + b[0] * a[1], a[1] * b[1]);
const times = (a, b) => fraction(a[0] * b[0], a[1] * b[1]);
const over = (a, b) => times(a, b[0] < 0n ? [-b[1], -b[0]] : [b[1], b[0]]);
const minus = (a, b) => plus(a, [-b[0], b[1]]);
const compare = (a, b) => { const gap = minus(a, b)[0]; return gap > 0n ? 1 : gap < 0n ? -1 : 0; };
const total = (list) => list.reduce(plus, [0n, 1n]);

function exact(value, what) {
  need((typeof value === "number" || typeof value === "string") && NUMBER.test(value), `${what}不是数：${brief(value)}`);
  const [, whole, mark, rest] = /^(-?\d+)(?:([./])(\d+))?$/.exec(String(value));
  if (!mark) return fraction(BigInt(whole));
  if (mark === ".") return fraction(BigInt(whole + rest), 10n ** BigInt(rest.length));
  need(BigInt(rest) !== 0n, `${what}的分母不能为0`);
  return fraction(BigInt(whole), BigInt(rest));
}

// Four decimals, half away from zero, in ten-thousandths.
function four([n, d]) {
  const size = ((n < 0n ? -n : n) * 20000n + d) / (2n * d);
  return n < 0n ? -size : size;
}

function decimal(tenThousandths) {
  const digits = (tenThousandths < 0n ? -tenThousandths : tenThousandths).toString().padStart(5, "0");
  return `${tenThousandths < 0n ? "-" : ""}${digits.slice(0, -4)}.${digits.slice(-4)}`;
}

// --- the two files ---

function readBook(book) {
  need(book && book.method === "NC-2", `规则文件的“method”应为 NC-2，实为：${brief(book?.method)}`);
  const whole = (key, low) => {
    need(Number.isInteger(book[key]) && book[key] >= low, `规则文件的“${key}”应为不小于${low}的整数，实为：${brief(book[key])}`);
    return book[key];
  };
  const number = (key) => {
    const value = exact(book[key], `规则文件的“${key}”`);
    need(value[0] >= 0n, `规则文件的“${key}”不能是负数，实为：${brief(book[key])}`);
    return value;
  };
  const given = book.channels;
  need(given && typeof given === "object" && Object.keys(given).length, "规则文件的“channels”有误");
  need(Object.keys(given).every((c) => CHANNELS.includes(c)), "规则文件的“channels”有误");
  const weights = new Map(CHANNELS.filter((c) => c in given)
    .map((c) => [c, exact(given[c]?.weight, `规则文件的“channels.${c}.weight”`)]));
  need(compare(total([...weights.values()]), [1n, 1n]) === 0, "规则文件的渠道权重之和应为1");
  const codes = Array.isArray(book.sections) ? book.sections : [];
  need(codes.length && codes.every((code) => typeof code === "string" && code), "规则文件的“sections”应为科室代码");
  need(new Set(codes).size === codes.length, "规则文件的“sections”中有重复的科室代码");
  const vetoes = Array.isArray(book.vetoes) ? book.vetoes.map((veto) => veto?.section) : [null];
  need(vetoes.every((code) => codes.includes(code)), "规则文件的“vetoes”有误");
  return {
    weights, drawn: new Set([...weights.keys()].filter((c) => given[c].drawn === true)),
    sections: [...codes].sort(byPoint), vetoed: new Set(vetoes),
    length: whole("list_length", 1), cellMin: whole("cell_min_lines", 1),
    minLines: whole("min_lines", 0), minDrawn: whole("min_drawn_lines", 0),
    z: number("z"), isPublic: book.public_recount !== false, follow: number("follow"), cap: number("cap"),
    betweenWeight: number("between_weight"), share: number("publish_share"),
  };
}

function rescaled(book, used) {
  const whole = total(used.map((c) => book.weights.get(c)));
  return new Map(used.map((c) => [c, over(book.weights.get(c), whole)]));
}

const written = ([n, d]) => (d === 1n ? `${n}` : `${n}/${d}`);

function hasKeys(where, value, keys) {
  const found = value && typeof value === "object" && !Array.isArray(value) ? Object.keys(value).sort(byPoint) : null;
  need(found && found.join() === [...keys].sort(byPoint).join(), `cells.json 的“${where}”应恰好有：${keys.join("、")}`);
}

function rounded(where, value, isVariance = false) {
  need(typeof value === "string" && ROUNDED.test(value), `cells.json 的“${where}”应为四位小数，实为：${brief(value)}`);
  need(!isVariance || value[0] !== "-", `cells.json 的“${where}”不能是负数，实为：${value}`);
  return exact(value, where);
}

function drawnDeviation(book, weights, deviations) {
  const drawn = [...weights.keys()].filter((c) => book.drawn.has(c));
  if (!drawn.length) return [0n, 1n];
  return over(total(drawn.map((c) => times(weights.get(c), deviations.get(c)))), total(drawn.map((c) => weights.get(c))));
}

function held(book, deviation, e) {
  const [low, high] = [minus(e, book.cap), plus(e, book.cap)];
  const middle = compare(deviation, low) < 0 ? low : compare(deviation, high) > 0 ? high : deviation;
  return fraction(four(middle), 10000n);
}

// Refuses a file that is no cells.json of this rulebook, or one whose figures contradict each other.
function readCells(book, cells, digest) {
  hasKeys("文件", cells, ["method", "rulebook_sha256", "between_variance", "channels", "sections"]);
  need(cells.method === "NC-2", `cells.json 的“method”应为 NC-2，实为：${brief(cells.method)}`);
  need(cells.rulebook_sha256 === digest, `cells.json 与规则文件不是同一轮的：cells.json 写明规则文件的校验值为${
    brief(cells.rulebook_sha256)}，所给规则文件的校验值为${digest}`);
  const given = cells.channels;
  need(given && typeof given === "object" && Object.keys(given).every((c) => book.weights.has(c)),
    "cells.json 的“channels”应为规则文件中的渠道");
  const weights = rescaled(book, CHANNELS.filter((c) => c in given));
  const means = new Map();
  for (const [c, weight] of weights) {
    hasKeys(`channels.${c}`, given[c], ["mean", "weight"]);
    need(given[c].weight === written(weight), `cells.json 的“channels.${c}.weight”应为${written(weight)}，实为：${brief(given[c].weight)}`);
    means.set(c, rounded(`channels.${c}.mean`, given[c].mean));
  }
  const between = rounded("between_variance", cells.between_variance, true);
  const codes = Array.isArray(cells.sections) ? cells.sections.map((row) => row?.section) : [];
  need(codes.join("\n") === book.sections.join("\n"), "cells.json 的“sections”应为规则文件中的全部科室，按代码排列");
  const empty = new Map();
  const sections = new Map(cells.sections.map((row) => [row.section, readSection(book, weights, row, empty)]));
  return { means, weights, between, sections };
}

function readSection(book, weights, row, empty) {
  hasKeys(row.section, row, ["section", "cells"]);
  hasKeys(`${row.section}.cells`, row.cells, [...weights.keys()]);
  const [lines, deviations, variances] = [new Map(), new Map(), new Map()];
  for (const c of weights.keys()) {
    const [where, cell] = [`${row.section}.${c}`, row.cells[c]];
    hasKeys(where, cell, ["n", "d", "v"]);
    need(cell.n === null || (Number.isInteger(cell.n) && cell.n >= book.cellMin),
      `cells.json 的“${where}.n”应为 null 或者不小于${book.cellMin}的整数，实为：${brief(cell.n)}`);
    lines.set(c, cell.n);
    deviations.set(c, rounded(`${where}.d`, cell.d));
    variances.set(c, rounded(`${where}.v`, cell.v, true));
  }
  const e = drawnDeviation(book, weights, deviations);
  const isHeld = [...weights.keys()].some((c) => book.drawn.has(c));
  for (const c of weights.keys()) {
    const free = isHeld && !book.drawn.has(c);
    const followed = fraction(four(times(book.follow, e)), 10000n);
    const own = lines.get(c) !== null ? deviations.get(c) : free ? followed : [0n, 1n];
    const expected = free ? held(book, own, e) : own;
    need(compare(deviations.get(c), expected) === 0,
      `cells.json 的“${row.section}.${c}.d”应为${decimal(four(expected))}，实为：${row.cells[c].d}`);
    if (lines.get(c) !== null) continue;
    if (!empty.has(c)) empty.set(c, row.cells[c].v);
    need(row.cells[c].v === empty.get(c), `cells.json 的“${row.section}.${c}.v”应与其他空白单元相同，实为：${row.cells[c].v}`);
  }
  return { lines, deviations, variances };
}

// --- the list ---

// Returns {publication, sections}: the public part of result.json without p_top, which needs floats.
function recount(cells, book, digest) {
  const figures = readCells(book, cells, digest);
  const scores = book.sections.map((code) => scoreOf(book, figures, code));
  const placed = scores.filter((one) => one.enough || one.vetoed);
  const isHarder = (a, b) => (a.vetoed !== b.vetoed ? a.vetoed : a.index !== b.index ? a.index > b.index : a.e > b.e);
  const spans = intervals(book, scores);
  const rows = scores.map((one, at) => {
    const rank = placed.includes(one) ? 1 + placed.filter((other) => isHarder(other, one)).length : null;
    const listed = one.vetoed || (rank !== null && rank <= book.length);
    const [low, high] = spans[at];
    const sure = high <= book.length && book.length < scores.length ? "明确" : "误差范围内";
    const label = one.vetoed ? "一票否决" : !one.enough ? "样本不足" : listed ? sure : "";
    const shown = (value) => (one.enough ? value : null);
    return {
      section: one.code, rank, listed, label,
      difficulty: shown(decimal(one.index)), drawn_deviation: shown(decimal(one.e)),
      rank_low: shown(low), rank_high: shown(high),
    };
  });
  const last = rows.length + 1;
  rows.sort((a, b) => (a.rank ?? last) - (b.rank ?? last) || byPoint(a.section, b.section));
  const ranked = scores.filter((one) => one.enough).length;
  const [n, d] = times(book.share, [BigInt(scores.length), 1n]);
  const needed = Number((n + d - 1n) / d);
  return { publication: { sections: scores.length, ranked, needed, allowed: ranked >= needed }, sections: rows };
}

function scoreOf(book, figures, code) {
  const { lines, deviations, variances } = figures.sections.get(code);
  const weights = [...figures.weights];
  const index = four(total(weights.map(([c, w]) => times(w, plus(figures.means.get(c), deviations.get(c))))));
  const sampling = total(weights.map(([c, w]) => times(times(w, w), variances.get(c))));
  const shown = weights.map(([c]) => lines.get(c) ?? 0);
  const drawn = weights.filter(([c]) => book.drawn.has(c)).map(([c]) => lines.get(c) ?? 0);
  const sum = (list) => list.reduce((a, b) => a + b, 0);
  return {
    code, vetoed: book.vetoed.has(code), index, e: four(drawnDeviation(book, figures.weights, deviations)),
    variance: plus(sampling, times(book.betweenWeight, figures.between)),
    enough: weights.length > 0 && sum(shown) >= book.minLines && sum(drawn) >= book.minDrawn,
  };
}

// Among all sections, in whole numbers: squared gaps and widths over one denominator.
function intervals(book, scores) {
  const limits = scores.map((one) => times(times(times(book.z, book.z), one.variance), [100000000n, 1n]));
  const unit = limits.reduce((all, [, d]) => (all / gcd(all, d)) * d, 1n);
  const widths = limits.map(([n, d]) => n * (unit / d));
  const clearly = (a, b) => {
    if (scores[a].vetoed !== scores[b].vetoed) return scores[a].vetoed;
    const gap = scores[a].index - scores[b].index;
    return gap > 0n && gap * gap * unit > widths[a] + widths[b];
  };
  const all = [...scores.keys()];
  return all.map((a) => [
    1 + all.filter((b) => clearly(b, a)).length, scores.length - all.filter((b) => clearly(a, b)).length,
  ]);
}

// --- comparing: every difference as a Chinese sentence ---

function* differences(expected, given, where) {
  if (Array.isArray(expected) || expected === null || typeof expected !== "object") {
    if (J(expected) !== J(given ?? null)) yield `${where}：复算为“${brief(expected)}”，文件中为“${brief(given)}”`;
    return;
  }
  for (const key of Object.keys(expected)) yield* differences(expected[key], given?.[key], `${where}的 ${key} `);
}

function* againstList(book, result, list, name) {
  need(Array.isArray(list?.entries) && list.entries.every((entry) => entry && typeof entry.code === "string"),
    "公示内容的“entries”有误");
  need(Array.isArray(list.withdrawn ?? []) && (list.withdrawn ?? []).every((entry) => typeof entry?.code === "string"),
    "公示内容的“withdrawn”有误");
  const rows = new Map(result.sections.map((row) => [row.section, row]));
  const codes = list.entries.map((entry) => entry.code);
  const order = result.sections.map((row) => row.section).filter((code) => codes.includes(code));
  if (order.join("\n") !== codes.filter((code) => rows.has(code)).join("\n")) yield "公示名单中科室的次序不同，或者同一科室出现两次";
  for (const entry of list.entries) {
    const row = rows.get(entry.code);
    if (!row?.listed) {
      yield `${name(entry.code)}：复算没有上榜，公示名单中有`;
      continue;
    }
    for (const [key, what] of [["rank", "位次"], ["label", "标注"], ["rank_low", "位次区间上限"], ["rank_high", "位次区间下限"]]) {
      if ((key in entry || book.isPublic) && entry[key] !== row[key]) {
        yield `${name(entry.code)}：${what}复算为“${brief(row[key])}”，公示为“${brief(entry[key])}”`;
      }
    }
  }
  const withdrawn = new Set((list.withdrawn ?? []).map((entry) => entry.code));
  for (const { code, rank } of list.withdrawn ?? []) {
    if (!rows.has(code) || codes.includes(code) || withdrawn.size !== list.withdrawn.length) {
      yield `${name(code)}：更正撤下，但不在规则文件中，或者出现两次`;
    } else if (!("vacant" in list) && rank !== rows.get(code).rank) {
      yield `${name(code)}：更正撤下，位次复算为“${brief(rows.get(code).rank)}”，公示为“${brief(rank)}”`;
    }
  }
  const gone = result.sections.filter((row) => row.listed && !codes.includes(row.section));
  // Later lists give a withdrawn section the place that it had, whatever a recount says, and name the vacant places.
  if ("vacant" in list) {
    const taken = new Set(list.entries.map((entry) => entry.rank));
    const vacant = [...new Set(gone.map((row) => row.rank))].filter((rank) => !taken.has(rank)).sort((a, b) => a - b);
    yield* differences(vacant, list.vacant, "公示内容的 vacant ");
  }
  const missing = gone.filter((row) => !withdrawn.has(row.section));
  if (missing.length !== (list.struck ?? 0)) {
    const names = missing.map((row) => name(row.section)).join("、") || "无";
    yield `复算应上榜而公示名单中没有的科室：${names}；公示写明公示前撤下${brief(list.struck ?? 0)}个`;
  }
  const unranked = result.sections.filter((row) => row.rank === null).length;
  const follows = { sections: result.sections.length, unranked, publication: result.publication };
  yield* differences({ ...follows, ...sentences(book, result, codes) }, asWordedNow(list, book, result), "公示内容");
  if (book.isPublic && list.unranked_sections?.length !== unranked) {
    yield `公示内容的 unranked_sections 应有${unranked}个科室，文件中为“${brief(list.unranked_sections)}”`;
  }
  const { sections, ranked, allowed } = result.publication;
  const start = `说明：本轮${sections}个科室中，${ranked}个有效评议足够，参加排名；${sections - ranked}个样本不足，未参加排名。经`;
  if (allowed && list.note) yield `参加排名的科室达到公示条件，公示不应有说明：${brief(list.note)}`;
  if (!allowed && !String(list.note).startsWith(start)) {
    yield `参加排名的科室未达到公示条件，公示应以“${start}”写明决定和理由，文件中为“${brief(list.note)}”`;
  }
}

// The list, a label explained as in lists published before 2027 as it is explained now.
function asWordedNow(list, book, result) {
  if (!Array.isArray(list.labels)) return list;
  const before = { 一票否决: VETOED.replace("纪委监委", "区纪委监委"), 误差范围内: withinMargin(book.length, Infinity) };
  const now = { 一票否决: VETOED, 误差范围内: withinMargin(book.length, result.sections.length) };
  const labels = list.labels.map((each) => (each && before[each[0]] === each[1] ? [each[0], now[each[0]]] : each));
  return { ...list, labels };
}

// What 误差范围内 means; beside a list as long as the round there is no section.
function withinMargin(length, sections) {
  if (sections <= length) return "公布名额不少于参评科室：该科室上榜，不说明与其他科室有差别。";
  return `位次区间超出前${length}位：该科室与未上榜科室差别不大，运用结果应当从严把握。`;
}

// The sentences of the list that follow from the numbers.
function sentences(book, result, codes) {
  const listed = new Set(result.sections.filter((row) => codes.includes(row.section)).map((row) => row.label));
  const counted = result.sections.filter((row) => row.listed).map((row) => row.label);
  const isApart = counted.includes("明确") || !counted.length || book.length >= result.sections.length;
  const besides = result.sections.filter((row) => row.rank !== null).length - result.publication.ranked;
  const vetoed = besides ? `（另有${besides}个样本不足、经一票否决列在最前）` : "";
  const said = {
    method: "NC-2", places: `在${result.publication.ranked}个参加排名的科室中${vetoed}`,
    margin: isApart ? "" : `本轮前${book.length}名与其后科室差距不明显。`,
  };
  if (!book.isPublic) return said;
  const meanings = [
    ["明确", `位次区间全部在前${book.length}位以内：该科室上榜，不大可能是已计入的误差造成的。`],
    ["误差范围内", withinMargin(book.length, result.sections.length)],
    ["一票否决", VETOED],
  ];
  return {
    ...said, labels: meanings.filter(([label]) => listed.has(label)),
    interval: `位次区间是本科室在全部${result.sections.length}个科室中的位置，已计入评议人数有限和各渠道看法不一造成的误差，`
      + `未计入刷票、买票和评议人选不当；就一个科室而言约有${confidence(book.z)}%的把握。`,
  };
}

// The share of a normal distribution within z, in whole percent, at most 99: in a sentence only, so floats will do.
function confidence([n, d]) {
  const z = Number(n) / Number(d);
  if (!(z < 3)) return 99;
  let [term, sum] = [z, z];
  for (let k = 1; k < 60; k += 1) {
    term *= -z * z / (2 * k);
    sum += term / (2 * k + 1);
  }
  return Math.min(99, Math.round(sum * Math.sqrt(2 / Math.PI) * 100));
}

function* againstResult(result, cells, given, name) {
  need(Array.isArray(given?.sections) && given.sections.every((row) => row && typeof row.section === "string"),
    "result.json 的“sections”有误");
  const means = Object.fromEntries(Object.entries(cells.channels).map(([c, of]) => [c, of.mean]));
  const whole = { method: "NC-2", channel_means: means, between_variance: cells.between_variance };
  yield* differences({ ...whole, publication: result.publication }, given, "result.json");
  const codes = (rows) => rows.map((row) => row.section).join("\n");
  if (codes(given.sections) !== codes(result.sections)) yield "result.json 的科室或者次序与复算不同";
  const rows = new Map(given.sections.map((row) => [row.section, row]));
  const shown = new Map(cells.sections.map((row) => [row.section, row.cells]));
  for (const row of result.sections) {
    const [other, cell] = [rows.get(row.section), shown.get(row.section)];
    if (!other) continue;
    const lines = Object.fromEntries(Object.keys(cell).filter((c) => cell[c].n !== null).map((c) => [c, cell[c].n]));
    yield* differences({ ...row, lines }, other, `${name(row.section)}在 result.json 中`);
  }
}

// All comparisons of the files of a published version, as [agrees, sentence], and the recounted list.
async function compareFiles(files, listDigest, name) {
  const lines = [];
  const add = (found, agreed) => {
    for (const text of found) lines.push([false, text]);
    if (!found.length) lines.push([true, agreed]);
  };
  const digests = {};
  for (const kind of Object.keys(FILES)) digests[kind] = files[kind] ? await sha256(J(files[kind])) : null;
  const unlike = (kind, told) =>
    digests[kind] === told ? [] : [`${FILES[kind]} 的校验值为 ${digests[kind]}，公布的为 ${brief(told)}`];
  add(unlike("list", listDigest), "list.json 与本页公布的公示内容校验值一致（请与报纸刊登的核对）");
  for (const kind of ["rulebook", "cells", "result"].filter((each) => files[each])) {
    add(unlike(kind, files.list?.[`${kind}_sha256`]), `${FILES[kind]} 与公示写明的校验值一致`);
  }
  const book = readBook(files.rulebook);
  const result = recount(files.cells, book, digests.rulebook);
  const { sections, ranked, needed, allowed } = result.publication;
  lines.push([true, `已复算${sections}个科室：有效票达到要求的${ranked}个，公示至少应有${needed}个，${allowed ? "达到" : "未达到"}公示条件`]);
  const told = book.isPublic ? "位次、标注、位次区间" : "位次";
  add([...againstList(book, result, files.list, name)],
    `公示的${files.list.entries.length}个科室的${told}，没有位次的科室数，以及由此得出的说明，均与复算一致`);
  if (files.result) add([...againstResult(result, files.cells, files.result, name)], "result.json 的公开部分与复算一致");
  const [withdrawn, struck] = [files.list.withdrawn ?? [], files.list.struck ?? 0];
  const gone = withdrawn.length + struck;
  const named = withdrawn.length ? `（${withdrawn.map((entry) => name(entry.code)).join("、")}）` : "";
  if (gone) {
    lines.push([true, `名单比计票少${gone}个科室：更正撤下${withdrawn.length}个${named}，公示前撤下${struck}个，不能由公开文件核对`]);
  }
  lines.push([true, "科室名称、主要问题、票数等名单的其他内容不能由这些文件核对"]);
  return { result, lines, gone };
}
