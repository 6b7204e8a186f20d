// Shows /_local/state and sets faults. Everything that comes from the twin is put into the page as text, never as markup.

const EVERY_MS = 1000;
const $ = (id) => document.getElementById(id);

const CHOICES = [
  { words: "kill environments now", fault: { kind: "kill", at: "now" }, of: "function" },
  { words: "kill at the next invocation", fault: { kind: "kill", at: "event" }, of: "function", share: true },
  { words: "kill before the answer is taken", fault: { kind: "kill", at: "answer" }, of: "function", share: true },
  { words: "kill after the answer was taken", fault: { kind: "kill", at: "answer", when: "after" }, of: "function", share: true },
  { words: "kill before the commit of a batch", fault: { kind: "kill", at: "commit" }, of: "function", share: true },
  { words: "hand a batch over again", fault: { kind: "redeliver" }, of: "function", share: true },
  { words: "posts: 410 Gone", fault: { kind: "posts", action: "gone" }, share: true },
  { words: "posts: 429 throttled", fault: { kind: "posts", action: "throttle" }, share: true },
  { words: "posts: 500", fault: { kind: "posts", action: "fail" }, share: true },
  { words: "posts: a second late", fault: { kind: "posts", action: "delay", delay_s: 1 }, share: true },
  { words: "$disconnect twice", fault: { kind: "disconnects", action: "duplicate" }, share: true },
  { words: "$disconnect five seconds late", fault: { kind: "disconnects", action: "delay", delay_s: 5 }, share: true },
  { words: "$disconnect lost", fault: { kind: "disconnects", action: "lose" }, share: true },
  { words: "drop sockets", fault: { kind: "sockets" }, share: true },
  { words: "engine: stop for 10 s", fault: { kind: "engine", action: "stop", for_s: 10 }, of: "engine" },
  { words: "engine: freeze for 10 s", fault: { kind: "engine", action: "pause", for_s: 10 }, of: "engine" },
  { words: "engine: cut connections", fault: { kind: "engine", action: "cut" }, of: "engine" },
  { words: "engine: kill and start again", fault: { kind: "engine", action: "kill" }, of: "engine" },
  { words: "engine: restart in order", fault: { kind: "engine", action: "restart" }, of: "engine" },
  { words: "engine: remove its data", fault: { kind: "engine", action: "wipe" }, of: "engine" },
];

let state = null;
let chosen = null;
let shownFunctions = "";

