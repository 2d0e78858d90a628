"use strict";
// The selected frame: its bytes, its fields, and what can be done to it.

const inspector = { shown: "", field: -1, byte: -1, bytes: null, all: false };

const shortBytes = 192; // what is shown of a long frame at first

inspector.draw = function () {
  const box = $("frame"), f = store.frames[store.selected];
  if (!f) {
    if (inspector.shown !== "none") {
      box.replaceChildren(el("p", { class: "hint" }, "Select one: click its line, or press N and P. Then read it byte by byte, and do something to it."));
      inspector.shown = "none";
    }
    return;
  }
  const key = `${store.id} ${f.id} ${f.fate} ${(f.marks ?? []).join()} ${inspector.all} ${inspector.field} ${inspector.byte}`;
  if (key === inspector.shown) { inspector.drawState(f); return; }
  inspector.shown = key;
  inspector.bytes = JSON.parse(engine.call("bytes", store.id, f.id));
  const bits = inspector.bits(f);
  box.replaceChildren(
    el("h2", {}, `Frame ${f.id + 1} `, el("small", {}, `${"AB"[f.from]} to ${"AB"[1 - f.from]}, ${thousands(f.len)} bytes`)),
    el("p", { class: "what" }, inspector.bytes.text),
    el("p", { id: "fstate" }),
    inspector.tools(f),
    inspector.hex(),
    ...bits ? [bits] : [],
    inspector.fields());
  inspector.drawState(f);
};

// drawState says how the flight stands.
inspector.drawState = function (f) {
  const late = f.leaves - f.sent;
  const wait = late > 0 ? `, ${ms(late)} of it until the cable had taken it` : "";
  let text = `Under way since ${ms(f.sent)}: ${ms(store.now - f.sent)} of ${ms(f.due - f.sent)}${wait}.`;
  if (f.fate === "arrived") text = `Sent at ${ms(f.sent)}, arrived at ${ms(f.end)}${wait}.`;
  else if (f.fate) text = `Sent at ${ms(f.sent)}, ${f.fate} at ${ms(f.end)}.`;
  if (f.forged) text = "Forged. " + text;
  if (f.marks?.length) text += ` What was done to it: ${f.marks.join(", ")}.`;
  if ($("fstate").textContent !== text) $("fstate").textContent = text;
};

inspector.tools = function (f) {
  const stuck = f.fate !== "" && f.due <= f.sent;
  const late = el("input", { type: "number", min: 1, max: 60000, value: "30", "aria-label": "milliseconds" });
  const note = stuck ? "It never left its sender." : f.fate ? "Doing something to it takes you back to when it was half way." : "";
  return el("div", { class: "tools" },
    el("button", { id: "lose", type: "button", class: "danger", disabled: stuck || f.fate === "taken off the cable", onclick: () => doTo("lose"), title: "It does not arrive (D)" }, "Lose it"),
    el("button", { id: "double", type: "button", disabled: stuck, onclick: () => doTo("double"), title: "It arrives twice (X)" }, "Double it"),
    el("span", { class: "join" }, el("button", { id: "delay", type: "button", disabled: stuck, onclick: () => doTo(`delay.#.${Math.max(1, Math.min(60000, Math.round(+late.value) || 30))}`), title: "It arrives later (L)" }, "Delay it by"), late, " ms"),
    note ? el("p", { class: "hint" }, note) : null);
};

// doTo does something to the selected frame. # stands for its number.
function doTo(action) {
  const id = store.selected;
  if (!store.frames[id]) return;
  attempt(() => {
    store.toFrame(id, action.includes("#") ? action.replace("#", id) : `${action}.${id}`);
    say(`Frame ${id + 1}: ${{ lose: "it will not arrive", double: "it will arrive twice", delay: "it will be late", flip: "a bit of it is changed", edit: "bytes of it are changed" }[action.split(".")[0]]}.`);
  });
}

// layerOf returns a number for the layer of a field, for its color.
function layerOf(fields, i) {
  const names = [...new Set(fields.map(f => f.layer))];
  const f = fields[i];
  if (!f) return 5;
  if (/data|payload|padding/i.test(f.name)) return 4;
  return names.indexOf(f.layer) % 4;
}

