/* The meeting room: arrows, space and page keys turn the slides, Esc leaves. The links do the same. */

"use strict";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === " " && event.target.closest("a, button, summary")) return;
  const turns = {
    ArrowRight: "forth",
    PageDown: "forth",
    " ": "forth",
    ArrowLeft: "back",
    PageUp: "back",
    Escape: "leave",
  };
  if (event.key.startsWith("Arrow") && event.target.closest("[role='region']")) return;
  const link = document.querySelector(`a[data-turn="${turns[event.key]}"]`);
  if (link) {
    event.preventDefault();
    window.location.assign(link.href);
  }
});
