// Redo a draw (nanchuan-draw/1) in the browser, step by step, with WebCrypto and nothing else.
"use strict";

const FORMAT = "nanchuan-draw/1";
const utf8 = new TextEncoder();
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const sha256 = async (text) => hex(await crypto.subtle.digest("SHA-256", utf8.encode(text)));
const H = (...lines) => sha256(lines.join("\n"));

function byBytes(a, b) {
  const [left, right] = [utf8.encode(a), utf8.encode(b)];
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) if (left[at] !== right[at]) return left[at] - right[at];
  return left.length - right.length;
}

// Canonical JSON: keys sorted by bytes, no spaces.
function J(value) {
  if (Array.isArray(value)) return `[${value.map(J).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort(byBytes).map((key) => `${JSON.stringify(key)}:${J(value[key])}`).join(",")}}`;
}

function need(truth, why) {
  if (!truth) throw new Error(why);
}

// The shape of a proof file: each of these says whether a value has it.
const whole = (value) => Number.isSafeInteger(value) && value >= 0;
const text = (value) => typeof value === "string" && value === value.normalize("NFC") && !/[\p{Cc}\p{Cs}]/u.test(value);
const oneLine = (value) => !/^\p{White_Space}|\p{White_Space}$|[\p{Zl}\p{Zp}]/u.test(value);
const name = (value) => text(value) && oneLine(value) && value !== "" && [...value].length <= 200;
const oneOf = (...choices) => (value) => choices.includes(value);
const listOf = (shape) => (value) => Array.isArray(value) && value.every((each) => shape(each));
const row = (...shapes) => (value) =>
  Array.isArray(value) && value.length === shapes.length && shapes.every((shape, at) => shape(value[at]));
const anything = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const object = (shapes) => (value) =>
  anything(value) && Object.keys(value).length === Object.keys(shapes).length &&
  Object.entries(shapes).every(([key, shape]) => key in value && shape(value[key]));

const SOURCE = object({
  label: name, n: whole, min: whole, max: whole, order: oneOf("drawn", "sorted"), fallback: name,
});
const PARAMS = object({
  format: oneOf(FORMAT), draw_id: name, purpose: name, note: text, strata: listOf(name), pool_size: whole,
  pool_sha256: text, exclusions_sha256: text, quota: anything, alternates: whole, randomness: listOf(SOURCE),
});
const ABSENT = oneOf("conflict", "ineligible", "already_selected", "declared_absence");
const PROOF = object({
  params: PARAMS, commit: text, pool: listOf(row(name, name)), exclusions: listOf(row(name, name, ABSENT)),
  randomness: listOf(listOf(whole)), events: listOf(anything), result: anything,
});
const FIXED = object({ mode: oneOf("fixed"), rounds: listOf(listOf(whole)) });
const PROPORTIONAL = object({ mode: oneOf("proportional"), min: whole, rounds: listOf(whole) });
const OPENING = object({ seq: whole, type: oneOf("open_round"), round: whole, at: text });
const REASON = oneOf("refused", "conflict", "unreachable", "ineligible");
const REMOVAL = object({ seq: whole, type: oneOf("remove"), stratum: name, id: name, reason: REASON, at: text });
const needShape = (good) => need(good, "文字、数字或者项目不合规定");
const rising = (numbers) => numbers.every((n, at) => at === 0 || n >= numbers[at - 1]);

function checkTerms({ quota, strata, randomness }) {
  const fixed = quota.mode === "fixed";
  needShape(fixed ? FIXED(quota) : PROPORTIONAL(quota));
  need(strata.every((stratum, at) => at === 0 || byBytes(strata[at - 1], stratum) < 0), "类别重复或者次序有误");
  need(quota.rounds.length > 0 && randomness.length > 0, "没有名额或者随机数来源");
  need(!fixed || quota.rounds.every((each) => each.length === strata.length), "名额与类别不对应");
  const columns = fixed ? strata.map((_, at) => quota.rounds.map((each) => each[at])) : [quota.rounds];
  need(columns.every(rising), "追加抽取的名额不能减少");
}

function fileOf(rows, what) {
  const lines = rows.map((columns) => columns.join("\t")).sort(byBytes);
  need(lines.every((line, at) => at === 0 || line !== lines[at - 1]), `${what}中有重复的记录`);
  return lines.map((line) => `${line}\n`).join("");
}

function checkNumbers(source, numbers) {
  need(source.n > 0 && numbers.length === source.n, `“${source.label}”的个数不对`);
  need(numbers.every((n) => n >= source.min && n <= source.max), `“${source.label}”超出范围`);
  const distinct = new Set(numbers).size === numbers.length;
  need(source.order !== "sorted" || (distinct && rising(numbers)), `“${source.label}”应从小到大且不重复`);
}