inspector.hex = function () {
  const { hex, fields } = inspector.bytes, n = hex.length / 2, shown = inspector.all ? n : Math.min(n, shortBytes);
  const owner = [];
  fields.forEach((f, i) => { for (let b = f.offset; b < f.offset + f.length; b++) (owner[b] ??= []).push(i); });
  inspector.owner = owner;
  const box = el("div", { id: "hex", tabindex: 0, role: "group", "aria-label": "Bytes of the frame; the arrow keys move" });
  for (let b = 0; b < shown; b++) {
    const mine = owner[b] ?? [], on = mine.includes(inspector.field) || b === inspector.byte;
    box.append(el("span", { class: `b l${layerOf(fields, mine[0])}${on ? " on" : ""}${b === inspector.byte ? " at" : ""}`, "data-b": String(b) }, hex.substr(2 * b, 2)));
  }
  box.addEventListener("click", e => { if (e.target.dataset.b) inspector.pick(+e.target.dataset.b); });
  box.addEventListener("pointerover", e => { if (e.target.dataset.b) inspector.light(owner[+e.target.dataset.b]?.[0] ?? -1); });
  box.addEventListener("pointerleave", () => inspector.light(inspector.field));
  box.addEventListener("keydown", e => {
    const move = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 16, ArrowUp: -16 }[e.key];
    if (!move) return;
    e.preventDefault(); e.stopPropagation();
    inspector.pick(Math.max(0, Math.min(shown - 1, inspector.byte + move)));
    $("hex").focus();
  });
  const more = shown < n ? el("button", { type: "button", class: "quiet", onclick: () => { inspector.all = true; inspector.draw(); } }, `${thousands(n - shown)} more bytes`) : null;
  return el("div", { class: "hexbox" }, box, more);
};

// pick selects a byte, and its field.
inspector.pick = function (b) {
  inspector.byte = b;
  inspector.field = inspector.owner[b]?.[0] ?? -1;
  inspector.draw();
  $("fields").querySelector(".on")?.scrollIntoView({ block: "nearest" });
};

// light marks a field and its bytes, for as long as something points at it.
inspector.light = function (i) {
  for (const e of document.querySelectorAll("#hex .b")) e.classList.toggle("on", i >= 0 && (inspector.owner[+e.dataset.b] ?? []).includes(i));
  for (const e of $("fields").tBodies[0].rows) e.classList.toggle("on", +e.dataset.i === i);
};

// bits shows the selected byte as eight switches, and its field as a box to write in.
inspector.bits = function (f) {
  const b = inspector.byte, { hex, fields } = inspector.bytes;
  if (b < 0 || 2 * b >= hex.length || f.fate && f.due <= f.sent) return null;
  const value = parseInt(hex.substr(2 * b, 2), 16);
  const row = el("div", { class: "bits", role: "group", "aria-label": `Bits of byte ${b}` }, el("span", {}, `byte ${b}`));
  for (let i = 0; i < 8; i++) {
    const bit = value >> 7 - i & 1;
    row.append(el("button", { type: "button", class: bit ? "one" : "", "aria-label": `flip bit ${i} of byte ${b}, which is ${bit}`, onclick: () => doTo(`flip.#.${8 * b + i}`) }, String(bit)));
  }
  const field = fields[inspector.field];
  if (!field || field.length > 64) return el("div", { class: "edit" }, row);
  const input = el("input", { value: hex.substr(2 * field.offset, 2 * field.length), spellcheck: "false", autocomplete: "off", "aria-label": `${field.name}, in hex`, size: String(Math.min(24, 2 * field.length + 1)) });
  const form = el("form", { onsubmit: e => { e.preventDefault(); doTo(`edit.#.${field.offset}.${input.value.replace(/\s/g, "").toLowerCase()}`); } },
    el("label", {}, field.name + " ", input), " ", el("button", { type: "submit" }, "Change it"));
  return el("div", { class: "edit" }, row, form);
};

inspector.fields = function () {
  const body = el("tbody");
  let layer = "";
  inspector.bytes.fields.forEach((f, i) => {
    if (f.layer !== layer) {
      layer = f.layer;
      body.append(el("tr", { class: "layer" }, el("th", { colspan: "3", scope: "rowgroup", class: "l" + layerOf(inspector.bytes.fields, i) }, layer)));
    }
    const where = f.bits % 8 || f.bit ? `${f.offset}.${f.bit}` : f.length > 1 ? `${f.offset}–${f.offset + f.length - 1}` : String(f.offset);
    const tr = el("tr", { "data-i": String(i), class: (i === inspector.field ? "on" : "") + (f.wrong ? " wrong" : "") },
      el("td", { class: "where" }, where), el("td", {}, f.name),
      el("td", {}, el("code", {}, f.value), f.meaning ? el("span", {}, " " + f.meaning) : null, f.wrong ? el("strong", {}, " " + f.wrong) : null));
    tr.addEventListener("pointerenter", () => inspector.light(i));
    tr.addEventListener("click", () => { inspector.field = i; inspector.byte = f.offset; inspector.draw(); });
    body.append(tr);
  });
  const table = el("table", { id: "fields" }, el("caption", { class: "vh" }, "Fields of the frame"), body);
  table.addEventListener("pointerleave", () => inspector.light(inspector.field));
  return table;
};
