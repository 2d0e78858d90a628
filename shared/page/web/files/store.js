"use strict";
// What the page knows of its world, and the passing of time. All of it comes from the program; nothing here knows a protocol.

const store = {
  id: 0,             // of the world
  query: "",         // the whole experiment, as it stands
  now: 0,            // all instants are nanoseconds since the beginning
  frames: [], lines: [], samples: [],
  hosts: [null, null], apps: [null, null],
  before: [null, null], // the hosts as they were before the last step, to mark what has changed
  looked: 0, lookedAt: -1, // when the hosts were looked at: by the page's clock, and by the world's
  ahead: 0, full: false,
  since: {},
  verdict: null,
  selected: -1,
  playing: false,
  speed: 0.05,
  reached: 0,        // the speed that was reached, if it is below
  catalog: null,
  onChange: () => {},
};

// open makes a world by the query of a URL, in place of the one that is there.
store.open = function (query) {
  const id = engine.call("make", query);
  if (store.id) engine.call("close", store.id);
  store.id = id;
  store.playing = false;
  store.selected = -1;
  store.forget();
  store.before = [null, null]; store.hosts = [null, null];
  store.pull();
};

store.forget = function () {
  store.frames = []; store.lines = []; store.samples = []; store.since = {};
};

// pull asks for what is new.
store.pull = function () {
  // While time passes, the tables of what the hosts know are read less often than they could be drawn.
  const hosts = !store.playing || performance.now() - store.looked > 150;
  if (hosts) store.looked = performance.now();
  const v = JSON.parse(engine.call("view", store.id, JSON.stringify({ ...store.since, hosts })));
  for (const f of v.frames) {
    if (store.frames[f.id]) Object.assign(store.frames[f.id], f); else store.frames[f.id] = f;
  }
  store.lines.push(...v.lines);
  store.samples.push(...v.samples ?? []);
  Object.assign(store, { since: v.since, now: v.now, query: v.query, ahead: v.ahead, full: !!v.full, apps: v.apps });
  if (hosts) {
    if (v.now !== store.lookedAt) store.before = store.hosts;
    store.hosts = v.hosts ?? [null, null];
    store.lookedAt = v.now;
  }
  store.verdict = JSON.parse(engine.call("judge", store.id));
};

// advance has time pass, but does not work for longer than a picture may take. It returns how much has passed.
store.advance = function (ns, milliseconds = 1e9) {
  const end = performance.now() + milliseconds, slice = Math.max(1e6, ns / 50);
  let rest = ns;
  while (rest > 0 && performance.now() < end) {
    const part = Math.min(rest, slice);
    engine.call("advance", store.id, part);
    rest -= part;
  }
  store.pull();
  return ns - rest;
};

// step goes to the next event. If nothing happens for a minute, it says so.
store.step = function () {
  store.playing = false;
  const from = store.lines.length;
  const happened = engine.call("step", store.id, 60e9);
  store.pull();
  if (store.full) return "This world has come to its end: it keeps no more frames. Restart it.";
  if (!happened) return `${ms(store.now)}: a minute has passed, and nothing has happened.`;
  const news = store.lines.slice(from).map(l => `${"AB"[l.host]} ${words[l.what]} ${l.text}`);
  return `${ms(store.now)}: ${news.join(" · ") || "a frame has come to its end"}`;
};

const words = { in: "receives", out: "sends", note: "notes:", app: "application:" };

// seek goes to an instant. The actions that come after it stay, and happen again when their time comes.
store.seek = function (at) {
  store.playing = false;
  engine.call("seek", store.id, at);
  const selected = store.selected;
  store.forget();
  store.pull();
  store.selected = selected < store.frames.length ? selected : -1;
};

// instants returns when something has happened so far.
store.instants = function () {
  const all = new Set([0]);
  for (const f of store.frames) { all.add(f.sent); if (f.fate) all.add(f.end); }
  for (const l of store.lines) all.add(l.at);
  return [...all].sort((a, b) => a - b);
};

// landing is how much after an event Step stops: see world.Step.
const landing = 2000;

// stops returns where Step has stopped on the way, or would have: a moment after each event. What happens in that
// moment belongs to the same event.
store.stops = function () {
  const stops = [0];
  for (const at of store.instants()) if (at > stops.at(-1)) stops.push(at + landing);
  return stops;
};

// back goes back by one event.
store.back = function () {
  store.seek(Math.max(0, ...store.stops().filter(at => at < store.now).slice(-1)));
  return `Back at ${ms(store.now)}.`;
};

// act does something now.
store.act = function (text) {
  engine.call("act", store.id, text);
  store.pull();
};

// toFrame does something to a frame. If it has arrived, time goes back to when it was half way.
store.toFrame = function (id, action) {
  const f = store.frames[id];
  if (f.fate) {
    if (f.due <= f.sent) throw new Error("it was never under way");
    store.seek(Math.round((Math.max(f.leaves, f.sent) + f.due) / 2));
    store.selected = id;
  }
  store.act(action);
};

// Words for instants.
function ms(ns) {
  if (ns >= 100e9) return (ns / 1e9).toFixed(1) + " s";
  if (ns >= 10e9) return (ns / 1e9).toFixed(3) + " s";
  return (ns / 1e6).toFixed(3) + " ms";
}

const thousands = n => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
