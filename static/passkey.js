// Passkeys: asks the device when a form marked data-passkey is sent, and sends its answer with it.
// Without this script such forms stay hidden, and codes are the way.
(() => {
  "use strict";

  const REFUSED = "Nothing was sent: the device was not asked to the end. Try again, or use another way.";

  function bytes(text) {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (one) => one.charCodeAt(0));
  }

  function text(buffer) {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  const named = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

  // What the server wrote as text becomes bytes, which is what browsers want.
  function readable(options) {
    const made = { ...options, challenge: bytes(options.challenge) };
    if (options.user) {
      made.user = { ...options.user, id: bytes(options.user.id) };
      made.excludeCredentials = named(options.excludeCredentials);
    } else {
      made.allowCredentials = named(options.allowCredentials);
    }
    return made;
  }

  function written(credential) {
    const given = credential.response;
    const response = { clientDataJSON: text(given.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (given[name]) response[name] = text(given[name]);
    }
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response,
      clientExtensionResults: {},
    });
  }

  // Ask the device what the server wants signed; return its answer as text.
  // Rejects with an Error whose message can be shown.
  async function ask(address) {
    const token = document.querySelector('meta[name="csrf-token"]').content;
    let answer;
    try {
      answer = await fetch(address, {
        method: "POST",
        headers: { Accept: "application/json", "X-CSRFToken": token },
        credentials: "same-origin",
      });
    } catch {
      throw new Error("The server does not answer. Try again in a moment.");
    }
    const told = await answer.json().catch(() => ({}));
    if (told.to) {
      location.assign(told.to);
      return new Promise(() => {}); // the page is being left
    }
    if (!answer.ok) throw new Error(told.detail ?? "The server refused. Reload the page and try again.");
    const publicKey = readable(told);
    let credential;
    try {
      credential = publicKey.user
        ? await navigator.credentials.create({ publicKey })
        : await navigator.credentials.get({ publicKey });
    } catch (problem) {
      const is = problem.name === "InvalidStateError";
      throw new Error(is ? "This device has a passkey for you here already." : REFUSED);
    }
    if (!credential) throw new Error(REFUSED);
    return written(credential);
  }

  window.roundsPasskey = window.PublicKeyCredential ? { ask } : null;

  function say(form, sentence) {
    const place = form.querySelector("[data-said]");
    place.textContent = sentence;
    place.hidden = !sentence;
  }

  async function sent(event) {
    event.preventDefault();
    const form = event.target;
    const button = form.querySelector("button");
    button.disabled = true;
    say(form, "");
    try {
      form.elements.credential.value = await ask(form.dataset.passkey);
      // What is ticked or typed elsewhere on the page counts for this way too.
      const tick = document.getElementById("shared");
      if (form.elements.shared && tick) form.elements.shared.value = tick.checked ? "y" : "";
      form.submit();
    } catch (problem) {
      say(form, problem.message);
      button.disabled = false;
    }
  }

  for (const part of document.querySelectorAll("[data-with-passkey]")) part.hidden = !window.PublicKeyCredential;
  for (const form of document.querySelectorAll("form[data-passkey]")) form.addEventListener("submit", sent);
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
})();
