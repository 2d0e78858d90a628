"use strict";
// The other panels: the lesson, the calls of the applications, what the hosts know and say, and how the world is set up.

const panels = { shown: {} };

// changed reports whether a panel has to be drawn anew.
panels.changed = function (name, key) {
  if (panels.shown[name] === key) return false;
  panels.shown[name] = key;
  return true;
};

// Progress is kept in the browser, and nowhere else.
const progress = {
  all: {},
  load() { try { this.all = JSON.parse(localStorage.getItem("fbf-lessons") ?? "{}"); } catch { this.all = {}; } },
  set(id, value) { this.all[id] = value; try { localStorage.setItem("fbf-lessons", JSON.stringify(this.all)); } catch { /* then for as long as the page is open */ } },
};

// The choice of the present lesson, before and after it is judged.
const lesson = { id: "", choice: -1, told: false, shown: false };

panels.lesson = function () {
  const v = store.verdict, l = store.catalog.lessons.find(l => l.id === v?.lesson);
  if ((l?.id ?? "") !== lesson.id) Object.assign(lesson, { id: l?.id ?? "", choice: -1, told: false });
  if (!panels.changed("lesson", JSON.stringify([v, lesson.choice, lesson.id]))) return;
  const box = $("lesson");
  if (!l) { panels.lessonList(box); return; }
  const known = v.outcome !== null, open = lesson.choice < 0;
  const focus = document.activeElement?.id;
  box.replaceChildren(
    el("p", { class: "up" }, el("button", { type: "button", class: "quiet", id: "leave", onclick: () => go("") }, "← All experiments")),
    el("h2", {}, l.title, " ", el("small", {}, `chapter ${l.part}`)),
    el("p", {}, l.story),
    el("fieldset", { class: known ? "known" : "" }, el("legend", {}, l.ask),
      ...l.choices.map((text, i) => {
        const state = known && v.outcome.choice === i ? " true" : known && lesson.choice === i ? " false" : "";
        return el("label", { class: "choice" + state },
          el("input", { type: "radio", name: "choice", id: `choice${i}`, checked: lesson.choice === i, disabled: known, onchange: () => { lesson.choice = i; panels.lesson(); }, onclick: e => { if (e.detail) $("ladder").focus({ preventScroll: true }); } }), el("span", {}, text));
      })),
    open && !known ? el("p", { class: "hint" }, "What do you expect? Choose, then try it.") : panels.steps(l, v),
    known ? panels.outcome(l, v) : "");
  if (known && !lesson.shown) $("outcome").scrollIntoView({ block: "nearest" });
  lesson.shown = known;
  if (focus && focus !== "ladder" && $(focus)) $(focus).focus();
};

panels.steps = function (l, v) {
  const next = v.steps.indexOf(false);
  return el("ol", { class: "steps" }, ...l.steps.map((s, i) => el("li", { class: v.steps[i] ? "done" : i === next ? "next" : "" },
    el("span", {}, s.text),
    s.act && i === next ? el("button", { type: "button", class: "small", onclick: () => call(s.act) }, "Do it") : null,
    s.wait && i === next ? el("button", { type: "button", class: "small", onclick: () => wait(s.wait) }, s.wait >= 60e9 ? "Wait a minute" : s.wait >= 2e9 ? `Wait ${s.wait / 1e9} seconds` : "Wait a second") : null)));
};

// outcome tells what came of it, and whether that was expected.
panels.outcome = function (l, v) {
  const right = lesson.choice === v.outcome.choice;
  if (lesson.choice >= 0 && !lesson.told) {
    lesson.told = true;
    progress.set(l.id, right ? "right" : "wrong");
    ladder.showAll(v.outcome.frames ?? []);
    say((right ? "As you expected: " : "Not what you expected: ") + l.choices[v.outcome.choice] + ".");
  }
  const evidence = el("p", { class: "evidence" }, "What shows it: ");
  for (const id of v.outcome.frames ?? []) evidence.append(el("button", { type: "button", class: "small", onclick: () => select(id, true) }, `frame ${id + 1}`), " ");
  for (const i of (v.outcome.lines ?? []).slice(0, 3)) evidence.append(el("q", {}, `${"AB"[store.lines[i].host]}: ${store.lines[i].text}`), " ");
  return el("div", { class: "outcome " + (lesson.choice < 0 ? "" : right ? "right" : "wrong"), id: "outcome" },
    el("h3", {}, lesson.choice < 0 ? "This came of it" : right ? "As you expected" : "Not what you expected"),
    el("p", {}, el("b", {}, l.choices[v.outcome.choice] + ".")), evidence,
    el("p", {}, l.why), el("p", { class: "more" }, el("b", {}, "Next: "), l.more),
    el("p", {}, el("button", { type: "button", onclick: () => go(l.query) }, "Do it again"), " ", panels.nextButton(l)));
};

