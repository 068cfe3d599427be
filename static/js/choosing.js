/* Choosing rows of a list for an act on many. Without scripts each row is chosen by itself. */

"use strict";

(() => {
  const form = document.querySelector("form[data-choosing]");
  const all = form?.querySelector("[data-choose-all]");
  if (!all) return;

  const boxes = [...form.querySelectorAll('input[name="item"]')];
  const told = form.querySelector("[data-chosen-count]");
  const everything = form.querySelector("[data-choose-everything]");

  function tell() {
    for (const box of [...boxes, all]) box.disabled = Boolean(everything?.checked);
    if (everything?.checked) {
      told.textContent = `条件に合う${everything.dataset.chooseEverything}件すべて`;
      return;
    }
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
