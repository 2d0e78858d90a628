"use strict";
// The page: wires buttons and keys to the store, and draws.

const freeQuery = "do=0.dial.a.80_0.write.a.60000_0.shut.a";

const say = text => { if ($("say").textContent !== text) $("say").textContent = text; };

// attempt does something that the program may refuse.
function attempt(f) {
  try { f(); } catch (e) { if (engine.calls) say(`That is impossible: ${e.message}.`); }
  draw();
}

// go begins another experiment.
function go(query) {
  attempt(() => {
    store.open(query);
    ladder.follow = true;
    ladder.lit.clear();
    inspector.field = inspector.byte = -1;
    history.pushState(null, "", address());
    say("From the beginning. Press Step or Play.");
  });
}

const address = () => location.pathname + "#" + store.query;

// remember keeps the experiment in the address, once it stands still.
function remember() {
  if (location.hash.slice(1) !== store.query) history.replaceState(null, "", address());
}

function call(action) {
  attempt(() => {
    store.act(action);
    for (const d of document.querySelectorAll(".calls[open]")) d.open = false;
    say(`${ms(store.now)}: ${action.replace(/\./g, " ")}.`);
    ladder.follow = true;
  });
  remember();
}

function select(id, show) {
  if (!store.frames[id]) return;
  store.selected = id;
  inspector.field = inspector.byte = -1;
  inspector.all = false;
  if (show) ladder.show(store.frames[id]);
  side("frame");
  say(`Frame ${id + 1}: ${store.frames[id].text}`);
  draw();
}

function step() { attempt(() => { ladder.follow = true; say(store.step()); }); remember(); }
function back() { attempt(() => { ladder.follow = true; say(store.back()); }); remember(); }
function restart() { attempt(() => { ladder.follow = true; store.seek(0); say("From the beginning."); }); remember(); }

function wait(ns) {
  attempt(() => {
    store.playing = false;
    ladder.follow = true;
    store.advance(ns);
    say(`${ms(store.now)}: ${store.full ? "this world has come to its end" : "time has passed"}.`);
  });
  remember();
}

function play(on = !store.playing) {
  store.playing = on && !store.full;
  ladder.follow = true;
  last = performance.now();
  draw();
  if (on) requestAnimationFrame(tick); else remember();
}

// With reduced motion nothing slides: playing goes from event to event.
const still = matchMedia("(prefers-reduced-motion: reduce)");

let last = 0, heavy = 0;
const work = 12; // milliseconds of a picture's 16 that the program may take

function tick(t) {
  if (!store.playing) return;
  const passed = Math.min(Math.max(0, t - last), 100);
  if (still.matches) {
    if (t - last > 700) { last = t; attempt(() => { const text = store.step(); store.playing = !store.full; say(text); }); }
  } else {
    last = t;
    attempt(() => {
      const idle = store.frames.length > 0 && !store.frames.some(f => !f.fate) && !store.apps.some(a => a.connected && a.pace > 0);
      const want = passed * 1e6 * store.speed * (idle ? 20 : 1);
      const got = want > 0 ? store.advance(want, work) : 0;
      store.reached = want > 0 && got < want * 0.9 ? store.speed * got / want : 0;
      if (store.full) { store.playing = false; say("This world has come to its end: it keeps no more frames. Restart it."); }
    });
  }
  if (store.playing) requestAnimationFrame(tick); else draw();
}

// draw draws what has changed. What is expensive is drawn less often while time passes.
function draw() {
  if (!store.id || !store.catalog) return;
  ladder.draw();
  $("clock").textContent = ms(store.now);
  document.body.classList.toggle("playing", store.playing);
  $("play").lastElementChild.textContent = store.playing ? "Pause" : "Play";
  $("speedOut").textContent = speedText();
  const now = performance.now();
  if (store.playing && now - heavy < 150) return;
  heavy = now;
  inspector.draw();
  panels.lesson();
  panels.calls();
  panels.hosts();
  panels.log();
  panels.setup();
  charts.draw();
}

function speedText() {
  const text = v => `${+v.toPrecision(2)}×`;
  return store.reached && store.playing ? `${text(store.reached)} of ${text(store.speed)}` : text(store.speed);
}

// tab chooses what a narrow screen shows.
function tab(name) {
  document.body.dataset.tab = name;
  for (const b of document.querySelectorAll("#tabs [role=tab]")) {
    const on = b.dataset.tab === name;
    b.setAttribute("aria-selected", on);
    b.tabIndex = on ? 0 : -1;
  }
  panels.shown.log = "";
  draw();
}

// side chooses what stands beside the cable on a wide screen.
function side(name) {
  document.body.dataset.side = name;
  for (const b of document.querySelectorAll("[data-side][role=tab]")) b.setAttribute("aria-selected", b.dataset.side === name);
  draw();
}

