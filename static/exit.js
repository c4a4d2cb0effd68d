// The quick exit takes the place of this page in the history, so that "back" does not return to it.
document.querySelectorAll("[data-exit]").forEach((link) =>
  link.addEventListener("click", (event) => {
    event.preventDefault();
    window.location.replace(link.href);
  }),
);
