/* Choosing rows of a list for an act on many. Without scripts each row is chosen by itself. */

"use strict";

(() => {
  const form = document.querySelector("form[data-choosing]");
  const all = form?.querySelector("[data-choose-all]");
  if (!all) return;

  const boxes = [...form.querySelectorAll('input[name="item"]')];
  const told = form.querySelector("[data-chosen-count]");

  function tell() {
    const count = boxes.filter((box) => box.checked).length;
    told.textContent = `選んだ${count}件`;
    all.checked = count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
  }

  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    tell();
  });
  form.addEventListener("change", tell);
  form.querySelector("[data-choose-all-place]").hidden = false;
  tell();
})();
