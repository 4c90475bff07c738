"use strict";
// One cursor for three panes: a line of source, an SSA value, an instruction. What is
// selected in one lights up what it became in the others, by identity: a stack of
// positions joins lines and instructions, a value's number joins passes and instructions.
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const pane = (id) => $(id).querySelector("div");
let fn = data.functions[0];
let pass = 0;
let now = { values: new Map(), blocks: [] }; // the function after that pass
let cursor = null; // {line: "file:12"} or {value: 7} or {pc: 12}

function el(tag, cls, text) {
  const e = document.createElement(tag);
  if (cls) e.className = cls;
  if (text !== undefined) e.textContent = text;
  return e;
}

const stack = (i) => (i < 0 ? [] : data.stacks[i]);
const keyOf = (site) => site[0] + ":" + site[1];
const textOf = (i) => { const s = stack(i); return s.length ? s[s.length - 1] : null; };
const place = (site) => data.files[site[0]].name + ":" + site[1];

// after puts the function together after pass i.
function after(i) {
  const values = new Map(), blocks = new Map();
  let order = [];
  for (const p of fn.passes.slice(0, i + 1)) {
    for (const v of p.changed || []) values.set(v.id, v);
    for (const id of p.gone || []) values.delete(id);
    for (const b of p.heads || []) blocks.set(b.id, b);
    for (const id of p.goneBlocks || []) blocks.delete(id);
    if (p.order) order = p.order;
  }
  return { values, blocks: order.map((id) => blocks.get(id)).filter(Boolean) };
}

function select(c) {
  cursor = c;
  light();
}

// lines are the keys of the lines that the cursor is about; values, their numbers.
function subjects() {
  const lines = new Set(), values = new Set(), pcs = new Set();
  if (!cursor) return { lines, values, pcs };
  const through = (i) => { for (const s of stack(i)) lines.add(keyOf(s)); };
  if (cursor.line) {
    lines.add(cursor.line);
    for (const v of now.values.values()) if (stack(v.stack).some((s) => keyOf(s) === cursor.line)) values.add(v.id);
    for (const x of fn.code) if (stack(x.stack).some((s) => keyOf(s) === cursor.line)) pcs.add(x.i);
  }
  if (cursor.value) {
    values.add(cursor.value);
    for (const p of fn.passes) for (const v of p.changed || []) if (v.id === cursor.value) through(v.stack);
    for (const x of fn.code) if (x.value === cursor.value) pcs.add(x.i);
  }
  if (cursor.pc !== undefined) {
    const x = fn.code[cursor.pc];
    pcs.add(x.i);
    through(x.stack);
    if (x.value >= 0) values.add(x.value);
  }
  return { lines, values, pcs };
}

// reveal scrolls a pane, and never the page, so that e is in it.
function reveal(section, e) {
  const at = e.getBoundingClientRect(), room = section.getBoundingClientRect();
  if (at.top < room.top + 26 || at.bottom > room.bottom) section.scrollTop += at.top - room.top - room.height / 3;
}

function light() {
  const s = subjects();
  for (const e of document.querySelectorAll(".lit, .lit2")) e.classList.remove("lit", "lit2");
  const seen = {};
  const mark = (id, e, on) => {
    if (!on) return;
    e.classList.add("lit");
    if (!seen[id]) { seen[id] = true; if (document.activeElement !== $(id)) reveal($(id), e); }
  };
  for (const e of pane("source").querySelectorAll("[data-line]")) mark("source", e, s.lines.has(e.dataset.line));
  for (const e of pane("ssa").querySelectorAll("[data-value]")) mark("ssa", e, s.values.has(+e.dataset.value));
  for (const e of pane("asm").querySelectorAll("[data-i]")) mark("asm", e, s.pcs.has(+e.dataset.i));
  if (cursor && cursor.value) {
    for (const e of pane("ssa").querySelectorAll("[data-args]")) if (e.dataset.args.split(" ").includes(String(cursor.value))) e.classList.add("lit2");
  }
}

function drawSource() {
  const to = pane("source");
  to.replaceChildren();
  for (const part of fn.source) {
    to.append(el("div", "file", data.files[part.file].name));
    for (let i = 0; i < part.lines.length; i++) {
      const n = part.first + i, key = part.file + ":" + n;
      const row = el("div", "row");
      row.dataset.line = key;
      row.append(el("span", "n", n), el("span", "", part.lines[i]));
      row.onclick = () => select({ line: key });
      to.append(row);
      for (const note of fn.notes[key] || []) to.append(el("div", "note " + note.style, note.text));
    }
  }
}

function drawStrip() {
  const strip = $("strip");
  strip.hidden = fn.passes.length === 0;
  strip.replaceChildren();
  const size = (p) => (p.changed || []).length + (p.gone || []).length;
  const most = Math.max(1, ...fn.passes.slice(1).map(size));
  fn.passes.forEach((p, i) => {
    const b = el("button");
    const n = size(p);
    b.style.height = Math.max(6, Math.min(100, (100 * n) / most)) + "%";
    if (n === 0) b.className = "none";
    b.title = `${p.name}: ${(p.changed || []).length} changed, ${(p.gone || []).length} gone`;
    b.ariaCurrent = String(i === pass);
    b.onclick = () => { pass = i; drawSSA(); };
    strip.append(b);
  });
}

