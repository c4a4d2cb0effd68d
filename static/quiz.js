// A quiz page: saves each answer as it is given, keeps it while the line is down, and tells the time.
// Everything works without this file too; then an answer is saved by the button that leads on.
// Nothing is written to the device's storage: what is not sent yet lives as long as the page.
(() => {
  "use strict";

  const RETRY_SECONDS = 5;
  const PAGES_AHEAD = 4;
  const MINUTES_SAID = [10, 5, 1];

  const main = document.getElementById("main");
  const pending = new Map(); // address of a question -> what to send, newest only
  const given = new Map(); // address of a question -> what was chosen on this page's watch
  const answered = new Set(); // addresses of questions known to be answered
  const pages = new Map(); // address -> its <main>, fetched ahead, for when the line is down
  let token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  let trouble = ""; // "", "offline", "server", "signed-out"
  let sending = null;
  let retry = 0;

  const form = () => main.querySelector("form.question[data-kind]");
  const path = (address) => new URL(address, location.href).pathname;
  const here = () => path(form().getAttribute("action"));

  function element(name, text, attributes = {}) {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  // In the zone that the server shows times in, which need not be this device's.
  function clocktime() {
    const zone = form().dataset.zone;
    const style = { hour: "numeric", minute: "2-digit", timeZone: zone };
    return new Intl.DateTimeFormat("en-US", style).format(new Date()).toLowerCase().replace(/\s/, " ");
  }

  // ----- what the page says -----

  function status(kind, text) {
    const place = form()?.querySelector("[data-status]");
    if (!place) return;
    place.className = `state ${kind}`;
    place.textContent = text;
  }

  function note(kind, title, parts) {
    const old = main.querySelector("[data-note]");
    const name = `${kind}|${title}|${parts.map((part) => part.textContent).join("|")}`;
    if (old?.dataset.note === name) return; // said already; a reader need not hear it again
    old?.remove();
    if (!kind) return;
    const box = element("div", "", { class: `note ${kind}`, role: kind === "wrong" ? "alert" : "status" });
    box.dataset.note = name;
    box.append(element("h2", title), ...parts);
    const target = main.querySelector("form.question");
    target.querySelector("h1").after(box);
  }

  function tryNow() {
    const line = element("p");
    const button = element("button", "Try now", { type: "button", class: "text" });
    button.addEventListener("click", () => send());
    line.append(button);
    return line;
  }

  function keptWords() {
    if (!pending.size) return "All answers are saved.";
    const words = ["", "One answer is", "Two answers are", "Three answers are", "Four answers are", "Five answers are"];
    return `${words[pending.size] ?? `${pending.size} answers are`} kept on this page.`;
  }

  function tellTrouble() {
    if (!trouble) return note("", "", []);
    if (trouble === "signed-out") {
      const line = element("p", `${keptWords()} `);
      const link = element("a", "Sign in in a new tab", { href: "/sign-in", target: "_blank", rel: "opener" });
      line.append(link, document.createTextNode(", then come back here; they are sent at once."));
      return note("wait", "You were signed out. Your answers are not lost.", [line, tryNow()]);
    }
    const why = trouble === "offline" ? "The connection is gone. Your answers are not." : "The server does not answer. Your answers are safe.";
    const line = element("p", `${keptWords()} We try again every few seconds; you can go on meanwhile. Keep this page open.`);
    return note("wait", why, [line, tryNow()]);
  }

  function markAnswered(counts) {
    for (const link of main.querySelectorAll(".numbers a")) {
      if (!answered.has(path(link.href))) continue;
      link.parentElement.classList.add("answered");
      const state = link.querySelector("[data-state]");
      if (state) state.textContent = ", answered";
    }
    const all = main.querySelectorAll(".numbers li").length;
    const done = counts?.answered ?? main.querySelectorAll(".numbers li.answered").length;
    const words = main.querySelector("[data-answered]");
    if (words) words.textContent = `${done} of ${all} answered.`;
    const bar = main.querySelector(".where progress");
    if (bar) bar.value = done;
  }

  function showState() {
    const at = given.get(here());
    if (pending.has(here()) && trouble) status("waiting", `Kept on this page ${at.time}, not sent yet`);
    else if (at?.saved) status(at.missing ? "open" : "saved", at.missing ? `Saved ${at.saved}. ${at.missing}` : `Saved ${at.saved}`);
  }

  // ----- sending -----

  async function freshToken() {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "manual" });
    if (!answer.ok) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.querySelector('meta[name="csrf-token"]')?.content;
    if (!found || found === token) return false;
    token = found;
    for (const field of document.querySelectorAll('input[name="csrf_token"]')) field.value = found;
    return true;
  }

  function post(address, body) {
    return fetch(address, {
      method: "POST",
      body: new URLSearchParams(body),
      headers: { Accept: "application/json", "X-CSRFToken": token },
      redirect: "manual",
      credentials: "same-origin",
    });
  }

  function saved(address, body, told) {
    const at = given.get(address);
    if (pending.get(address) === body) pending.delete(address);
    if (at) Object.assign(at, { saved: told.saved, missing: told.missing });
    if (told.is_answered) answered.add(address);
    markAnswered(told);
  }

  async function refused(address, body, answer) {
    let told = {};
    try {
      told = await answer.json();
    } catch {
      told = {};
    }
    if (pending.get(address) === body) pending.delete(address);
    trouble = "";
    const sentence = told.detail || "The server refused this answer. Reload the page and look at it again.";
    const parts = [element("p", sentence)];
    if (told.url) {
      const line = element("p");
      line.append(element("a", "To the result", { href: told.url }));
      parts.push(line);
    }
    note("wrong", "This was not saved", parts);
    status("problem", "Not saved");
  }

  // Send one answer; return "" when it was saved, "refused", or what stands in the way.
  async function sendOne(address, body) {
    let answer;
    try {
      answer = await post(address, body);
      if (answer.status === 400 && (await freshToken())) answer = await post(address, body);
    } catch {
      return "offline";
    }
    if (answer.type === "opaqueredirect" || answer.status === 401) return "signed-out";
    if (answer.status >= 500 || answer.status === 429) return "server";
    if (!answer.ok) {
      await refused(address, body, answer);
      return "refused";
    }
    saved(address, body, await answer.json());
    return "";
  }

  async function sendAll() {
    let last = "";
    while (pending.size) {
      const [address, body] = pending.entries().next().value;
      last = await sendOne(address, body);
      if (last && last !== "refused") break;
    }
    clearTimeout(retry);
    if (last === "refused") return false;
    trouble = last;
    if (trouble) retry = setTimeout(send, RETRY_SECONDS * 1000);
    tellTrouble();
    showState();
    return !trouble;
  }

  // One at a time, so that what was chosen last is what is saved last.
  function send() {
    sending ??= sendAll().finally(() => {
      sending = null;
    });
    return sending;
  }

  async function sendUntilQuiet() {
    let well = await send();
    while (well && pending.size) well = await send();
    return well;
  }

  function keep(body) {
    pending.set(here(), body);
    given.set(here(), { body, time: clocktime() });
    return sendUntilQuiet();
  }

  // ----- giving an answer -----

  function body() {
    return [...new FormData(form())].filter(([name]) => ["mark", "choice", "step"].includes(name));
  }

  // In an ordering a place belongs to one: who had it takes the place that became free.
  function swapPlaces(changed) {
    const selects = [...form().querySelectorAll("select")];
    const other = selects.find((one) => one !== changed && one.value && one.value === changed.value);
    if (other) other.value = changed.dataset.before ?? "";
    for (const one of selects) one.dataset.before = one.value;
  }

  function changed(event) {
    const kind = form().dataset.kind;
    if (kind === "case") return; // choosing is not yet doing
    if (kind === "ordering" && event.target.tagName === "SELECT") swapPlaces(event.target);
    keep(body());
  }

  async function submitted(event) {
    const button = event.submitter;
    const to = button?.dataset.to;
    if (!to) return; // start a case again: the form's own way
    const step = button.value === "step";
    const now = body();
    if (step && !now.some(([name]) => name === "choice")) return; // the server says what is missing
    event.preventDefault();
    const well = step ? await keep(now) : await sendUntilQuiet();
    if (well && navigator.onLine) location.assign(to);
    else if (!step && (trouble || !navigator.onLine)) open(to);
  }

  // ----- going on while the line is down -----

  function fill() {
    const at = given.get(here());
    if (!at || form().dataset.kind === "case") return;
    const marks = at.body.filter(([name]) => name === "mark").map(([, value]) => value);
    form().querySelectorAll("select").forEach((one, row) => {
      one.value = marks[row] ?? "";
    });
    for (const one of form().querySelectorAll("input[name=mark]:not([type=hidden])")) one.checked = marks.includes(one.value);
  }

  function show(address) {
    main.replaceChildren(...[...pages.get(address).cloneNode(true).childNodes]);
    for (const field of main.querySelectorAll('input[name="csrf_token"]')) field.value = token;
    document.title = `${main.querySelector("h1").textContent} · Rounds`;
    bind();
    fill();
    markAnswered();
    tellTrouble();
    showState();
    const title = main.querySelector("h1");
    title.tabIndex = -1;
    title.focus();
    window.scrollTo(0, 0);
  }

  function open(to) {
    const address = path(to);
    if (!pages.has(address)) {
      const line = element("p", `${keptWords()} That page opens when the connection is back; stay on this one until then.`);
      note("wait", "The connection is gone. Your answers are not.", [line, tryNow()]);
      return;
    }
    history.pushState({}, "", address);
    show(address);
  }

  function clicked(event) {
    const link = event.target.closest?.("a[href]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || link.target) return;
    const address = path(link.href);
    const down = trouble || !navigator.onLine;
    if (!down || !pages.has(address)) return; // with unsent answers the browser asks before it leaves
    event.preventDefault();
    open(address);
  }

  async function fetchAhead() {
    // The signs of trouble can't be fetched once there is trouble.
    for (const icon of form().dataset.icons.split(" ")) fetch(icon).catch(() => {});
    if (navigator.connection?.saveData) return;
    const links = [...main.querySelectorAll(".numbers a")].map((link) => path(link.href));
    const at = links.indexOf(here());
    const near = [...links.slice(at + 1, at + 1 + PAGES_AHEAD), ...links.slice(Math.max(at - 1, 0), at)];
    for (const address of near) {
      try {
        const answer = await fetch(address, { headers: { Accept: "text/html" }, redirect: "manual" });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        pages.set(address, document.importNode(page.getElementById("main"), true));
      } catch {
        return;
      }
    }
  }

  // ----- the clock -----

  function words(seconds) {
    if (seconds > 90) return `${Math.ceil(seconds / 60)} min left`;
    return seconds > 0 ? `${seconds} s left` : "up";
  }

  function runClock() {
    const first = main.querySelector(".clock");
    if (!first) return;
    const ends = performance.now() + Number(first.dataset.seconds) * 1000;
    const total = Number(first.dataset.seconds) / 60;
    const said = new Set(MINUTES_SAID.filter((minutes) => minutes >= total));
    const timer = setInterval(async () => {
      const seconds = Math.ceil((ends - performance.now()) / 1000);
      const place = main.querySelector("[data-left]");
      const text = words(seconds);
      if (place && place.textContent !== text) place.textContent = text;
      // A screen reader hears of it three times, not every second.
      const due = MINUTES_SAID.filter((minutes) => seconds <= minutes * 60 && !said.has(minutes));
      if (due.length && seconds > 0) {
        due.forEach((minutes) => said.add(minutes));
        const minutes = Math.min(...due);
        const speak = main.querySelector("[data-say]");
        if (speak) speak.textContent = `${minutes} ${minutes === 1 ? "minute" : "minutes"} left.`;
      }
      if (seconds > -2) return;
      clearInterval(timer);
      const end = main.querySelector(".clock").dataset.end;
      try {
        await fetch(end, { method: "HEAD", redirect: "manual" }); // is anybody there?
        pending.clear();
        location.assign(end);
      } catch {
        note("wait", "The time is up.", [element("p", "What was saved counts. The result shows when the connection is back; reload this page then.")]);
      }
    }, 1000);
  }

  // ----- beginning -----

  function bind() {
    const shown = form();
    shown.addEventListener("change", changed);
    shown.addEventListener("submit", submitted);
    for (const one of shown.querySelectorAll("select")) one.dataset.before = one.value;
  }

  runClock();
  if (!form()) return;
  pages.set(here(), main.cloneNode(true));
  bind();
  document.addEventListener("click", clicked);
  window.addEventListener("online", () => send());
  window.addEventListener("focus", () => pending.size && send());
  window.addEventListener("popstate", () => (pages.has(location.pathname) ? show(location.pathname) : location.reload()));
  window.addEventListener("beforeunload", (event) => {
    if (!pending.size) return;
    event.preventDefault();
    event.returnValue = "";
  });
  // A page that the browser kept may show an older answer than the server holds.
  window.addEventListener("pageshow", (event) => event.persisted && !pending.size && location.reload());
  window.addEventListener("load", () => setTimeout(fetchAhead, 300));
})();