panels.nextButton = function (l) {
  const all = store.catalog.lessons, next = all[all.indexOf(l) + 1];
  return next ? el("button", { type: "button", class: "first", onclick: () => go(next.query) }, `On: ${next.title}`) : null;
};

panels.lessonList = function (box) {
  const list = el("ul", { class: "lessons" });
  let part = 0;
  for (const l of store.catalog.lessons) {
    if (l.part !== part) {
      part = l.part;
      list.append(el("li", { class: "part" }, `${part} · ${store.catalog.parts[part - 1].name}`));
    }
    const state = progress.all[l.id] ?? "";
    list.append(el("li", {}, el("button", { type: "button", id: "go-" + l.id, onclick: () => go(l.query) },
      el("i", { class: "state " + state, "aria-hidden": "true" }), el("span", {}, l.title), state ? el("span", { class: "vh" }, state === "right" ? " (as you expected)" : " (not as you expected)") : null)));
  }
  box.replaceChildren(
    el("h2", {}, "Say what you expect, then try it"),
    el("p", {}, "Two hosts, one cable, and the time is yours. What runs here is the chapters' own code."),
    list,
    el("p", { class: "hint" }, "Or do as you like: play, click a frame, lose it. ", el("button", { type: "button", class: "quiet", id: "free", onclick: () => go(freeQuery) }, "Begin with a transfer")));
};

// The calls of an application.
panels.calls = function () {
  for (const host of [0, 1]) {
    const box = $(host ? "callsB" : "callsA"), part = partOf(host), app = store.apps[host];
    const words = app.connected ? `wrote ${thousands(app.wrote)}\nread ${thousands(app.read)}` : "";
    if (panels.changed("summary" + host, [part.number, words, plainOf(host)].join())) {
      box.firstElementChild.replaceChildren(
        el("b", {}, "AB"[host]), el("span", {}, el("strong", {}, host ? "10.0.0.4" : "10.0.0.1"), el("small", {}, `part ${part.number}${plainOf(host)}`)),
        el("em", {}, words || "calls"));
    }
    if (panels.changed("calls" + host, part.number)) panels.callForm(box.lastElementChild, host, part);
  }
};

const partOf = host => store.catalog.parts[parseInt(new URLSearchParams(store.query).get("ab"[host]) ?? "5") - 1];
const plainOf = host => ({ "5p": ", no SACK", "5r": ", Reno", "5pr": ", no SACK, Reno" })[new URLSearchParams(store.query).get("ab"[host])] ?? "";

