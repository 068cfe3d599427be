/* Deciding by keys on the page of approvals: a approves, r returns, j and k (or the arrows) move.
   The keys rest while somebody writes, composes or answers a dialog, and can be turned off. */

"use strict";

(() => {
  const list = document.getElementById("approvals");
  const keys = list?.querySelector("[data-keys]");
  if (!keys) return;

  const on = keys.querySelector("[data-keys-on]");
  const STORED = "approval-keys";
  let current = null;

  const open = () => [...list.querySelectorAll("[data-approval]:not([data-done])")];

  function go(row) {
    current?.removeAttribute("aria-current");
    current = row;
    if (!row) return;
    row.setAttribute("aria-current", "true");
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  // From a row that is decided the next one is that below it, else the last that is open.
  function step(by) {
    const rows = open();
    if (!rows.length) return;
    const at = rows.indexOf(current);
    go(at < 0 ? rows[0] : rows[Math.min(Math.max(at + by, 0), rows.length - 1)]);
  }

  function after(row) {
    const rows = open();
    return rows.find((other) => row.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING) || rows.at(-1) || null;
  }

  function startReturning(row) {
    const details = row.querySelector("[data-return]");
    details.open = true;
    details.querySelector("textarea").focus();
  }

  function isBusy(event) {
    return event.isComposing || event.ctrlKey || event.metaKey || event.altKey ||
      document.querySelector("dialog[open]") !== null ||
      event.target.closest("input, textarea, select, [contenteditable]") !== null;
  }

  const ACTS = {
    a: () => current?.querySelector("[data-approve]")?.click(),
    r: () => current && startReturning(current),
    j: () => step(1),
    ArrowDown: () => step(1),
    k: () => step(-1),
    ArrowUp: () => step(-1),
  };

  document.addEventListener("keydown", (event) => {
    const writing = event.target.closest("[data-return] textarea");
    if (writing && !event.isComposing) {
      const row = writing.closest("[data-approval]");
      if (event.key === "Escape") {
        row.querySelector("[data-return]").open = false;
        go(row);
      } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        writing.form.requestSubmit();
      }
      return;
    }
    if (!on.checked || event.repeat && (event.key === "a" || event.key === "r") || isBusy(event)) return;
    const act = ACTS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  list.addEventListener("focusin", (event) => {
    const row = event.target.closest("[data-approval]:not([data-done])");
    if (!row || row === current) return;
    current?.removeAttribute("aria-current");
    current = row;
    row.setAttribute("aria-current", "true");
  });

  // What still waits on this page: in the lead, and in the head of each department with its form,
  // which then approves no more than what is still there.
  function count() {
    const all = open().length;
    const lead = document.querySelector("[data-waiting-all]");
    if (lead && all === 0) lead.textContent = "このページの項目は、すべて確認しました。";
    else if (lead) lead.querySelector("[data-waiting]").textContent = `${all}件`;
    for (const section of list.querySelectorAll("[data-package]")) {
      const rows = [...section.querySelectorAll("[data-approval]:not([data-done])")];
      const form = section.querySelector("[data-approve-all]");
      for (const place of section.querySelectorAll("[data-waiting]")) place.textContent = `${rows.length}件`;
      form.hidden = rows.length === 0;
      form.dataset.confirm = `${section.dataset.package}の、ここに表示されている${rows.length}件をすべて承認します。`;
      form.dataset.confirmLabel = `${rows.length}件を承認する`;
      form.elements.items.value = rows.map((row) => `${row.id.split("-")[1]}:${row.querySelector("[name='version']").value}`).join(" ");
    }
  }

  // The decided row stays in its place with what became of it; the next one comes.
  document.addEventListener("htmx:afterSwap", (event) => {
    const swapped = event.detail.target;
    const row = document.getElementById(swapped.id);
    if (!row?.matches("[data-approval]")) return;
    const said = row.querySelector("[role='status'], [role='alert']");
    count();
    if (said) document.getElementById("announcer").textContent = `${said.textContent} 残り${open().length}件`;
    go(row.hasAttribute("data-done") ? after(row) : row);
  });

  on.checked = localStorage.getItem(STORED) !== "off";
  on.addEventListener("change", () => localStorage.setItem(STORED, on.checked ? "on" : "off"));
  keys.hidden = false;
  const isShown = keys.offsetParent !== null; // not on a phone
  if (isShown && on.checked && !document.querySelector("[role='alert']")) go(open()[0]);
})();
