"use strict";
// Charts over the same time as the ladder. Each says its last values in words, too.

const charts = { built: false, hint: null };

// points of a stair: a value holds until the next one.
function stairs(points, a, until) {
  let d = "";
  for (const [t, v] of points) d += d ? `H${a.x(t).toFixed(1)}V${a.y(v).toFixed(1)}` : `M${a.x(t).toFixed(1)},${a.y(v).toFixed(1)}`;
  return d && d + `H${a.x(until).toFixed(1)}`;
}

// axes prepares a picture whose largest value is most.
charts.axes = function (picture, t0, t1, most) {
  const step = niceStep(most / 4), top = Math.ceil(most * 1.02 / step) * step;
  const w = picture.clientWidth, h = picture.clientHeight, left = 52, right = 10, up = 8, down = 20;
  picture.setAttribute("viewBox", `0 0 ${w} ${h}`);
  picture.replaceChildren();
  const a = {
    x: t => left + (t - t0) / (t1 - t0) * (w - left - right),
    y: v => h - down - v / top * (h - up - down),
  };
  for (let v = 0; v <= top * 1.001; v += step) {
    svg(picture, "line", { x1: left, x2: w - right, y1: a.y(v), y2: a.y(v), class: "tick" });
    svg(picture, "text", { x: left - 6, y: a.y(v) + 4, "text-anchor": "end", class: "time" }, v >= 1e6 ? `${+(v / 1e6).toFixed(2)} M` : v >= 10000 ? `${v / 1000} k` : String(+v.toFixed(3)));
  }
  const across = niceStep((t1 - t0) / 4);
  for (let t = Math.ceil(t0 / across) * across; t <= t1; t += across) {
    const x = a.x(t);
    if (x < w - 26) svg(picture, "text", { x, y: h - 5, "text-anchor": "middle", class: "time" }, t1 - t0 >= 5e9 ? `${+(t / 1e9).toFixed(2)} s` : `${+(t / 1e6).toFixed(2)} ms`);
  }
  return a;
};

// charts.draw draws all of them, for the host that sends more.
charts.draw = function () {
  const box = $("charts");
  if (!box.clientWidth) return;
  const sent = [0, 0];
  const stream = store.frames.some(f => f.flow);
  if (stream !== charts.built) {
    charts.built = stream;
    charts.hint ??= box.firstElementChild;
    box.replaceChildren(...stream ? [] : [charts.hint]);
    if (stream) charts.build(box);
  }
  if (!stream) return;
  for (const f of store.frames) if (f.bytes && !f.forged) sent[f.from] += f.bytes;
  const host = sent[1] > sent[0] ? 1 : 0;
  const t1 = Math.max(store.now, 100e6), t0 = 0;
  charts.sequence(host, t0, t1);
  charts.windows(host, t0, t1);
  charts.times(host, t0, t1);
};

const chartList = [
  { id: "seq", title: "Bytes of the stream", legend: [["data", "sent"], ["again", "again"], ["ack", "acknowledged"]] },
  { id: "win", title: "Windows, in bytes", legend: [["data", "cwnd"], ["syn", "ssthresh"], ["ack", "in flight"], ["arp", "SND.WND"]] },
  { id: "rtt", title: "Round trip, in ms", legend: [["data", "SRTT"], ["again", "RTO"]] },
];

charts.build = function (box) {
  for (const c of chartList) {
    const legend = el("span", { class: "key" });
    for (const [kind, text] of c.legend) legend.append(el("span", {}, el("i", { class: "k-" + kind }), text));
    box.append(el("figure", { id: "figure-" + c.id }, el("figcaption", {}, el("b", {}, c.title), legend),
      Object.assign(document.createElementNS("http://www.w3.org/2000/svg", "svg"), { id: "chart-" + c.id })));
    const picture = box.querySelector("figure:last-child svg");
    picture.setAttribute("id", "chart-" + c.id);
    picture.setAttribute("role", "img");
  }
};

// sequence draws which bytes were sent when, and how far they were acknowledged.
charts.sequence = function (host, t0, t1) {
  const picture = $("chart-seq");
  let top = 1, flow = "", back = "";
  for (const f of store.frames) if (f.from === host && f.bytes && !f.forged) { top = Math.max(top, f.seq + f.bytes); flow = f.flow; }
  if (flow) back = flow.split("-").reverse().join("-");
  const a = charts.axes(picture, t0, t1, Math.max(1000, top));
  let first = "", again = "", cross = "", acked = [[0, 0]];
  for (const f of store.frames) {
    if (f.from === host && f.flow === flow && f.bytes) {
      const d = `M${a.x(f.sent).toFixed(1)},${(a.y(f.seq) + 1).toFixed(1)}V${(a.y(f.seq + f.bytes) - 1).toFixed(1)}`;
      if (f.again) again += d; else first += d;
      if (f.fate && f.fate !== "arrived") cross += `M${(a.x(f.sent) - 4).toFixed(1)},${(a.y(f.seq) - 4).toFixed(1)}l8,8m0,-8l-8,8`;
    }
    if (f.from !== host && f.flow === back && f.fate === "arrived" && f.ack > acked.at(-1)[1]) acked.push([f.end, f.ack]);
  }
  svg(picture, "path", { d: stairs(acked, a, store.now), class: "p k-ack" });
  svg(picture, "path", { d: first, class: "p k-data mark" });
  svg(picture, "path", { d: again, class: "p k-again mark" });
  svg(picture, "path", { d: cross, class: "cross" });
  picture.setAttribute("aria-label", flow ? `Host ${"AB"[host]}: ${thousands(top - 1)} bytes sent, ${thousands(Math.max(0, acked.at(-1)[1] - 1))} acknowledged, at ${ms(store.now)}.` : "No data yet.");
};

// line draws one value of the samples.
function samplesOf(host, value) {
  const points = [];
  for (const s of store.samples) {
    const v = s.host === host ? value(s) : undefined;
    if (v !== undefined && v !== null) points.push([s.at, v]);
  }
  return points;
}

charts.lines = function (id, host, t0, t1, least, list, unit) {
  const picture = $("chart-" + id), lines = list.map(([name, kind, value]) => ({ name, kind, points: samplesOf(host, value) }));
  let top = least;
  for (const l of lines) for (const [, v] of l.points) top = Math.max(top, v);
  const a = charts.axes(picture, t0, t1, top);
  for (const l of lines) svg(picture, "path", { d: stairs(l.points, a, store.now), class: "p k-" + l.kind });
  const last = lines.filter(l => l.points.length).map(l => `${l.name} ${thousands(+l.points.at(-1)[1].toFixed(1))} ${unit}`);
  picture.setAttribute("aria-label", last.length ? `Host ${"AB"[host]} at ${ms(store.now)}: ${last.join(", ")}.` : "No connection yet.");
  $("figure-" + id).hidden = !lines.some(l => l.points.length);
};

charts.windows = function (host, t0, t1) {
  const below = v => v > 0 && v < 1e9 ? v : undefined;
  charts.lines("win", host, t0, t1, 20000, [["SND.WND", "arp", s => s.wnd], ["in flight", "ack", s => s.flight], ["ssthresh", "syn", s => below(s.ssthresh)], ["cwnd", "data", s => below(s.cwnd)]], "bytes");
};

charts.times = function (host, t0, t1) {
  charts.lines("rtt", host, t0, t1, 50, [["RTO", "again", s => s.rto ? s.rto / 1e6 : undefined], ["SRTT", "data", s => s.srtt ? s.srtt / 1e6 : undefined]], "ms");
};
