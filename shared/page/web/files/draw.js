"use strict";
// Small helpers for elements.

const $ = id => document.getElementById(id);

// el makes an HTML element.
function el(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const k in attributes) {
    const v = attributes[k];
    if (v === undefined || v === false) continue;
    if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
    else if (k in e && k !== "list" && typeof v !== "string") e[k] = v;
    else e.setAttribute(k, v === true ? "" : v);
  }
  e.append(...children.filter(c => c !== null && c !== undefined));
  return e;
}

// svg makes an SVG element inside of another.
function svg(parent, name, attributes, text) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const k in attributes) e.setAttribute(k, attributes[k]);
  if (text !== undefined) e.textContent = text;
  parent.append(e);
  return e;
}

// niceStep returns 1, 2 or 5 times a power of ten, not below v.
function niceStep(v) {
  const p = 10 ** Math.floor(Math.log10(v));
  for (const m of [1, 2, 5]) if (m * p >= v * 0.999) return m * p;
  return 10 * p;
}