// Seats per stratum in a committed round: largest remainder in whole numbers (BigInt: products may leave 2^53).
function seatsOf(quota, size, round) {
  const names = [...size.keys()];
  if (quota.mode === "fixed") {
    return new Map(names.map((name, at) => [name, Math.min(quota.rounds[round - 1][at], size.get(name))]));
  }
  const got = new Map(names.map((name) => [name, Math.min(quota.min, size.get(name))]));
  const sum = (map) => [...map.values()].reduce((total, n) => total + n, 0);
  need(sum(got) <= quota.rounds[0], "最低名额之和超过总名额");
  for (const total of quota.rounds.slice(0, round)) {
    const room = total - sum(got);
    const free = new Map(names.map((name) => [name, size.get(name) - got.get(name)]));
    const whole = sum(free);
    if (room >= whole) {
      names.forEach((name) => got.set(name, size.get(name)));
      continue;
    }
    const product = (name) => BigInt(room) * BigInt(free.get(name));
    const rest = (name) => product(name) % BigInt(whole);
    const base = new Map(names.map((name) => [name, Number(product(name) / BigInt(whole))]));
    const order = [...names].sort((a, b) => {
      if (rest(a) !== rest(b)) return rest(a) > rest(b) ? -1 : 1;
      return free.get(b) - free.get(a) || byBytes(a, b);
    });
    const lucky = new Set(order.slice(0, room - sum(base)));
    names.forEach((name) => got.set(name, got.get(name) + base.get(name) + (lucky.has(name) ? 1 : 0)));
  }
  return got;
}

async function orderOf(seed, stratum, ids, progress) {
  const tickets = [];
  for (const [at, id] of ids.entries()) {
    tickets.push([await H(`${FORMAT}/ticket`, seed, stratum, id), id]);
    if (at % 500 === 499) await progress(500);
  }
  tickets.sort((a, b) => (a[0] === b[0] ? byBytes(a[1], b[1]) : a[0] < b[0] ? -1 : 1));
  return tickets.map((entry) => entry[1]);
}

async function eligibleOf(proof) {
  const params = proof.params;
  need(proof.pool.length === params.pool_size, "名单行数与承诺不符");
  need((await sha256(fileOf(proof.pool, "名单"))) === params.pool_sha256, "名单校验值与承诺不符");
  need((await sha256(fileOf(proof.exclusions, "回避名单"))) === params.exclusions_sha256, "回避名单校验值与承诺不符");
  const key = (stratum, id) => `${stratum}\t${id}`;
  const out = new Set(proof.exclusions.map(([stratum, id]) => key(stratum, id)));
  const listed = new Set(proof.pool.map(([stratum, id]) => key(stratum, id)));
  need(out.size === proof.exclusions.length && [...out].every((each) => listed.has(each)), "回避名单有误");
  const line = new Map(params.strata.map((stratum) => [stratum, []]));
  need(proof.pool.every(([stratum]) => line.has(stratum)), "名单中有承诺之外的类别");
  for (const [stratum, id] of proof.pool) if (!out.has(key(stratum, id))) line.get(stratum).push(id);
  return line;
}

async function eventsOf(proof, orders, commit) {
  const { quota, alternates, strata } = proof.params;
  const size = new Map(strata.map((name) => [name, orders.get(name).length]));
  const gone = new Set();
  let [round, head, seats] = [1, commit, seatsOf(quota, size, 1)];
  const lined = (name) =>
    orders.get(name).slice(0, seats.get(name) + alternates).filter((id) => !gone.has(`${name}\t${id}`));
  for (const [at, event] of proof.events.entries()) {
    const opens = event.type === "open_round";
    needShape(opens ? OPENING(event) : REMOVAL(event));
    need(event.seq === at + 1, "事件序号不对");
    if (opens) {
      round += 1;
      need(event.round === round && round <= quota.rounds.length, "只能依次启动承诺过的追加抽取");
      seats = seatsOf(quota, size, round);
    } else {
      const selected = size.has(event.stratum) ? lined(event.stratum).slice(0, seats.get(event.stratum)) : [];
      need(selected.includes(event.id), "只能移除已抽中的人");
      gone.add(`${event.stratum}\t${event.id}`);
    }
    head = await H(`${FORMAT}/event`, head, J(event));
  }
  return { round, head, seats, size, lined };
}

