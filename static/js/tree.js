/* Building a plan's tree: rows are moved by dragging their handle, or by Alt and an arrow key.
   The server answers with the tree as it is then. Which branches stand open, and where the focus
   is, stays as it was. Without this script every row still has its link 「移動」. */

"use strict";

(() => {
  const tree = () => document.getElementById("plan-tree");
  const dialog = () => document.getElementById("tree-dialog");

  function announce(text) {
    document.getElementById("announcer").textContent = text;
  }

  // Rows and places ---------------------------------------------------------------------------

  const rowOf = (element) => element?.closest?.("#plan-tree li[data-move]");
  const parentOf = (row) => row.parentElement.closest("#plan-tree li[data-pk]");

  function rowsUnder(parent, kind) {
    const list = parent
      ? parent.querySelector(":scope > details > ul")
      : tree().querySelector(":scope > .tree");
    return list ? [...list.querySelectorAll(`:scope > li[data-kind="${kind}"]`)] : [];
  }

  // The place beside `sibling`, counted among the others there, as the server counts.
  function beside(row, sibling, after) {
    const parent = parentOf(sibling);
    const others = rowsUnder(parent, row.dataset.kind).filter((other) => other !== row);
    return { parent, index: others.indexOf(sibling) + (after ? 1 : 0) };
  }

  function lastUnder(row, parent) {
    const others = rowsUnder(parent, row.dataset.kind).filter((other) => other !== row);
    return { parent, index: others.length };
  }

  let busy = false;

  function move(row, place) {
    busy = true;
    htmx.ajax("POST", row.dataset.move, {
      source: row,
      target: "#plan-tree",
      swap: "outerHTML",
      values: {
        parent: place.parent ? place.parent.dataset.pk : "",
        index: place.index,
        version: row.dataset.version,
      },
    });
  }

  // Keys ---------------------------------------------------------------------------------------

  // Where a key would put the row; a text where it cannot.
  function placeByKey(row, key) {
    const siblings = rowsUnder(parentOf(row), row.dataset.kind);
    const here = siblings.indexOf(row);
    if (key === "ArrowUp") {
      return here > 0 ? beside(row, siblings[here - 1], false) : "この並びの先頭です。";
    }
    if (key === "ArrowDown") {
      return here < siblings.length - 1
        ? beside(row, siblings[here + 1], true)
        : "この並びの末尾です。";
    }
    if (row.dataset.kind === "placement") {
      return "事業を別の施策へ移すには、「移動」を使ってください。";
    }
    if (key === "ArrowRight") {
      return here > 0
        ? lastUnder(row, siblings[here - 1])
        : "前に同じ並びの施策がないため、下げられません。";
    }
    const parent = parentOf(row);
    return parent ? beside(row, parent, true) : "いちばん上の階層です。";
  }

  // Keys that come while the server still answers wait for their turn.
  let waiting = [];

  function moveByKey(row, key) {
    const place = placeByKey(row, key);
    if (typeof place === "string") {
      waiting = [];
      announce(place);
    } else {
      move(row, place);
    }
  }

  const KEYS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"];

  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!KEYS.includes(event.key) || event.target.closest("input, select, textarea")) return;
    const row = rowOf(event.target);
    if (!row) return;
    // Alt and an arrow would leave the page.
    event.preventDefault();
    if (busy) waiting.push([row.id, event.key]);
    else moveByKey(row, event.key);
  });

  function nextWaiting() {
    const next = waiting.shift();
    const row = next && document.getElementById(next[0]);
    if (row) moveByKey(row, next[1]);
  }

  // Dragging -----------------------------------------------------------------------------------

  const START = 4; // px before a press becomes a drag
  const EDGE = 64; // px from the window's edge in which it scrolls
  const OPEN_AFTER = 700; // ms over a closed branch

  let drag = null;

  function dropAt(row, x, y) {
    const over = document.elementFromPoint(x, y)?.closest("#plan-tree .tree__row");
    const target = rowOf(over);
    if (!target || row.contains(target)) return null;
    const box = over.getBoundingClientRect();
    const share = (y - box.top) / box.height;
    if (row.dataset.kind === "placement") {
      if (target.dataset.kind === "measure") return into(row, target, over, lastUnder(row, target));
      return line(row, target, over, share > 0.5);
    }
    if (target.dataset.kind !== "measure") return null;
    if (share < 0.3) return line(row, target, over, false);
    if (share < 0.7) return into(row, target, over, lastUnder(row, target));
    // Below the head of an open branch comes its first child, not its next sibling.
    const open = target.querySelector(":scope > details[open]");
    const first = open && rowsUnder(target, "measure").find((other) => other !== row);
    if (first) return line(row, first, first.querySelector(":scope > .tree__row"), false);
    return line(row, target, over, true);
  }

  function into(row, target, element, place) {
    return { ...place, element, mode: "into", text: `「${target.dataset.name}」の下へ` };
  }

  function line(row, target, element, after) {
    const mode = after ? "after" : "before";
    const text = `「${target.dataset.name}」の${after ? "後" : "前"}へ`;
    return { ...beside(row, target, after), element, mode, text };
  }

  function showDrop(drop) {
    const mark = drag.mark;
    mark.hidden = !drop;
    document.body.classList.toggle("is-dragging--nowhere", !drop);
    if (!drop) return;
    const box = drop.element.getBoundingClientRect();
    const frame = tree().getBoundingClientRect();
    mark.className = `tree-drop tree-drop--${drop.mode}`;
    mark.style.left = `${box.left - frame.left}px`;
    mark.style.width = `${box.width}px`;
    mark.style.top = `${(drop.mode === "after" ? box.bottom : box.top) - frame.top}px`;
    mark.style.height = drop.mode === "into" ? `${box.height}px` : "";
    mark.firstElementChild.textContent = drop.text;
  }

  function openSoon(drop) {
    const closed = drop?.mode === "into" &&
      drop.element.parentElement.querySelector(":scope > details:not([open])");
    if (drag.closed === closed) return;
    clearTimeout(drag.opening);
    drag.closed = closed;
    if (closed) drag.opening = setTimeout(() => (closed.open = true), OPEN_AFTER);
  }

  function scrollAtEdge() {
    if (!drag?.started) return;
    if (drag.y < EDGE) window.scrollBy(0, -12);
    else if (drag.y > window.innerHeight - EDGE) window.scrollBy(0, 12);
    requestAnimationFrame(scrollAtEdge);
  }

  function startDrag() {
    drag.started = true;
    drag.mark = document.createElement("div");
    drag.mark.append(document.createElement("span"));
    drag.mark.hidden = true;
    tree().append(drag.mark);
    drag.row.classList.add("is-dragged");
    document.body.classList.add("is-dragging");
    requestAnimationFrame(scrollAtEdge);
  }

  function endDrag() {
    if (drag.started) {
      clearTimeout(drag.opening);
      drag.mark.remove();
      drag.row.classList.remove("is-dragged");
      document.body.classList.remove("is-dragging", "is-dragging--nowhere");
    }
    drag = null;
  }

  document.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest("#plan-tree .tree-edit__handle");
    if (!handle || event.button !== 0 || busy) return;
    event.preventDefault();
    drag = { row: rowOf(handle), pointer: event.pointerId, x: event.clientX, y: event.clientY };
  });

  document.addEventListener("pointermove", (event) => {
    if (!drag || event.pointerId !== drag.pointer) return;
    if (!drag.started) {
      if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < START) return;
      startDrag();
    }
    drag.y = event.clientY;
    const drop = dropAt(drag.row, event.clientX, event.clientY);
    showDrop(drop);
    openSoon(drop);
  });

  document.addEventListener("pointerup", (event) => {
    if (!drag || event.pointerId !== drag.pointer) return;
    const { row, started } = drag;
    const drop = started && dropAt(row, event.clientX, event.clientY);
    endDrag();
    if (drop) move(row, drop);
  });

  document.addEventListener("pointercancel", () => drag && endDrag());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && drag) {
      endDrag();
      announce("移動をやめました。");
    }
  });

  // The dialog, and forms in the tree ----------------------------------------------------------

  document.addEventListener("click", (event) => {
    if (event.target.closest("#tree-dialog [data-close-dialog]")) {
      event.preventDefault();
      dialog().close();
    }
    const closing = event.target.closest("#plan-tree [data-close-form]");
    if (closing) {
      event.preventDefault();
      const slot = closing.closest(".tree-edit__add");
      slot.replaceChildren();
      slot.dispatchEvent(new CustomEvent("tree:closed", { bubbles: true }));
    }
  });

  document.addEventListener("tree:closed", (event) => {
    const row = event.target.closest("li[data-pk]");
    row?.querySelector(".tree-edit__action")?.focus();
  });

  // After an answer ----------------------------------------------------------------------------

  let openBefore = null;

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "plan-tree" || !event.detail.shouldSwap) return;
    const branches = [...tree().querySelectorAll("li[data-pk] > details")];
    openBefore = new Map(branches.map((branch) => [branch.parentElement.id, branch.open]));
  });

  function keepOpen() {
    for (const [id, open] of openBefore || []) {
      const branch = document.querySelector(`#${id} > details`);
      if (branch) branch.open = open;
    }
    openBefore = null;
  }

  function focusMoved() {
    const id = tree().dataset.focus;
    const element = id && document.getElementById(id);
    if (!element) return;
    for (let row = parentOf(element.closest("li") || element); row; row = parentOf(row)) {
      row.querySelector(":scope > details").open = true;
    }
    element.focus();
    element.closest(".tree__row, form")?.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("htmx:afterSettle", (event) => {
    const target = event.detail.target;
    if (target.id === "tree-dialog") {
      if (!dialog().open) dialog().showModal();
      const title = dialog().querySelector(".dialog__title");
      dialog().querySelector("[aria-invalid='true'], select, button, a")?.focus();
      if (title) announce(title.textContent);
    } else if (target.closest(".tree-edit__add")) {
      target.querySelector("form")?.scrollIntoView({ block: "nearest" });
      const level = target.querySelector("select[name='level']");
      const first = level && !level.value ? "select[name='level']" : "[name='name']";
      target.querySelector(`[aria-invalid='true'], ${first}`)?.focus();
    } else if (openBefore) {
      dialog().close();
      keepOpen();
      focusMoved();
    }
  });

  document.addEventListener("htmx:afterRequest", () => {
    busy = false;
    // What was just swapped settles a moment later.
    setTimeout(() => !dialog()?.open && nextWaiting(), 50);
  });
})();
