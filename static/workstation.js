// On a shared computer: covers the page when nobody touched it for some minutes, and opens it again
// for whoever is signed in. What was typed stays in the page; nothing is written to the device.
// The server keeps the time too, and answers nothing while it's locked.
(() => {
  "use strict";

  const dialog = document.getElementById("lock");
  if (!dialog) return;
  const LIMIT = Number(dialog.dataset.minutes) * 60 * 1000;
  const TELL_SERVER = 60 * 1000; // how often the server hears that somebody is reading
  const TELL_TABS = 2 * 1000;
  const SIGNS = ["pointerdown", "pointermove", "keydown", "scroll", "wheel", "touchstart"];

  const form = dialog.querySelector("form[data-unlock]");
  const passkey = dialog.querySelector("[data-unlock-passkey]");
  const said = dialog.querySelector("[data-said]");
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("rounds-lock") : null;
  const title = document.title;
  let last = Date.now();
  let toldServer = last;
  let toldTabs = last;
  let locked = false;

  function post(address, fields = {}) {
    return fetch(address, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { Accept: "application/json", "X-CSRFToken": token },
      credentials: "same-origin",
    });
  }

  function say(sentence) {
    said.textContent = sentence;
    said.hidden = !sentence;
  }

  function cover() {
    if (locked) return;
    locked = true;
    document.body.classList.add("locked");
    document.title = "Locked · Rounds";
    say("");
    form.reset();
    dialog.showModal();
  }

  function uncover() {
    locked = false;
    last = toldServer = Date.now();
    document.body.classList.remove("locked");
    document.title = title;
    form.reset();
    dialog.close();
    // What could not be sent meanwhile may go now.
    window.dispatchEvent(new Event("online"));
  }

  function lock() {
    if (locked) return;
    cover();
    tabs?.postMessage("lock");
    post("/lock").catch(() => {}); // the server's own clock locks it then
  }

  const isIdle = () => Date.now() - last >= LIMIT;

  async function tellServer() {
    toldServer = Date.now();
    try {
      const answer = await post("/seen");
      if (answer.status === 401) cover();
    } catch {
      // no line; the next sign of somebody tries again
    }
  }

  function seen() {
    if (locked) return;
    if (isIdle()) return lock(); // a computer that slept wakes up locked
    last = Date.now();
    if (last - toldTabs > TELL_TABS) {
      toldTabs = last;
      tabs?.postMessage("seen");
    }
    if (last - toldServer > TELL_SERVER) tellServer();
  }

  async function opened(answer) {
    if (answer.ok) {
      uncover();
      tabs?.postMessage("open");
      return;
    }
    const told = await answer.json().catch(() => ({}));
    if (answer.status === 401) say("You were signed out. Sign in in another tab; then this page can be saved again after a reload.");
    else say(told.detail ?? "The server does not answer as it should. Try again in a moment.");
  }

  async function trying(act) {
    const buttons = dialog.querySelectorAll("button");
    buttons.forEach((one) => (one.disabled = true));
    say("");
    try {
      await opened(await act());
    } catch (problem) {
      say(problem instanceof TypeError ? "The connection is gone. The page is kept; try again in a moment." : problem.message);
    }
    buttons.forEach((one) => (one.disabled = false));
    if (locked) form.elements.password.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const password = form.elements.password.value;
    form.elements.password.value = "";
    trying(() => post("/unlock", { password }));
  });

  if (passkey && window.roundsPasskey) {
    passkey.hidden = false;
    passkey.addEventListener("click", () =>
      trying(async () => post("/unlock/passkey", { credential: await window.roundsPasskey.ask("/unlock/options") })),
    );
  }

  // Escape opens nothing.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("close", () => locked && dialog.showModal());
  for (const sign of SIGNS) window.addEventListener(sign, seen, { passive: true, capture: true });
  for (const lockNow of document.querySelectorAll("form[data-lock]")) {
    lockNow.addEventListener("submit", (event) => {
      event.preventDefault();
      lock();
    });
  }
  tabs?.addEventListener("message", ({ data }) => {
    if (data === "seen" && !locked) last = Date.now();
    if (data === "lock") cover();
    if (data === "open" && locked) uncover();
  });
  document.addEventListener("visibilitychange", () => !locked && isIdle() && lock());
  setInterval(() => !locked && isIdle() && lock(), 1000);
  // A page the browser kept may belong to whoever was here before.
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
})();