panels.callForm = function (box, host, part) {
  const h = "ab"[host], other = host ? 1 : 4;
  const number = (label, value, max) => el("input", { type: "number", value: String(value), min: 0, max, "aria-label": label });
  const row = (what, name, inputs, action, ...texts) => part.can.includes(what)
    ? el("form", { class: "call", onsubmit: e => { e.preventDefault(); call(action()); } }, el("button", { type: "submit", id: `${what}-${h}` }, name), el("span", {}, ...texts))
    : null;
  const ask = number("last number of the address", other, 255), to = number("last number of the address", other, 255), size = number("bytes", 56, 65507);
  const port = number("port", 80, 65535), bytes = number("bytes", 20000, 1 << 30);
  const pace = el("select", { "aria-label": "how fast it reads", id: "read-" + h, onchange: () => call(`read.${h}.${pace.value}`) },
    ...[["max", "reads all that comes"], ["50000", "reads 50,000 bytes a second"], ["5000", "reads 5,000 bytes a second"], ["0", "does not read"]].map(([v, t]) => el("option", { value: v }, t)));
  const forge = el("select", { "aria-label": "what a stranger sends", id: "template-" + h }, ...store.catalog.templates.filter(t => t.part <= part.number).map(t => el("option", { value: t.name }, t.text)));
  const closing = ["shut", "close", "abort"].filter(w => part.can.includes(w));
  box.replaceChildren(
    el("h3", {}, "Its application"),
    row("resolve", "Ask", [ask], () => `resolve.${h}.${ask.value}`, "who has 10.0.0.", ask) ?? "",
    row("ping", "Ping", [to, size], () => `ping.${h}.${to.value}.${size.value}`, "10.0.0.", to, ", ", size, " bytes") ?? "",
    row("dial", "Open", [port], () => `dial.${h}.${port.value}`, "a connection to port ", port) ?? "",
    row("write", "Write", [bytes], () => `write.${h}.${bytes.value}`, bytes, " bytes") ?? "",
    part.can.includes("read") ? el("div", { class: "call" }, pace) : "",
    closing.length ? el("div", { class: "call" }, ...closing.map(w => el("button", { type: "button", id: `${w}-${h}`, onclick: () => call(`${w}.${h}`) }, { shut: "Close writing", close: "Close", abort: "Abort" }[w]))) : "",
    el("h3", {}, "A stranger on the cable"),
    el("form", { class: "call", onsubmit: e => { e.preventDefault(); call(`forge.${h}.${forge.value}`); } }, el("button", { type: "submit", id: "forge-" + h }, "Forge"), forge));
};

// Which groups the reader has opened or closed.
panels.opened = new Map();

// What the hosts know of themselves: groups of rows, those marked that have changed since the last look.
panels.hosts = function () {
  const box = $("hosts");
  if (!panels.changed("hosts", JSON.stringify([store.hosts, store.playing ? 0 : store.before]))) return;
  const columns = store.hosts.map((groups, host) => {
    const old = new Map();
    for (const g of store.before[host] ?? []) for (const r of g.rows) old.set(g.title + "/" + r.name, r.value);
    return el("div", { class: "host-" + host }, el("h2", {}, `${"AB"[host]} `, el("small", {}, host ? "10.0.0.4" : "10.0.0.1")),
      ...(groups ?? []).map(g => {
        const key = host + g.title, open = panels.opened.get(key) ?? !(groups.length > 4 && ["Listening", "Frames", "Itself"].includes(g.title));
        return el("details", { open, ontoggle: e => panels.opened.set(key, e.target.open) }, el("summary", {}, g.title),
          el("table", {}, el("tbody", {}, ...g.rows.map(r => {
            const was = old.get(g.title + "/" + r.name);
            const news = !store.playing && was !== undefined && was !== r.value;
            return el("tr", { class: news ? "news" : "", title: news ? `it was ${was}` : undefined }, el("th", { scope: "row" }, r.name), el("td", { class: "v" }, r.value), el("td", { class: "m" }, r.meaning ?? ""));
          }))));
      }));
  });
  box.replaceChildren(...columns);
};

// The log: the newest lines last. Lines are added to those that are there.
const log = { lines: null, next: 0, frames: true };
const logLength = 150;

panels.log = function () {
  const frames = $("logFrames").checked, box = $("lines");
  if (!box.clientWidth) return;
  if (log.lines !== store.lines || log.frames !== frames) { // another world, or another time
    box.replaceChildren();
    Object.assign(log, { lines: store.lines, next: Math.max(0, store.lines.length - 4 * logLength), frames });
  }
  const added = log.next < store.lines.length;
  const list = [];
  for (; log.next < store.lines.length; log.next++) {
    const l = store.lines[log.next];
    if (!frames && l.what !== "note" && l.what !== "app") continue;
    const id = frameOf(l);
    list.push(el("li", { class: `${l.what} h${l.host}`, "data-f": id >= 0 ? String(id) : undefined },
      el("time", {}, ms(l.at)), el("b", {}, "AB"[l.host]), el("i", { "aria-label": words[l.what] }, { in: "←", out: "→", note: "", app: "»" }[l.what]), el("span", {}, l.text)));
  }
  box.append(...list.slice(-logLength));
  while (box.childElementCount > logLength) box.firstElementChild.remove();
  if (!panels.changed("log", `${log.next} ${store.selected} ${store.id}`)) return;
  for (const li of box.children) li.classList.toggle("on", li.dataset.f !== undefined && +li.dataset.f === store.selected);
  if (added) box.scrollTop = box.scrollHeight;
};