function valueText(v) {
  const at = textOf(v.stack);
  let s = `v${v.id}`;
  if (at) s += ` (${at[1]})`;
  s += ` = ${v.op}`;
  if (v.type) s += ` <${v.type}>`;
  if (v.aux) s += ` ${v.aux}`;
  for (const a of v.args || []) s += ` v${a}`;
  return s;
}

function valueRow(v, cls) {
  const row = el("div", "row " + cls);
  row.dataset.value = v.id;
  row.dataset.args = (v.args || []).join(" ");
  row.append(el("span", "", valueText(v)));
  if (v.register) row.append(el("span", "reg", " : " + v.register));
  row.onclick = () => select({ value: v.id });
  return row;
}

function drawSSA() {
  const to = pane("ssa");
  to.replaceChildren();
  [...$("strip").children].forEach((b, i) => (b.ariaCurrent = String(i === pass)));
  const p = fn.passes[pass];
  $("ssa").querySelector("h2").textContent = p ? `SSA after ${p.name} (${pass + 1} of ${fn.passes.length})` : "SSA: not known";
  if (!p) return;
  for (const r of p.rewrites || []) {
    to.append(el("div", "note bad", "- " + r.before), el("div", "note good", "+ " + r.after));
  }
  const s = (now = after(pass));
  const changed = new Set(pass ? (p.changed || []).map((v) => v.id) : []);
  for (const b of s.blocks) {
    to.append(el("div", "block", `b${b.id}:` + (b.preds ? " ← " + b.preds.map((x) => "b" + x).join(" ") : "")));
    for (const id of b.values || []) if (s.values.has(id)) to.append(valueRow(s.values.get(id), changed.has(id) ? "changed" : "same"));
    to.append(el("div", "end", b.kind + (b.controls || []).map((x) => " v" + x).join("") + (b.succs ? " → " + b.succs.map((x) => "b" + x).join(" ") : "") + (b.likely > 0 ? " (likely)" : b.likely < 0 ? " (unlikely)" : "")));
  }
  if (pass > 0 && (p.gone || []).length) {
    const before = after(pass - 1);
    to.append(el("div", "block", "gone"));
    for (const id of p.gone) if (before.values.has(id)) to.append(valueRow(before.values.get(id), "gone"));
  }
  light();
}

function drawAsm() {
  const to = pane("asm");
  to.replaceChildren();
  let last = "";
  fn.code.forEach((x) => {
    const s = stack(x.stack);
    const over = s.map((site) => keyOf(site)).join(" ");
    if (s.length && over !== last) {
      last = over;
      const at = s[s.length - 1];
      const f = data.files[at[0]];
      to.append(el("div", "over", place(at) + "  " + (f.lines[at[1]] || "").trim() + (s.length > 1 ? "  ← " + place(s[s.length - 2]) : "")));
    }
    const row = el("div", "row");
    row.dataset.i = x.i;
    row.append(el("span", "pc", x.pc.toString(16).padStart(4, "0")), el("span", "hex", x.bytes || ""), el("span", x.style || "", x.text));
    row.onclick = () => select({ pc: x.i });
    if (x.live) row.title = "live: " + x.live;
    to.append(row);
  });
}

function draw() {
  fn.code.forEach((x, i) => (x.i = i));
  $("name").textContent = fn.name;
  $("gist").textContent = fn.gist;
  cursor = null;
  pass = Math.max(0, fn.passes.length - 1);
  drawSource();
  drawStrip();
  drawSSA();
  drawAsm();
}

function step(by) {
  let i = pass + by;
  const idle = (p) => !(p.changed || []).length && !(p.gone || []).length;
  while (i > 0 && i < fn.passes.length - 1 && idle(fn.passes[i])) i += by;
  if (i >= 0 && i < fn.passes.length) { pass = i; drawSSA(); }
}

function walk(by) {
  const id = ["source", "ssa", "asm"].find((x) => $(x) === document.activeElement) || "source";
  const rows = [...pane(id).querySelectorAll(".row")];
  let i = rows.findIndex((r) => r.classList.contains("lit"));
  i = Math.min(Math.max(i + by, 0), rows.length - 1);
  if (!rows[i]) return;
  rows[i].click();
  reveal($(id), rows[i]);
}

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || $("keys").open || e.target === $("pick")) return;
  const keys = {
    ArrowLeft: () => step(-1), ArrowRight: () => step(1),
    j: () => walk(1), k: () => walk(-1),
    b: () => document.body.classList.toggle("bytes"),
    f: () => $("pick").focus(), "?": () => $("keys").showModal(), Escape: () => select(null),
  };
  if (keys[e.key]) { keys[e.key](); e.preventDefault(); }
});
$("help").onclick = () => $("keys").showModal();
$("known").textContent = data.known;
for (const g of data.gaps) $("known").after(el("p", "gap", g));
data.functions.forEach((f, i) => { const o = el("option", "", f.name); o.value = i; $("pick").append(o); });
$("pick").hidden = data.functions.length < 2;
$("pick").onchange = () => { fn = data.functions[+$("pick").value]; draw(); };
draw();
