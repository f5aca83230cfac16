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

// Canonical JSON: sorted keys, no spaces.
function J(value) {
  if (Array.isArray(value)) return `[${value.map(J).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${J(value[key])}`).join(",")}}`;
}

function need(truth, why) {
  if (!truth) throw new Error(why);
}

function checkName(text) {
  const length = [...text].length;
  const good = length > 0 && length <= 200 && text === text.trim() && text === text.normalize("NFC");
  need(good && !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(text), "名称格式不符合规定");
}

function fileOf(rows, what) {
  rows.forEach((row) => row.forEach(checkName));
  const lines = rows.map((row) => row.join("\t")).sort(byBytes);
  need(lines.every((line, at) => at === 0 || line !== lines[at - 1]), `${what}中有重复的记录`);
  return lines.map((line) => `${line}\n`).join("");
}

function checkNumbers(source, numbers) {
  need(numbers.length === source.n, `“${source.label}”的个数不对`);
  need(numbers.every((n) => Number.isInteger(n) && n >= source.min && n <= source.max), `“${source.label}”超出范围`);
  const rising = numbers.every((n, at) => at === 0 || n > numbers[at - 1]);
  need(source.order !== "sorted" || rising, `“${source.label}”应从小到大且不重复`);
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
  const line = new Map(params.strata.map((name) => [name, []]));
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
    need(event.seq === at + 1, "事件序号不对");
    if (event.type === "open_round") {
      round += 1;
      need(event.round === round && round <= quota.rounds.length, "只能依次启动承诺过的追加抽取");
      seats = seatsOf(quota, size, round);
    } else {
      need(lined(event.stratum).slice(0, seats.get(event.stratum)).includes(event.id), "只能移除已抽中的人");
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
  const names = Object.keys(published.strata);
  need(names.length === result.strata.length, "类别与公布的不一致");
  for (const [name, line] of result.strata) need(J(line) === J(published.strata[name]), `“${name}”的结果与公布的不一致`);
  for (const key of ["seed", "round", "head", "unfilled"]) need(result[key] === published[key], `${key}与公布的不一致`);
}

async function redraw(proof, say, progress) {
  const params = proof.params;
  need(params.format === FORMAT, "不是 nanchuan-draw/1 格式");
  [params.draw_id, params.purpose, ...params.strata].forEach(checkName);
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
  return answer.json();
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
      const proof = await load(panel).catch(() => null);
      if (!proof) return void conclude(false, "结果：尚未核验。数据下载失败，请检查网络后，再点击“在浏览器中核验”。");
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