function resultOf(proof, seed, course) {
  const { quota, strata } = proof.params;
  const fixed = quota.mode === "fixed";
  const each = strata.map((name, at) => {
    const seats = course.seats.get(name);
    const selected = course.lined(name).slice(0, seats);
    const wanted = fixed ? quota.rounds[course.round - 1][at] : seats;
    return [name, {
      eligible: course.size.get(name), quota: seats, selected,
      alternates: course.lined(name).slice(seats), shortfall: wanted - selected.length,
    }];
  });
  const missing = each.reduce((total, [, line]) => total + line.shortfall, 0);
  const taken = each.reduce((total, [, line]) => total + line.quota, 0);
  const unfilled = missing + (fixed ? 0 : quota.rounds[course.round - 1] - taken);
  return { seed, round: course.round, head: course.head, strata: each, unfilled };
}

function needSame(result, published) {
  for (const [stratum, line] of result.strata) {
    need(J(line) === J(published.strata?.[stratum] ?? null), `“${stratum}”的结果与公布的不一致`);
  }
  const computed = { ...result, strata: Object.fromEntries(result.strata) };
  need(J(computed) === J(published), "结果与公布的不一致");
}

async function redraw(proof, say, progress) {
  needShape(PROOF(proof));
  const params = proof.params;
  checkTerms(params);
  const line = await eligibleOf(proof);
  say(`名单${proof.pool.length}人，回避${proof.exclusions.length}人，与抽取前公布的内容一致`);
  const commit = await H(`${FORMAT}/commit`, J(params));
  need(commit === proof.commit, "承诺校验值与抽取参数不符");
  say(`承诺校验值由抽取参数算出：${commit}`);
  need(proof.randomness.length === params.randomness.length, "随机数组数不对");
  params.randomness.forEach((source, at) => checkNumbers(source, proof.randomness[at]));
  const seed = await H(`${FORMAT}/seed`, commit, ...proof.randomness.map((numbers) => numbers.join(",")));
  say(`抽取种子由承诺和随机数算出：${seed}`);
  const orders = new Map();
  for (const [name, ids] of line) orders.set(name, await orderOf(seed, name, ids, progress));
  say("每人的抽签值已算出并排序");
  const course = await eventsOf(proof, orders, commit);
  say(proof.events.length ? `移除、追加抽取记录${proof.events.length}条，逐条核验一致` : "没有移除和追加抽取");
  needSame(resultOf(proof, seed, course), proof.result);
  say("抽中、候补人员及其次序与公布的完全一致");
  return seed;
}

async function load(panel) {
  const answer = await fetch(panel.dataset.proof);
  if (!answer.ok) throw new Error("下载失败");
  const sent = await answer.text();
  return { sent, proof: JSON.parse(sent) };
}

const panel = document.getElementById("check");
if (panel) {
  const steps = panel.querySelector("ol");
  const folded = steps.closest("details");
  const bar = panel.querySelector("progress");
  const verdict = panel.querySelector("[role=status]");
  const button = panel.querySelector("button");
  const say = (text) => steps.append(Object.assign(document.createElement("li"), { textContent: text }));
  const progress = async (done) => { bar.value += done; await new Promise((resolve) => { setTimeout(resolve); }); };
  const conclude = (good, text) => { verdict.textContent = text; verdict.className = good ? "good" : "error"; };
  panel.querySelector(".live").hidden = false;

  button.addEventListener("click", async () => {
    button.disabled = true;
    steps.replaceChildren();
    folded.hidden = false;
    bar.hidden = false;
    bar.value = 0;
    conclude(true, "正在核验……");
    try {
      if (!globalThis.crypto?.subtle) return void conclude(false, "结果：尚未核验。本页没有使用安全连接（https），浏览器不能核验，请改用独立核验程序。");
      const loaded = await load(panel).catch(() => null);
      if (!loaded) return void conclude(false, "结果：尚未核验。数据下载失败，请检查网络后，再点击“在浏览器中核验”。");
      const { sent, proof } = loaded;
      // A key given twice, or 1.0 for 1: what a parser hides is not what the text says.
      need(J(proof) === sent, "证明文件不是规定的写法");
      bar.max = proof.pool.length;
      const seed = await redraw(proof, say, progress);
      need(seed === panel.dataset.seed, "抽取种子与本页公布的不一致");
      bar.value = bar.max;
      conclude(true, "结果：一致。您的设备重新抽取一遍，抽取结果由公布的名单和随机数产生。");
    } catch (error) {
      const why = error.constructor === Error ? error.message : "公布的数据不符合规定的格式";
      conclude(false, `结果：不一致。${why}。请保存本页截图，并告知评议办或者纪委监委。`);
    } finally {
      bar.hidden = true;
      button.disabled = false;
    }
  });
}
