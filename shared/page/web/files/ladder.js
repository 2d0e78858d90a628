"use strict";
// The ladder diagram: a host at each side, time runs down, and a line for each frame.

const ladder = {
  span: 120e6,   // how much time is in view
  top: 0,        // the instant at its upper edge
  follow: true,  // the picture follows the time
  lit: new Set(), // frames that show the outcome of a lesson
};

const margin = { left: 62, right: 22, top: 10, bottom: 10 };

// fate tells how a frame's line looks.
ladder.look = function (f) {
  const classes = ["f", "k-" + f.kind];
  if (f.again) classes.push("k-again");
  if (f.forged) classes.push("k-forged");
  if (f.fate && f.fate !== "arrived") classes.push("k-lost");
  if (f.copyOf >= 0) classes.push("k-copy");
  return classes;
};

// ends returns where a frame's line begins and ends: as shares of the way, and as instants. Before that it waits at its
// sender, until the cable has taken it.
ladder.ends = function (f) {
  const start = f.forged ? 0.5 : 0;
  if (f.fate && f.fate !== "arrived" && f.due <= f.sent) { // it never left: the line is a stub
    return { a: start, b: start + 0.14, from: f.sent, to: f.sent + ladder.span * 0.012 };
  }
  const tip = Math.min(f.fate ? f.end : store.now, f.due), from = Math.min(Math.max(f.sent, f.leaves), tip);
  const way = f.due - f.leaves;
  return { a: start, b: start + (1 - start) * (way > 0 ? Math.min(1, Math.max(0, (tip - from) / way)) : tip >= f.due ? 1 : 0), from, to: tip };
};

// place returns the functions from time and way to pixels.
ladder.place = function () {
  const w = $("ladder").clientWidth, h = $("ladder").clientHeight, inner = h - margin.top - margin.bottom;
  const left = margin.left, right = w - margin.right;
  return {
    w, h, left, right,
    y: t => margin.top + (t - ladder.top) / ladder.span * inner,
    x: (f, k) => f.from === 0 ? left + (right - left) * k : right - (right - left) * k,
  };
};

ladder.draw = function () {
  const picture = $("ladder");
  if (!picture.clientWidth || !picture.clientHeight) return;
  const idle = ladder.idleSince();
  if (ladder.follow) ladder.top = Math.max(0, Math.min(store.now, idle + ladder.span * 0.3) - ladder.span * 0.8);
  const { w, h, left, right, x, y } = ladder.place();
  const root = document.createDocumentFragment();

  ladder.drawTime(root, y, w, left, right);
  for (const at of [left, right]) svg(root, "line", { x1: at, x2: at, y1: 0, y2: h, class: "host" });
  const seen = [];
  for (let i = store.frames.length - 1; i >= 0; i--) {
    const f = store.frames[i];
    if ((f.fate ? f.end : store.now) < ladder.top && f.due < ladder.top) {
      if (f.sent < ladder.top - 20 * ladder.span) break; // those before are older still
      continue;
    }
    if (f.sent > ladder.top + ladder.span || f.sent > store.now) continue;
    seen.push(f);
  }
  // While time runs fast, lines of one sort are one element, and nobody reads words.
  if (store.playing && seen.length > 50) ladder.drawFast(root, seen, x, y);
  const written = [-99, -99]; // where the last word stands, for each sender
  if (!store.playing || seen.length <= 50) for (const f of seen.reverse()) {
    const e = ladder.ends(f), p = { x1: x(f, e.a), y1: y(e.from), x2: x(f, e.b), y2: y(e.to) };
    const room = p.y1 - written[f.from] > 15;
    if (e.from - f.sent > ladder.span * 0.004) svg(root, "line", { x1: p.x1, x2: p.x1, y1: y(f.sent), y2: p.y1, class: "wait " + ladder.look(f).slice(1).join(" ") });
    if (ladder.drawFrame(root, f, p, room)) written[f.from] = p.y1;
  }
  ladder.drawNotes(root, y, left, right);
  svg(root, "line", { x1: left, x2: right, y1: y(store.now), y2: y(store.now), class: "now" });
  picture.setAttribute("viewBox", `0 0 ${w} ${h}`);
  picture.replaceChildren(root);
  const below = store.now > ladder.top + ladder.span;
  $("empty").textContent = store.frames.length ? "" : "Nothing has been sent yet.";
  $("later").textContent = below ? (idle < ladder.top + ladder.span ? `Nothing since ${ms(idle)}. ` : "") + `It is ${ms(store.now)} now.` : "";
};

// idleSince returns when something last happened; now, if a frame is under way.
ladder.idleSince = function () {
  let last = store.lines.at(-1)?.at ?? 0;
  for (let i = store.frames.length - 1; i >= Math.max(0, store.frames.length - 200); i--) {
    const f = store.frames[i];
    if (!f.fate) return store.now;
    last = Math.max(last, f.end);
  }
  return last;
};

// drawTime draws the scale at the left.
ladder.drawTime = function (root, y, w, left, right) {
  const step = niceStep(ladder.span / 10);
  for (let t = Math.ceil(ladder.top / step) * step; t < ladder.top + ladder.span; t += step) {
    svg(root, "line", { x1: left, x2: right, y1: y(t), y2: y(t), class: "tick" });
    const text = ladder.span >= 5e9 ? `${+(t / 1e9).toFixed(3)} s` : `${thousands(+(t / 1e6).toFixed(3))} ms`;
    svg(root, "text", { x: left - 8, y: y(t) + 4, "text-anchor": "end", class: "time" }, text);
  }
};