function wire() {
  const click = { restart, back, step, play: () => play(), second: () => wait(1e9), minute: () => wait(60e9), in: () => { ladder.zoom(1 / 1.5); draw(); }, out: () => { ladder.zoom(1.5); draw(); }, help: () => $("keys").showModal() };
  for (const id in click) $(id).addEventListener("click", click[id]);
  $("speed").addEventListener("input", () => {
    store.speed = 10 ** +$("speed").value;
    $("speed").setAttribute("aria-valuetext", `${+store.speed.toPrecision(2)} times`);
    $("speedOut").textContent = speedText();
  });
  $("speed").dispatchEvent(new Event("input"));
  $("share").addEventListener("click", async () => {
    remember();
    try { await navigator.clipboard.writeText(location.href); say("The link is copied: it holds the whole experiment."); } catch { say("The address of this page holds the whole experiment: copy it."); }
  });
  $("save").addEventListener("click", () => attempt(() => {
    const text = atob(engine.call("capture", store.id)), bytes = Uint8Array.from(text, c => c.charCodeAt(0));
    const link = el("a", { href: URL.createObjectURL(new Blob([bytes])), download: "frame-by-frame.pcap" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    say(`${store.frames.length} frames are saved.`);
  }));
  for (const b of document.querySelectorAll("#tabs [role=tab]")) b.addEventListener("click", () => tab(b.dataset.tab));
  $("tabs").addEventListener("keydown", e => {
    const all = [...document.querySelectorAll("#tabs [role=tab]")], i = all.findIndex(b => b.tabIndex === 0);
    const to = { ArrowRight: all[(i + 1) % all.length], ArrowLeft: all[(i + all.length - 1) % all.length] }[e.key];
    if (to) { tab(to.dataset.tab); to.focus(); e.preventDefault(); e.stopPropagation(); }
  });
  for (const b of document.querySelectorAll("[data-side][role=tab]")) b.addEventListener("click", () => side(b.dataset.side));
  $("logFrames").addEventListener("change", () => draw());
  $("lines").addEventListener("click", e => { const li = e.target.closest("li[data-f]"); if (li) select(+li.dataset.f, true); });
  wireLadder();
  addEventListener("keydown", keys);
  addEventListener("resize", () => draw());
  addEventListener("popstate", () => { if (location.hash.slice(1) !== store.query) attempt(() => { store.open(location.hash.slice(1)); ladder.follow = true; }); });
  addEventListener("click", e => { for (const d of document.querySelectorAll(".calls[open]")) if (!d.contains(e.target)) d.open = false; });
  addEventListener("visibilitychange", () => { last = performance.now(); });
  $("revive").addEventListener("click", revive);
}

function wireLadder() {
  const picture = $("ladder");
  let from = null;
  picture.addEventListener("pointerdown", e => { from = { x: e.clientX, y: e.clientY, top: ladder.top, moved: false }; });
  picture.addEventListener("pointermove", e => {
    if (!from || !(e.buttons & 1)) return;
    if (!from.moved && Math.abs(e.clientY - from.y) < 6) return;
    from.moved = true;
    if (store.playing) return;
    ladder.follow = false;
    ladder.top = Math.max(0, from.top - (e.clientY - from.y) / picture.clientHeight * ladder.span);
    ladder.draw();
  });
  picture.addEventListener("click", e => {
    if (from?.moved) { from = null; return; }
    const r = picture.getBoundingClientRect(), id = ladder.nearest(e.clientX - r.left, e.clientY - r.top);
    if (store.playing) play(false);
    if (id >= 0) select(id);
  });
  picture.addEventListener("wheel", e => {
    e.preventDefault();
    if (e.ctrlKey) ladder.zoom(e.deltaY > 0 ? 1.15 : 1 / 1.15);
    else if (!store.playing) { ladder.follow = false; ladder.top = Math.max(0, ladder.top + e.deltaY / picture.clientHeight * ladder.span); }
    ladder.draw();
  }, { passive: false });
}

function keys(e) {
  if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]")) return;
  if (e.target.closest?.("input, select, textarea") && e.key !== "Escape") return;
  if (e.key === " " && e.target.closest?.("button, summary, a")) return;
  const openCalls = id => { $(id).open = !$(id).open; if ($(id).open) { tab("cable"); $(id).querySelector("button, select, input")?.focus(); } };
  const move = by => { let i = store.selected < 0 ? (by > 0 ? 0 : store.frames.length - 1) : store.selected + by; select(Math.max(0, Math.min(store.frames.length - 1, i)), true); };
  const action = {
    " ": () => play(), ArrowRight: step, ArrowLeft: back, Home: restart,
    n: () => move(1), p: () => move(-1), d: () => doTo("lose"), x: () => doTo("double"), l: () => doTo("delay.#.30"),
    "+": () => { ladder.zoom(1 / 1.5); draw(); }, "-": () => { ladder.zoom(1.5); draw(); },
    f: () => side("frame"), h: () => side("hosts"),
    a: () => openCalls("callsA"), b: () => openCalls("callsB"), "?": () => $("keys").showModal(),
    Escape: () => { for (const d of document.querySelectorAll(".calls[open]")) d.open = false; },
  }[e.key.length === 1 ? e.key.toLowerCase() : e.key];
  if (action) { e.preventDefault(); action(); }
}

// revive starts the program again, at the beginning of the same experiment.
async function revive() {
  const q = new URLSearchParams(store.query);
  q.delete("t");
  await engine.start();
  store.id = 0;
  $("crash").close();
  go(q.toString());
}

async function begin() {
  progress.load();
  engine.onCrash = trace => {
    store.playing = false;
    $("trace").textContent = trace;
    if (!$("crash").open) $("crash").showModal();
  };
  await engine.load();
  await engine.start();
  store.catalog = JSON.parse(engine.call("catalog"));
  wire();
  const query = location.hash.slice(1) || freeQuery;
  try { store.open(query); } catch (e) { store.open(freeQuery); say(`This address is no experiment: ${e.message}.`); }
  side("frame");
  tab(store.verdict.lesson ? "lesson" : "cable");
  if (!$("say").textContent.startsWith("This address")) say("Ready. Press Step, or Play; click a frame to read it.");
  document.body.classList.add("ready");
  globalThis.fbfReadyAfter = performance.now();
}

begin().catch(e => say(`This page does not run here: ${e.message ?? e}. It needs a browser of 2023 or newer, with WebAssembly.`));