function element(name, options = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (key === "class") made.className = value;
    else if (key === "on") for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
    else if (key.startsWith("aria-") || key === "tabindex" || key === "role" || key === "href") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

const cell = (text, kind = "") => element("td", kind ? { class: kind } : {}, ...(Array.isArray(text) ? text : [String(text)]));
const small = (text) => element("small", {}, text);

/** Replaces what a list or table shows, unless it is the same: a reader's place and selection stay. */
function show(id, key, make) {
  const holder = $(id);
  const text = JSON.stringify(key);
  if (holder.dataset.shown === text) return;
  const focused = holder.contains(document.activeElement) ? document.activeElement.id : "";
  holder.dataset.shown = text;
  holder.replaceChildren(...make());
  if (focused) $(focused)?.focus();
}

const none = (words, columns) => [columns ? element("tr", {}, element("td", { class: "empty", colSpan: columns }, words)) : element("li", { class: "empty" }, words)];

const clock = (seconds) => {
  const at = new Date(seconds * 1000);
  return `${at.toLocaleTimeString([], { hour12: false })}.${String(at.getMilliseconds()).padStart(3, "0")}`;
};

function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

const took = (ms) => (ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`);
const engineColour = (engine) => (engine.state === "ready" ? "good" : engine.state === "failed" || engine.state === "stopped" ? "bad" : "warn");
const environmentColour = { busy: "warn", idle: "good", starting: "warn", frozen: "good", ended: "bad" };

function drawEngines() {
  show("engines", state.engines, () =>
    state.engines.map((engine) =>
      element("li", {}, element("b", {}, engine.title), element("span", { class: `dot ${engineColour(engine)}` }, engine.state), " ", small(`${engine.address}${engine.pid ? `, pid ${engine.pid}` : ""}`)),
    ),
  );
}

function drawFunctions() {
  show("functions", state.functions, () =>
    state.functions.map((one) => {
      const total = Object.values(one.outcomes).reduce((sum, count) => sum + count, 0);
      const failed = total - (one.outcomes.success ?? 0);
      const kinds = Object.entries(one.outcomes).filter(([outcome]) => outcome !== "success").map(([outcome, count]) => `${count} ${outcome}`).join(", ");
      const pips = one.environments.map((environment) =>
        element("span", { class: `pip ${environmentColour[environment.state] ?? ""}`, title: `pid ${environment.pid}, ${environment.invocations} invocations, ${span(environment.ageS)} old` }, `${environment.state} ${Math.round(environment.memoryMb)} MB`),
      );
      return element("tr", {},
        cell([element("b", {}, one.name), small(one.triggers.join(" · ") || "by hand")], "wide"),
        cell(pips.length ? pips : [small("none")]),
        cell(total || "", "number"),
        element("td", { class: failed ? "number bad" : "number", title: kinds }, failed ? String(failed) : ""),
        cell(one.cold || "", "number"),
        cell(one.averageMs === null ? "" : took(one.averageMs), "number"),
        cell([small(`${one.memoryMb} MB, ${one.timeoutS} s`)], "number"));
    }),
  );
}

function drawInvocations() {
  if ($("hold").checked) return;
  const only = $("only-function").value;
  const failed = $("only-failed").checked;
  const rows = state.invocations.filter((one) => (!only || one.function === only) && (!failed || one.outcome !== "success")).slice(0, 60);
  show("invocations", [rows.map((one) => one.requestId), chosen?.requestId], () =>
    rows.length
      ? rows.map((one) => {
          const choose = () => chooseInvocation(one);
          return element("tr", {
            class: "choice", id: `i-${one.requestId}`, tabindex: "0", "aria-selected": String(chosen?.requestId === one.requestId),
            on: { click: choose, keydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); } } },
          }, cell(clock(one.at)), cell(one.function), cell([element("span", { class: one.outcome === "success" ? "good" : "bad" }, one.outcome), one.cold ? small(" cold") : null]), cell(one.ms ? took(one.ms) : "", "number"));
        })
      : none("Nothing has run yet.", 4),
  );
}

async function chooseInvocation(one) {
  chosen = one;
  drawInvocations();
  $("log-title").textContent = `${one.function}, ${clock(one.at)}`;
  $("log-error").textContent = one.error;
  try {
    const { lines } = await ask("GET", `/_local/logs/${encodeURIComponent(one.function)}?request=${encodeURIComponent(one.requestId)}`);
    $("log").textContent = lines.map((line) => line.text).join("\n");
    if (!lines.length) $("log").textContent = "It printed nothing, or too many lines came after it.";
  } catch (error) {
    $("log").textContent = error.message;
  }
}

function drawSources() {
  show("sources", state.sources, () =>
    state.sources.length
      ? state.sources.map((one) =>
          element("tr", {}, cell(one.topic), cell(one.function), element("td", { class: one.lag ? "number warn" : "number", title: Object.entries(one.lags).map(([partition, lag]) => `${partition}: ${lag}`).join(", ") }, String(one.lag)), cell(one.batches || "", "number"), cell(one.records || "", "number"), cell([element("span", { class: one.outcome === "success" ? "good" : "bad" }, one.outcome)])),
        )
      : none("No event source has read anything yet.", 6),
  );
  show("unread", state.unread, () =>
    state.unread.length
      ? state.unread.map((one) => element("li", {}, element("b", {}, one.topic), element("span", { class: one.records ? "bad" : "" }, one.records === null ? "counting…" : `${one.records} record${one.records === 1 ? "" : "s"}`)))
      : none("Every topic is read by a function."),
  );
}

function drawConnections() {
  const open = state.gateways.reduce((sum, gateway) => sum + gateway.open, 0);
  $("connections-count").textContent = `${open} open, ${state.opened} since the start`;
  const rows = state.gateways.flatMap((gateway) => gateway.connections.map((one) => ({ ...one, domain: gateway.domain }))).reverse().slice(0, 50);
  show("connections", [Math.floor(state.now), rows], () =>
    rows.length
      ? rows.map((one) => element("tr", {}, cell([element("code", {}, one.id)]), cell(one.domain), cell([one.sourceIp, " ", small(one.userAgent)], "wide"), cell(span(state.now - one.connectedAt)), cell(`${span(state.now - one.lastActiveAt)} ago`), cell(one.inFlight || "", "number")))
      : none("No WebSocket is open.", 6),
  );
}

function drawFaults() {
  $("seed").textContent = `seed ${state.seed}`;
  show("faults", state.faults, () =>
    state.faults.length
      ? state.faults.map((one) =>
          element("li", { class: one.spent ? "empty" : "" }, element("span", {}, `#${one.number} ${one.words}`), small(one.struck ? `struck ${one.struck}×${one.spent ? ", spent" : ""}` : "not yet"), element("button", { type: "button", class: "quiet", on: { click: () => change("DELETE", `/_local/faults/${one.number}`) } }, "Remove")),
        )
      : none("No faults are set."),
  );
  show("strikes", state.strikes, () => state.strikes.map((one) => element("li", {}, element("span", {}, one.words), small(clock(one.at)))));
  $("strikes-box").hidden = !state.strikes.length;
}

