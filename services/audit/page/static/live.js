// The live list: adds what is logged as it is logged. Without this script the list is loaded again by its links.
// Whatever an order says becomes text, never HTML.
"use strict";

const table = document.getElementById("live");
const rows = table.tBodies[0];
const state = document.getElementById("state");
const news = document.getElementById("news");
const pause = document.getElementById("pause");
const most = 50;
let waiting = []; // while paused

const cell = (kind, role, label, extra) => {
  const c = document.createElement(kind);
  c.setAttribute("role", role);
  c.dataset.label = label;
  if (extra) c.className = extra;
  return c;
};

const text = (label, value, extra) => {
  const c = cell("td", "cell", label, extra);
  c.textContent = value;
  return c;
};

const rowOf = (r) => {
  const tr = document.createElement("tr");
  tr.setAttribute("role", "row");
  tr.className = "fresh";
  const head = cell("th", "rowheader", "Order");
  head.scope = "row";
  const a = document.createElement("a");
  a.href = r.path;
  a.textContent = r.order || r.what;
  head.append(a);
  const out = cell("td", "cell", "Outcome");
  const badge = document.createElement("span");
  badge.className = r.outcome ? "outcome " + r.outcome : "tag";
  badge.textContent = r.what;
  out.append(badge);
  const rule = cell("td", "cell", "Rule");
  if (r.rule) {
    const code = document.createElement("code");
    code.textContent = r.rule;
    rule.append(code);
  }
  tr.append(head, out, text("Logged", r.when, "date"), text("Names", r.parties, "names"), rule, text("Source", r.source), text("Leaf", r.leaf, "number"));
  return tr;
};

const show = (message) => {
  for (const r of message.records || []) rows.prepend(rowOf(r));
  while (rows.rows.length > most) rows.deleteRow(-1);
};

// Told in a sentence, at most every five seconds: a reader of the screen is not read every row.
let said = 0, count = 0, stopped = 0, timer;
const tell = () => {
  timer = undefined;
  said = Date.now();
  news.textContent = count + (count === 1 ? " new record" : " new records") + (stopped ? ", " + stopped + " not released" : "");
  count = stopped = 0;
};
const announce = (message) => {
  const records = message.records || [];
  count += records.length + (message.passed || 0);
  stopped += records.filter((r) => r.outcome && r.outcome !== "release").length;
  if (!timer) timer = setTimeout(tell, Math.max(0, said + 5000 - Date.now()));
};

const events = new EventSource("/live/events?after=" + encodeURIComponent(table.dataset.until));
events.onopen = () => { state.textContent = "Connected: new records come by themselves."; };
events.onerror = () => { state.textContent = "Not connected; trying again. Refresh loads the list anew."; };
events.onmessage = (e) => {
  const message = JSON.parse(e.data);
  if (pause.getAttribute("aria-pressed") === "true") {
    waiting = waiting.concat(message).slice(-most);
    state.textContent = "Paused; new records wait.";
    return;
  }
  show(message);
  announce(message);
  if (message.more) state.textContent = "Connected: so much came in that only the newest are shown. Search finds all.";
};

pause.hidden = false;
pause.onclick = () => {
  const on = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", on);
  pause.textContent = on ? "Go on" : "Pause";
  state.textContent = on ? "Paused." : "Connected: new records come by themselves.";
  if (!on) { waiting.forEach(show); waiting = []; }
};
const every = document.getElementById("every");
if (every) every.hidden = true;
