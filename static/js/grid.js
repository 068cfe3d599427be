/* The entry grid: saves each row when its cell is left, one request after the other, and moves like
   a spreadsheet. Without it every row is an ordinary form with a button. */

"use strict";

(() => {
  const { Row, Storage, button, element, isBlock, paste, readBlock, setValue, valueOf } =
    window.portalGrid;
  const grid = document.getElementById("grid");
  const { user, cycle } = grid.dataset;
  const storage = new Storage(user, cycle);
  const rows = new Map();
  for (const tr of grid.querySelectorAll(".entry-row")) {
    const row = new Row(tr, storage);
    rows.set(row.item, row);
  }
  grid.classList.add("grid--live");

  const rowOf = (node) => rows.get(node.closest(".entry-row")?.dataset.item);
  const cellOf = (node) => (node instanceof Element ? node.closest("[data-cell]") : null);
  const dirtyRows = () => [...rows.values()].filter((row) => row.isDirty);

  function announce(text) {
    document.getElementById("announcer").textContent = text;
  }

  // The bar at the foot ----------------------------------------------------------------------

  function count() {
    const unsaved = dirtyRows().length;
    const place = grid.querySelector("[data-unsaved-count]");
    place.textContent = `未保存 ${unsaved}件`;
    place.dataset.unsaved = unsaved;
    const filled = [...rows.values()].filter((row) => "filled" in row.tr.dataset).length;
    grid.querySelector("[data-filled-count]").textContent = filled;
  }

  grid.addEventListener("grid:state", () => {
    count();
    tellPasted();
  });

  window.addEventListener("beforeunload", (event) => {
    if (dirtyRows().length) event.preventDefault();
  });

  grid.querySelector("[data-submit-link]")?.addEventListener("click", async (event) => {
    if (!dirtyRows().length) return;
    event.preventDefault();
    const { href } = event.currentTarget;
    dirtyRows().filter((row) => row.state === "unsaved").forEach(enqueue);
    await idle();
    const [first] = dirtyRows();
    if (!first) {
      window.location.assign(href);
      return;
    }
    announce(`保存していない行が${dirtyRows().length}件あるため、まだ提出できません。`);
    first.tr.scrollIntoView({ block: "center" });
    first.controls[0].focus();
  });

  // Saving -----------------------------------------------------------------------------------

  const FIRST_DELAY = 1000;
  const LONGEST_DELAY = 30000;
  const TIME_LIMIT = 20000;
  let queue = [];
  let isSending = false;
  let needsSignIn = false;
  let wasAsked = false;
  let delay = FIRST_DELAY;
  let wake = () => {};
  let whenIdle = [];

  function enqueue(row) {
    if (!queue.includes(row)) queue.push(row);
    send();
  }

  function idle() {
    return isSending ? new Promise((resolve) => whenIdle.push(resolve)) : Promise.resolve();
  }

  async function send() {
    if (isSending || needsSignIn) return;
    isSending = true;
    while (queue.length && !needsSignIn) {
      const row = queue.shift();
      if (!row.isDirty || row.isLocked || row.state === "conflict") continue;
      if (await save(row)) {
        delay = FIRST_DELAY;
      } else {
        queue = [row, ...queue.filter((other) => other !== row)];
        releaseIdle();
        if (!needsSignIn) await pause();
      }
    }
    isSending = false;
    releaseIdle();
  }

  function releaseIdle() {
    whenIdle.forEach((resolve) => resolve());
    whenIdle = [];
  }

  function pause() {
    const waiting = new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, delay);
    });
    delay = Math.min(delay * 2, LONGEST_DELAY);
    return waiting;
  }

  window.addEventListener("online", () => wake());

  // Who has signed in in another tab comes back to this one.
  function goOn() {
    if (!needsSignIn || document.visibilityState === "hidden") return;
    needsSignIn = false;
    send();
  }
  window.addEventListener("focus", goOn);
  document.addEventListener("visibilitychange", goOn);
  setInterval(goOn, 15000);

  async function request(row, values) {
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] || "";
    return fetch(row.tr.dataset.url, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.timeout(TIME_LIMIT),
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token, "X-Entry-User": user },
      body: JSON.stringify({ version: row.version, values }),
    });
  }

  // Sends one row; false if it has to be sent again.
  async function save(row) {
    const sent = row.read();
    row.show("saving");
    let answer;
    try {
      answer = await request(row, sent);
    } catch {
      const reason = navigator.onLine ? "サーバーから返事がありません。" : "ネットワークにつながっていません。";
      row.show("failed", element("p", "", `${reason}つながると自動で保存します。入力した内容はこのパソコンに残っています。`));
      return false;
    }
    const told = await answer.json().catch(() => null);
    // Without the cookies of a session the door says 403 before anybody has looked at the row.
    const isOutside = answer.type === "opaqueredirect" || answer.status === 401;
    if (isOutside || (answer.status === 403 && !told)) return askToSignIn(row);
    if (answer.status >= 500 || answer.status === 429) {
      row.show("failed", element("p", "", `サーバーが保存できませんでした（エラー ${answer.status}）。少し待って、自動でやり直します。`));
      return false;
    }
    settle(row, answer.status, told, sent);
    return true;
  }

  function settle(row, status, told, sent) {
    if (status === 200 && told) {
      row.take(told, sent);
      wasAsked = false;
      if (!pasted) announce(`${row.title}：${told.understood || ""}${told.filled ? "保存しました" : "未入力に戻しました"}`);
      if (row.isDirty && document.activeElement?.closest(".entry-row") !== row.tr) enqueue(row);
    } else if (status === 409 && told) {
      showConflict(row, told);
    } else if (status === 422 && told) {
      row.refuse(told.errors);
      announce(`${row.title}：保存できませんでした。${row.message}`);
    } else if (status === 423 && told) {
      row.lock(told.reason);
      announce(`${row.title}：${told.reason}`);
    } else {
      const reason = told?.reason || "この項目が見つかりません。照会から外された可能性があります。";
      row.refuse({ "": [`${reason}ページを読み込み直してください。入力した内容はこのパソコンに残っています。`] });
    }
    tellPasted();
  }

  function askToSignIn(row) {
    if (!wasAsked) announce("サインインの有効期限が切れました。入力した内容は残っています。");
    needsSignIn = wasAsked = true;
    const link = element("a", "", "新しいタブでサインインする");
    link.href = document.body.dataset.signIn;
    link.target = "_blank";
    row.show(
      "unsaved",
      element("p", "entry-row__message", "＊サインインの有効期限が切れたか、別の利用者がサインインしています。サインインしてこの画面に戻ると、続きから保存します。"),
      element("p", "", link),
    );
    return false;
  }

  function showConflict(row, told) {
    const list = element("dl", "entry-row__both");
    for (const { label, theirs, mine } of told.both) {
      list.append(element("dt", "", label), element("dd", "", `相手「${theirs}」`), element("dd", "", `自分「${mine}」`));
    }
    const keepMine = button("自分の値にする", () => {
      row.version = told.version;
      row.acked = { ...row.acked, ...told.values };
      row.show("unsaved");
      row.touch();
      enqueue(row);
    });
    const takeTheirs = button("相手の値にする", () => {
      row.take(told, null);
      announce(`${row.title}：相手の値にしました。`);
    });
    row.show("conflict");
    row.tell(element("p", "entry-row__message", `＊${told.reason}`), list, element("div", "button-group", keepMine, takeTheirs));
    announce(`${row.title}：${told.reason}`);
  }

  function commit(row) {
    if (row?.isDirty && !row.isLocked && row.state !== "conflict") enqueue(row);
  }

  // Typing and moving ------------------------------------------------------------------------

  let editing = null;
  const CHOICE_PAUSE = 800;

  function setEditing(cell) {
    editing?.removeAttribute("data-editing");
    editing = cell;
    cell?.setAttribute("data-editing", "");
  }

  const isText = (cell) => cell.matches("input[type='text'], textarea");

  grid.addEventListener("input", (event) => {
    const cell = cellOf(event.target);
    if (!cell) return;
    const row = rowOf(cell);
    cell.dataset.typedAt = Date.now();
    row.clearError(cell);
    row.touch();
    if (cell.type === "checkbox") commit(row);
    else if (cell.tagName === "SELECT") setTimeout(() => commit(row), CHOICE_PAUSE);
  });

  grid.addEventListener("focusin", (event) => {
    const cell = cellOf(event.target);
    setEditing(null);
    if (!cell) return;
    cell.portalBefore = valueOf(cell);
    if (isText(cell)) cell.select();
  });

  grid.addEventListener("focusout", (event) => {
    const cell = cellOf(event.target);
    if (cell) commit(rowOf(cell));
  });

  // The first click of a mouse chooses the cell as a whole, the second one sets the caret.
  grid.addEventListener("pointerdown", (event) => {
    const cell = cellOf(event.target);
    if (!cell || !isText(cell)) return;
    if (event.pointerType !== "mouse" || document.activeElement === cell) {
      setTimeout(() => document.activeElement === cell && setEditing(cell));
    } else {
      cell.addEventListener("mouseup", (up) => up.preventDefault(), { once: true });
    }
  });

  grid.addEventListener("compositionstart", (event) => setEditing(cellOf(event.target)));

  grid.addEventListener("submit", (event) => {
    if (!event.target.matches(".entry-row__form")) return;
    event.preventDefault();
    commit(rowOf(event.target));
  });

  // The same field in the next row of the table that has it.
  function below(cell, step) {
    const lines = [...cell.closest("table").querySelectorAll(".entry-row")];
    for (let at = lines.indexOf(cell.closest(".entry-row")) + step; lines[at]; at += step) {
      const row = rowOf(lines[at]);
      const found = row.isLocked ? null : row.control(cell.name);
      if (found) return found;
    }
    return null;
  }

  function beside(cell, step) {
    const { controls } = rowOf(cell);
    return controls[controls.indexOf(cell) + step] || null;
  }

  function moveTo(cell, from) {
    if (cell) {
      cell.focus();
      cell.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else {
      commit(rowOf(from));
      setEditing(null);
      if (isText(from)) from.select();
    }
  }

  function breakLine(cell) {
    cell.setRangeText("\n", cell.selectionStart, cell.selectionEnd, "end");
    cell.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function restore(cell) {
    setValue(cell, cell.portalBefore);
    cell.dispatchEvent(new Event("input", { bubbles: true }));
    setEditing(null);
    if (isText(cell)) cell.select();
  }

  const ARROWS = {
    ArrowUp: (cell) => below(cell, -1),
    ArrowDown: (cell) => below(cell, 1),
    ArrowLeft: (cell) => beside(cell, -1),
    ArrowRight: (cell) => beside(cell, 1),
  };

  grid.addEventListener("keydown", (event) => {
    const cell = cellOf(event.target);
    // What an input method is composing is its own business.
    if (!cell || event.isComposing || event.keyCode === 229) return;
    const isEditing = editing === cell;
    const chord = event.ctrlKey || event.metaKey || event.altKey;
    if (event.key === "Enter" && event.altKey && cell.tagName === "TEXTAREA") {
      event.preventDefault();
      setEditing(cell);
      breakLine(cell);
    } else if (event.key === "Enter" && !chord) {
      event.preventDefault();
      moveTo(below(cell, event.shiftKey ? -1 : 1), cell);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      restore(cell);
    } else if (event.key === "F2") {
      event.preventDefault();
      setEditing(cell);
      if (isText(cell)) cell.setSelectionRange(cell.value.length, cell.value.length);
      else if (cell.tagName === "SELECT") cell.showPicker?.();
    } else if (event.key in ARROWS && !chord && !event.shiftKey) {
      const isVertical = event.key === "ArrowUp" || event.key === "ArrowDown";
      if (isEditing && !(isVertical && cell.tagName === "INPUT")) return;
      event.preventDefault();
      const next = ARROWS[event.key](cell);
      if (next) moveTo(next, cell);
    } else if (isText(cell) && !chord && (event.key.length === 1 || /^(Backspace|Delete)$/.test(event.key))) {
      setEditing(cell);
    }
  });

  // Pasting a block --------------------------------------------------------------------------

  const pastedPlace = grid.querySelector("[data-pasted]");
  let pasted = null;

  grid.addEventListener("paste", (event) => {
    const cell = cellOf(event.target);
    if (!cell || !("pastes" in cell.dataset)) return;
    const lines = readBlock(event.clipboardData.getData("text/plain"));
    const isProse = cell.tagName === "TEXTAREA" && editing === cell;
    if (isProse || (!isBlock(lines) && cell.tagName !== "SELECT")) return;
    event.preventDefault();
    fill(cell, lines);
  });

  function fill(start, lines) {
    const trs = [...start.closest("table").querySelectorAll(".entry-row")];
    const first = trs.indexOf(start.closest(".entry-row"));
    const names = rowOf(start).controls.filter((c) => "pastes" in c.dataset).map((c) => c.name);
    const column = names.indexOf(start.name);
    pasted = { changes: [], rows: new Set(), skipped: [], outside: 0, unknown: [], at: Date.now() };
    lines.forEach((texts, i) => {
      const row = trs[first + i] && rowOf(trs[first + i]);
      if (!row) pasted.outside += 1;
      else if (row.isLocked) pasted.skipped.push(row.title);
      else fillRow(row, names.slice(column), texts);
    });
    for (const row of pasted.rows) {
      row.touch();
      commit(row);
    }
    tellPasted();
    announce(pastedPlace.textContent);
  }

  function fillRow(row, names, texts) {
    texts.forEach((text, i) => {
      const control = row.control(names[i]);
      if (text.trim() === "") return;
      if (!control) {
        pasted.unknown.push({ row, text, reason: "入れる欄がありません。" });
        return;
      }
      const before = valueOf(control);
      if (!paste(control, text)) {
        const reason = `${row.labelOf(control)}の一覧にありません。`;
        pasted.unknown.push({ row, text, reason, control });
        return;
      }
      row.clearError(control);
      pasted.changes.push({ row, control, before });
      pasted.rows.add(row);
    });
  }

  const BAD_STATES = ["refused", "conflict", "locked"];

  function tellPasted() {
    if (!pasted) return;
    const refused = [...pasted.rows].filter((row) => row.isDirty && BAD_STATES.includes(row.state));
    const notes = [element("p", "", `${pasted.changes.length}個の値を${pasted.rows.size}行に貼り付けました。`)];
    if (pasted.skipped.length) {
      notes.push(element("p", "", `編集できない${pasted.skipped.length}行は飛ばしました：${pasted.skipped.join("、")}`));
    }
    if (pasted.outside) notes.push(element("p", "", `表より下の${pasted.outside}行は入りませんでした。`));
    const faults = [
      ...pasted.unknown.map(({ row, text, reason, control }) => fault(row, `「${text}」は${reason}`, control)),
      ...refused.map((row) => fault(row, row.message, row.controls.find((c) => c.ariaInvalid === "true"))),
    ];
    if (faults.length) {
      notes.push(element("p", "", element("strong", "", `入らなかったもの、保存できなかったもの：${faults.length}件`)), element("ul", "", ...faults));
    }
    const close = button("閉じる", () => {
      pasted = null;
      pastedPlace.hidden = true;
    });
    notes.push(element("div", "button-group", button("元に戻す", undo), close));
    pastedPlace.className = `grid__notice${faults.length ? " grid__notice--faults" : ""}`;
    pastedPlace.replaceChildren(...notes);
    pastedPlace.hidden = false;
  }

  function fault(row, text, control) {
    const target = control || row.controls[0];
    const link = element("a", "", row.title);
    link.href = `#${target.id}`;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      target.focus();
    });
    return element("li", "", link, `：${text}`);
  }

  function undo() {
    const { changes, rows: touched, at } = pasted;
    pasted = null;
    for (const { control, before } of changes.reverse()) {
      if (!(Number(control.dataset.typedAt) > at)) setValue(control, before);
    }
    for (const row of touched) {
      row.controls.forEach((control) => row.clearError(control));
      row.touch();
      commit(row);
    }
    pastedPlace.replaceChildren(element("p", "", `${changes.length}個の値を、貼り付ける前に戻しました。`));
    announce(pastedPlace.textContent);
  }

  // What a former visit has left -------------------------------------------------------------

  const leftPlace = grid.querySelector("[data-left-over]");
  let left = storage.leftOver();
  left = left.filter((entry) => {
    const row = rows.get(entry.item);
    const known = row?.controls.every((c) => (entry.values[c.name] ?? "") === row.acked[c.name]);
    if (known && row.controls.length) storage.forget(entry);
    return !(known && row.controls.length);
  });

  function tellLeft() {
    leftPlace.hidden = !left.length;
    if (!left.length) return;
    const items = left.map((entry) => {
      const row = rows.get(entry.item);
      const canGoBack = row && row.controls.length && !row.isLocked;
      const told = entry.shown.map(([label, text]) => `${label}「${text}」`).join("、");
      const why = canGoBack ? "" : "（いまは編集できないため、戻せません）";
      const buttons = [button("捨てる", () => leave([entry]))];
      if (canGoBack) buttons.unshift(button("戻す", () => bringBack([entry])));
      return element("li", "", element("p", "", element("strong", "", entry.title), `：${told}${why}`), element("div", "button-group", ...buttons));
    });
    leftPlace.className = "grid__notice grid__notice--left";
    leftPlace.replaceChildren(
      element("p", "", element("strong", "", `前回保存できなかった入力が${left.length}件あります`)),
      element("div", "button-group", button("すべて戻す", () => bringBack([...left])), button("すべて捨てる", () => leave([...left]))),
      element("ul", "", ...items),
    );
  }

  function leave(entries) {
    entries.forEach((entry) => storage.forget(entry));
    left = left.filter((entry) => !entries.includes(entry));
    tellLeft();
    announce(`${entries.length}件の入力を捨てました。`);
  }

  // With the version that it was typed on: what somebody has saved since is a conflict.
  function bringBack(entries) {
    const known = entries.filter((entry) => rows.get(entry.item)?.controls.length);
    for (const entry of known) {
      const row = rows.get(entry.item);
      storage.forget(entry);
      row.version = entry.version;
      row.write(entry.values);
      row.touch();
      commit(row);
    }
    left = left.filter((entry) => !known.includes(entry));
    tellLeft();
    announce(`${known.length}件の入力を戻しました。`);
  }

  tellLeft();
  if (left.length) announce(`前回保存できなかった入力が${left.length}件あります`);
  // What the browser itself has kept in the fields over a reload.
  dirtyRows().forEach((row) => row.touch());
  count();
})();