function drawRest() {
  $("project").textContent = state.project;
  document.title = `${state.project} · local twin`;
  const posts = Object.entries(state.posts).map(([status, count]) => `${count} × ${status}`).join(", ");
  $("summary").textContent = `up ${span(state.uptimeS)}${posts ? ` · posts ${posts}` : ""}`;
  $("summary").className = "";
  show("addresses", state.addresses, () =>
    Object.entries(state.addresses).flatMap(([label, address]) => [element("dt", {}, label), element("dd", {}, /^https?:/.test(address) ? element("a", { href: address }, address) : address)]),
  );
  const names = state.functions.map((one) => one.name);
  if (shownFunctions !== names.join()) {
    shownFunctions = names.join();
    const options = () => names.map((name) => element("option", { value: name }, name));
    $("only-function").replaceChildren(element("option", { value: "" }, "all"), ...options());
    $("fault-function").replaceChildren(...options(), element("option", { value: "*" }, "all functions"));
    $("fault-engine").replaceChildren(...state.engines.map((one) => element("option", { value: one.name }, one.title)));
  }
}

async function ask(method, path, body) {
  const answer = await fetch(path, { method, cache: "no-store", headers: body ? { "content-type": "application/json" } : {}, body: body ? JSON.stringify(body) : undefined });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.message ?? `status ${answer.status}`);
  return said;
}

async function change(method, path, body) {
  try {
    await ask(method, path, body);
    $("fault-error").textContent = "";
  } catch (error) {
    $("fault-error").textContent = error.message;
  }
  await refresh();
}

async function refresh() {
  try {
    state = await ask("GET", "/_local/state");
  } catch {
    $("summary").textContent = "The twin does not answer.";
    $("summary").className = "bad";
    return;
  }
  drawRest();
  drawEngines();
  drawFaults();
  drawFunctions();
  drawInvocations();
  drawSources();
  drawConnections();
}

function adaptForm() {
  const choice = CHOICES[$("fault-choice").value];
  $("function-label").hidden = choice.of !== "function";
  $("engine-label").hidden = choice.of !== "engine";
  $("share-label").hidden = !choice.share;
}

function setFault(event) {
  event.preventDefault();
  const choice = CHOICES[$("fault-choice").value];
  const fault = { ...choice.fault };
  if (choice.of === "function") fault.function = $("fault-function").value;
  if (choice.of === "engine") fault.engine = $("fault-engine").value;
  if (choice.share && $("fault-share").value !== "1") fault.share = Number($("fault-share").value);
  change("POST", "/_local/faults", fault);
}

async function run() {
  $("fault-choice").replaceChildren(...CHOICES.map((choice, index) => element("option", { value: String(index) }, choice.words)));
  $("fault-choice").addEventListener("change", adaptForm);
  $("fault-form").addEventListener("submit", setFault);
  $("clear-faults").addEventListener("click", () => change("DELETE", "/_local/faults"));
  for (const id of ["only-function", "only-failed", "hold"]) $(id).addEventListener("change", () => state && drawInvocations());
  adaptForm();
  for (;;) {
    if (!document.hidden) await refresh();
    await new Promise((done) => setTimeout(done, EVERY_MS));
  }
}

run();