// frameOf finds the frame that a line is about: it was sent in that instant, or had just arrived.
function frameOf(l) {
  if (l.what !== "in" && l.what !== "out") return -1;
  for (let i = store.frames.length - 1; i >= 0; i--) {
    const f = store.frames[i];
    if (l.what === "out" ? f.from === l.host && f.sent === l.at && !f.forged : f.from !== l.host && f.fate === "arrived" && f.end <= l.at && f.end > l.at - landing) return i;
    if (f.sent < l.at - 60e9) break;
  }
  return -1;
}

// How the world is set up. To change it is to begin again, with the same calls of the applications.
panels.setup = function () {
  const q = new URLSearchParams(store.query);
  const key = ["a", "b", "delay", "rate", "queue", "loss", "seed", "arp"].map(k => q.get(k)).join();
  if (!panels.changed("setup", key)) return;
  const part = h => el("select", { id: "part-" + h, onchange: e => panels.set(h, e.target.value) },
    ...store.catalog.parts.map(p => el("option", { value: String(p.number), selected: q.get(h) === String(p.number) }, `${p.number} ${p.name}`)),
    el("option", { value: "5p", selected: q.get(h) === "5p" }, "5 without SACK"),
    el("option", { value: "5r", selected: q.get(h) === "5r" }, "5 with Reno"), el("option", { value: "5pr", selected: q.get(h) === "5pr" }, "5 without SACK, with Reno"));
  const slider = (name, label, list, value, show) => {
    const at = list.reduce((best, v, i) => Math.abs(v - value) < Math.abs(list[best] - value) ? i : best, 0);
    const out = el("output", {}, show(value));
    return el("label", {}, el("span", {}, label), el("input", { type: "range", id: "set-" + name, min: 0, max: list.length - 1, value: String(at), "aria-valuetext": show(value),
      oninput: e => { out.textContent = show(list[+e.target.value]); e.target.setAttribute("aria-valuetext", out.textContent); },
      onchange: e => panels.set(name, String(list[+e.target.value])) }), out);
  };
  const rate = r => r === 0 ? "no limit" : r >= 1e6 ? `${r / 1e6} Mbit/s` : `${r / 1e3} kbit/s`;
  $("setup").replaceChildren(
    el("h2", {}, "Hosts and cable"),
    el("label", {}, el("span", {}, "A runs part"), part("a")), el("label", {}, el("span", {}, "B runs part"), part("b")),
    slider("delay", "Delay", [0, 1, 2, 5, 10, 20, 50, 100, 200, 500].map(v => v * 1e6), +q.get("delay"), v => `${v / 1e6} ms a way`),
    slider("rate", "Rate", [64e3, 256e3, 1e6, 2e6, 5e6, 10e6, 20e6, 50e6, 100e6, 0], +q.get("rate"), rate),
    slider("queue", "Queue", [1, 2, 5, 10, 20, 50, 100, 200, 500], +q.get("queue"), v => `${v} frame${v === 1 ? "" : "s"}`),
    slider("loss", "Loss", [0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3], +(q.get("loss") ?? 0), v => `${+(v * 100).toFixed(2)} %`),
    el("label", {}, el("span", {}, "Dice"), el("input", { type: "number", min: 0, max: 999999, value: q.get("seed"), id: "set-seed", onchange: e => panels.set("seed", String(Math.max(0, Math.round(+e.target.value) || 0))) })),
    el("label", { class: "check" }, el("input", { type: "checkbox", id: "set-arp", checked: q.get("arp") === "known", onchange: e => panels.set("arp", e.target.checked ? "known" : "") }), "They know each other's MAC address"),
    el("p", { class: "hint" }, "To change something is to begin again, with the same calls. What was done to single frames is forgotten."));
};

panels.set = function (name, value) {
  const q = new URLSearchParams(store.query);
  if (value) q.set(name, value); else q.delete(name);
  q.delete("t");
  const kept = (q.get("do") ?? "").split("_").filter(a => !/^\d+\.(lose|delay|double|flip|edit|forge)\./.test(a));
  if (kept.join("_")) q.set("do", kept.join("_")); else q.delete("do");
  go(q.toString());
  say("From the beginning, with the same calls.");
};
