/* On a phone a dashboard says its answer first: sections marked data-fold start folded, of tables
   marked data-first-rows only so many rows are shown, and a button shows the rest. Without scripts,
   on a wide screen and on paper everything stands open, and on paper what is marked data-print too. */

"use strict";

(() => {
  const phone = window.matchMedia("(max-width: 47.99rem)");
  const folds = [...document.querySelectorAll("details[data-fold]")];
  const printed = [...folds, ...document.querySelectorAll("details[data-print]")];

  function cut(table) {
    const shown = Number(table.dataset.firstRows);
    const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
    if (rows.length <= shown + 1) return;
    const more = document.createElement("button");
    more.type = "button";
    more.className = "button first-rows__more";
    more.textContent = `${rows.length}件をすべて見る`;
    more.addEventListener("click", () => {
      table.classList.remove("first-rows");
      more.remove();
      rows[shown].querySelector("a")?.focus();
    });
    for (const row of rows.slice(shown)) row.classList.add("first-rows__rest");
    table.classList.add("first-rows");
    table.after(more);
  }

  // What the address points at stays open.
  function isAskedFor(fold) {
    const asked = document.querySelector(":target");
    return asked !== null && fold.parentElement.contains(asked);
  }

  if (phone.matches) {
    for (const fold of folds) fold.open = isAskedFor(fold);
    for (const table of document.querySelectorAll("table[data-first-rows]")) cut(table);
  }

  // A phone that is turned has room for everything again.
  phone.addEventListener("change", () => {
    if (!phone.matches) for (const fold of folds) fold.open = true;
  });

  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = printed.filter((fold) => !fold.open);
    for (const fold of closed) fold.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const fold of closed) fold.open = false;
  });
})();