// drawFast draws many frames: their lines, dots and crosses.
ladder.drawFast = function (root, frames, x, y) {
  const lines = {};
  let dots = "", crosses = "";
  for (const f of frames) {
    const e = ladder.ends(f), x2 = x(f, e.b).toFixed(1), y2 = y(e.to).toFixed(1), look = ladder.look(f).join(" ");
    lines[look] = (lines[look] ?? "") + `M${x(f, e.a).toFixed(1)},${y(e.from).toFixed(1)}L${x2},${y2}`;
    if (!f.fate) dots += `M${x2},${y2}h0`;
    else if (f.fate !== "arrived") crosses += `M${x2 - 5},${y2 - 5}l10,10m0,-10l-10,10`;
  }
  for (const look in lines) svg(root, "path", { d: lines[look], class: look });
  svg(root, "path", { d: dots, class: "dots" });
  svg(root, "path", { d: crosses, class: "cross" });
};

ladder.drawFrame = function (root, f, p, words) {
  const classes = ladder.look(f);
  if (f.id === store.selected) classes.push("sel");
  if (ladder.lit.has(f.id)) classes.push("lit");
  if (f.id === store.selected || ladder.lit.has(f.id)) svg(root, "line", { ...p, class: "halo" });
  svg(root, "line", { ...p, class: classes.join(" ") });
  const kind = classes.filter(c => c !== "f").join(" ");
  if (!f.fate) svg(root, "circle", { cx: p.x2, cy: p.y2, r: f.len > 300 ? 5 : 3.5, class: "dot " + kind });
  if (f.fate && f.fate !== "arrived") {
    const q = 5;
    svg(root, "path", { d: `M${p.x2 - q},${p.y2 - q}l${2 * q},${2 * q}m0,${-2 * q}l${-2 * q},${2 * q}`, class: "cross" });
  }
  return (words || f.id === store.selected) && ladder.drawWord(root, f, p, kind);
};

// drawWord writes what a frame is along its line, near its sender. It reports whether there was room for it.
ladder.drawWord = function (root, f, p, kind) {
  const dx = p.x2 - p.x1, dy = p.y2 - p.y1, length = Math.hypot(dx, dy);
  if (length < 90) return false;
  let angle = Math.atan2(dy, dx) * 180 / Math.PI;
  if (Math.abs(angle) > 90) angle -= 180 * Math.sign(angle);
  if (Math.abs(angle) > 50) return false;
  const at = Math.min(0.5, 110 / length), left = dx < 0;
  const text = f.label + (f.again ? ", again" : "") + (f.copyOf >= 0 ? ", a copy" : f.marks ? ", " + f.marks.join(", ") : "");
  svg(root, "text", {
    transform: `translate(${p.x1 + dx * at},${p.y1 + dy * at}) rotate(${angle}) translate(0,-4)`,
    "text-anchor": "middle", class: "word " + kind + (left ? " left" : ""),
  }, text);
  return true;
};

// drawNotes marks on a host's line when it said something of itself.
ladder.drawNotes = function (root, y, left, right) {
  for (let i = store.lines.length - 1; i >= 0; i--) {
    const l = store.lines[i];
    if (l.at < ladder.top) break;
    if (l.what !== "note" && l.what !== "app" || l.at > ladder.top + ladder.span) continue;
    const mark = svg(root, "circle", { cx: l.host ? right : left, cy: y(l.at), r: 3.5, class: "note " + l.what });
    svg(mark, "title", {}, `${ms(l.at)} ${"AB"[l.host]}: ${l.text}`);
  }
};

// nearest finds the frame whose line is nearest to a place, no more than 16 pixels away.
ladder.nearest = function (px, py) {
  const { h, x, y } = ladder.place();
  let best = 16, id = -1;
  for (const f of store.frames) {
    const e = ladder.ends(f), x1 = x(f, e.a), y1 = y(e.from), dx = x(f, e.b) - x1, dy = y(e.to) - y1;
    if (y1 > h + 20 || y1 + dy < -20) continue;
    const n = dx * dx + dy * dy, k = n ? Math.max(0, Math.min(1, ((px - x1) * dx + (py - y1) * dy) / n)) : 0;
    const d = Math.hypot(px - x1 - k * dx, py - y1 - k * dy);
    if (d < best) { best = d; id = f.id; }
  }
  return id;
};

// show brings a frame into view.
ladder.show = function (f) {
  const end = f.fate ? f.end : store.now;
  if (f.sent >= ladder.top && end <= ladder.top + ladder.span) return;
  ladder.follow = false;
  ladder.top = Math.max(0, f.sent - ladder.span * 0.3);
};

// showAll brings several frames into view and lights them up, if they are not too far from each other.
ladder.showAll = function (ids) {
  const frames = ids.map(id => store.frames[id]).filter(f => f);
  ladder.lit = new Set(ids);
  if (!frames.length) return;
  const first = Math.min(...frames.map(f => f.sent)), last = Math.max(...frames.map(f => f.fate ? f.end : f.due));
  ladder.follow = false;
  if (last - first < 3e9) ladder.span = Math.max(ladder.span, (last - first) * 1.3);
  ladder.top = Math.max(0, first - ladder.span * 0.12);
  ladder.draw();
};

ladder.zoom = function (factor) {
  ladder.span = Math.min(3600e9, Math.max(50e3, ladder.span * factor));
  if (!ladder.follow) ladder.top = Math.max(0, ladder.top + ladder.span * (1 / factor - 1) * 0.5);
};
