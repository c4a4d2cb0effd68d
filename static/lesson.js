// Keeps the place: tells the server which heading of the lesson was last passed, so that reading
// goes on there on any device. Without this script, marking lessons as read alone counts.
(function () {
  "use strict";
  const article = document.querySelector("article[data-position]");
  const address = article && article.dataset.position;
  if (!address) return; // read already: there is no place to keep
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const headings = [...article.querySelectorAll(":scope > :is(h2, h3, h4)[id]")];
  const PAUSE = 1500; // milliseconds without scrolling before a place is sent
  let sent = null;
  let timer = 0;

  function here() {
    const line = window.innerHeight * 0.4;
    const passed = headings.filter((one) => one.getBoundingClientRect().top <= line);
    return passed.length ? passed[passed.length - 1].id : "";
  }

  function send() {
    window.clearTimeout(timer);
    const anchor = here();
    if (anchor === sent) return;
    const before = sent;
    sent = anchor;
    fetch(address, {
      method: "POST",
      keepalive: true, // arrives although the page is being left
      credentials: "same-origin",
      headers: { "X-CSRFToken": token, Accept: "application/json" },
      body: new URLSearchParams({ anchor }),
    }).then(
      (answer) => { if (!answer.ok) sent = before; },
      () => { sent = before; }, // no line now; the next heading tries again
    );
  }

  function soon() {
    window.clearTimeout(timer);
    timer = window.setTimeout(send, PAUSE);
  }

  window.addEventListener("scroll", soon, { passive: true });
  window.addEventListener("pagehide", send);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") send();
  });
  // Handing the lesson in as read makes its place worthless: send nothing after it.
  article.querySelectorAll('form[method="post"]').forEach((form) => {
    form.addEventListener("submit", () => { sent = here(); window.clearTimeout(timer); });
  });
  soon();
})();
