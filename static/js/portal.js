/* What every page shares. Nothing here is needed to read or to send a form: without scripts the
   menus stand open, confirmations are skipped and lists follow their button. */

"use strict";

(() => {
  const announcer = () => document.getElementById("announcer");

  function announce(text) {
    announcer().textContent = text;
  }

  // Banners ---------------------------------------------------------------------------------

  function showError(...sentences) {
    const banner = document
      .getElementById("error-banner")
      .content.firstElementChild.cloneNode(true);
    const body = banner.querySelector(".banner__body");
    body.replaceChildren(
      ...sentences.map((sentence) => {
        const paragraph = document.createElement("p");
        paragraph.append(sentence);
        return paragraph;
      }),
    );
    const close = document.createElement("button");
    close.type = "button";
    close.className = "button button--small banner__close";
    close.textContent = "閉じる";
    close.addEventListener("click", clearError);
    banner.append(close);
    banner.classList.add("banner--floating");
    // One banner about requests at a time: the newest says what holds.
    clearError();
    document.getElementById("messages").append(banner);
  }

  function clearError() {
    document.querySelector("#messages > .banner--floating")?.remove();
  }

  // Toggles (menu and filter on a phone) -----------------------------------------------------

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-toggle]");
    if (button) {
      const open = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!open));
    }
    for (const menu of document.querySelectorAll(".user-menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  // The page that searches everything, from any page of someone signed in.
  function searchEverything(event) {
    const link = document.querySelector("a[data-search]");
    if (!link) return;
    event.preventDefault();
    window.location.assign(link.href);
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      clearError();
      for (const menu of document.querySelectorAll(".user-menu[open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
    // The key that searches, unless someone is writing.
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    if (event.key === "/" && plain && !event.target.closest("input, select, textarea, dialog")) {
      const search = document.querySelector(".field--search input, input[type='search']");
      if (search) {
        const toggle = document.querySelector(".filter__toggle[aria-expanded='false']");
        if (toggle) toggle.setAttribute("aria-expanded", "true");
        event.preventDefault();
        search.focus();
        search.select();
      } else {
        searchEverything(event);
      }
    }
    const command = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    if (command && event.key.toLowerCase() === "k") searchEverything(event);
  });

  // Confirmation -----------------------------------------------------------------------------

  // What a control says, as its reader sees it.
  function said(control) {
    if (control.type === "checkbox") return control.checked ? "はい" : "いいえ";
    if (control.tagName === "SELECT") return control.selectedOptions[0]?.textContent.trim() || "";
    return control.value.trim();
  }

  function listChanges(source) {
    const list = document.getElementById("confirm-changes");
    const controls = "confirmChanges" in source.dataset ? [...source.querySelectorAll("[data-was]")] : [];
    const lines = controls
      .map((control) => [control, said(control)])
      .filter(([control, now]) => now !== control.dataset.was)
      .map(([control, now]) => {
        const line = document.createElement("li");
        const label = document.createElement("strong");
        label.textContent = control.labels[0].textContent.trim();
        line.append(label, `：${control.dataset.was || "（空欄）"} → ${now || "（空欄）"}`);
        return line;
      });
    if (controls.length && !lines.length) lines.push("書き直した欄はありません。");
    list.replaceChildren(...lines);
    list.hidden = lines.length === 0;
  }

  // Asks, and calls `act` on yes. `source` carries data-confirm-title, -label and -danger.
  function ask(question, source, act) {
    const dialog = document.getElementById("confirm");
    const yes = dialog.querySelector('[data-answer="yes"]');
    dialog.querySelector(".dialog__title").textContent = source.dataset.confirmTitle || "確認";
    dialog.querySelector(".dialog__body").textContent = question;
    listChanges(source);
    yes.textContent = source.dataset.confirmLabel || "実行する";
    yes.classList.toggle("button--danger", "confirmDanger" in source.dataset);
    dialog.returnValue = "";
    dialog.addEventListener("close", () => dialog.returnValue === "yes" && act(), { once: true });
    dialog.showModal();
    dialog.querySelector('[data-answer="no"]').focus();
  }

  document.addEventListener("click", (event) => {
    const answer = event.target.closest("#confirm [data-answer]");
    if (answer) answer.closest("dialog").close(answer.dataset.answer);
  });

  const confirmed = new WeakSet();

  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      const source = event.submitter?.closest("[data-confirm]") || form.closest("[data-confirm]");
      if (!source || confirmed.delete(form)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const submitter = event.submitter;
      ask(source.dataset.confirm, source, () => {
        confirmed.add(form);
        form.requestSubmit(submitter);
      });
    },
    true,
  );

  document.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    ask(event.detail.question, event.detail.elt, () => event.detail.issueRequest(true));
  });

  // Forms with changes that are not saved yet ------------------------------------------------

  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-guard]");
    if (form) form.dataset.changed = "";
  });

  let leavingBySubmit = false;
  let signingOut = false;

  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    delete event.target.dataset.changed;
    leavingBySubmit = event.target.hasAttribute("data-guard");
    signingOut = event.target.hasAttribute("data-sign-out");
  });

  window.addEventListener("pageshow", () => {
    leavingBySubmit = false;
    signingOut = false;
  });

  window.addEventListener("beforeunload", (event) => {
    if (leavingBySubmit) return;
    if (document.querySelector("form[data-guard][data-changed]")) event.preventDefault();
  });

  // What the entry grid keeps in this browser (static/js/grid_rows.js) belongs to one person ---

  function clearEntries(isGoing) {
    for (const key of Object.keys(localStorage)) {
      const [kind, owner] = key.split(":");
      if (kind === "entry" && isGoing(owner)) localStorage.removeItem(key);
    }
  }

  const person = document.body.dataset.user;
  if (person) clearEntries((owner) => owner !== person);

  // Who was asked at leaving and stayed goes on working: the next key or click says so.
  for (const kind of ["pointerdown", "keydown"]) {
    document.addEventListener(kind, () => (signingOut = false), true);
  }

  // Only now is it sure that the person has not stayed to save what the page asked about.
  window.addEventListener("pagehide", () => {
    if (signingOut) clearEntries((owner) => owner === person);
  });

  // Lists: conditions in the address, and what is told after the list has changed -------------

  function isEmpty(value) {
    return typeof value === "string" && value === "";
  }

  document.addEventListener("formdata", (event) => {
    if (!event.target.matches(".filter")) return;
    for (const [name, value] of [...event.formData]) {
      if (isEmpty(value)) event.formData.delete(name);
    }
  });

  // While an input method is composing, what stands in the field is not yet what is meant.
  let composing = false;
  document.addEventListener("compositionstart", () => {
    composing = true;
  });
  document.addEventListener("compositionend", (event) => {
    composing = false;
    if (event.target.closest(".filter")) {
      event.target.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });

  document.addEventListener("htmx:configRequest", (event) => {
    const { elt, parameters, headers } = event.detail;
    // Whoever signed in again in another tab has a new token: the page goes on with it.
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
    if (token) {
      headers["X-CSRFToken"] = token;
      if (parameters.csrfmiddlewaretoken !== undefined) parameters.csrfmiddlewaretoken = token;
    }
    if (!elt.matches(".filter")) return;
    if (composing) {
      event.preventDefault();
      return;
    }
    for (const name of Object.keys(parameters)) {
      if (isEmpty(parameters[name])) delete parameters[name];
    }
  });

  // A sort or page link outside #results still works, as the link that it is.
  document.addEventListener("htmx:targetError", (event) => {
    const link = event.target.closest("a[href]");
    if (link) window.location.assign(link.href);
  });

  // Requests of htmx -------------------------------------------------------------------------

  function changesSomething(event) {
    return event.detail.requestConfig?.verb !== "get";
  }

  document.addEventListener("htmx:afterSwap", clearError);

  function failed(event, reason, outcome) {
    showError(reason, changesSomething(event) ? outcome : "表示は前のままです。");
  }

  const NOT_SAVED = "この操作による変更は保存されていません。";
  const REASONS = {
    400: "送られた内容が正しくないため、処理できませんでした。",
    403: "この操作をする権限がないか、ページを開いてから時間がたちすぎています。ページを読み込み直してください。",
    404: "対象が見つかりませんでした。削除されたか、見る権限がなくなった可能性があります。",
    413: "送られたファイルが大きすぎます。",
    429: "短い時間に多くの操作がありました。少し待ってからやり直してください。",
  };

  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    const reason = REASONS[status] || `システムの問題により、処理できませんでした（エラー ${status}）。`;
    failed(event, reason, NOT_SAVED);
  });

  document.addEventListener("htmx:sendError", (event) => {
    if (navigator.onLine) {
      failed(event, "サーバーから返事がありませんでした。", "変更が保存されたかどうか分かりません。ページを読み込み直して、値を確かめてください。");
    } else {
      failed(event, "ネットワークにつながっていません。", NOT_SAVED);
    }
  });

  document.addEventListener("htmx:timeout", (event) => {
    failed(event, "時間内に返事がありませんでした。", "変更が保存されたかどうか分かりません。ページを読み込み直して、値を確かめてください。");
  });

  document.addEventListener("htmx:swapError", (event) => {
    failed(event, "返事を表示できませんでした。ページを読み込み直してください。", "変更は保存された可能性があります。");
  });

  // A session that has ended answers with the sign-in page: it must not stand inside a list.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const signIn = document.body.dataset.signIn;
    const answered = event.detail.xhr.responseURL;
    if (!signIn || !answered || new URL(answered).pathname !== signIn) return;
    event.detail.shouldSwap = false;
    const link = document.createElement("a");
    link.href = signIn;
    link.target = "_blank";
    link.textContent = "新しいタブでサインインする";
    showError("サインインの有効期限が切れました。", NOT_SAVED, "サインインしたあと、この画面に戻ってもう一度操作してください。", link);
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    const counted = event.detail.elt?.querySelector?.("[data-announce]");
    if (counted) announce(counted.textContent.trim());
    const order = document.querySelector('.filter input[name="ordering"]');
    if (order) order.value = new URLSearchParams(window.location.search).get("ordering") || "";
    focusSummary();
  });

  // Errors of a form are what its person needs next.
  function focusSummary() {
    document.querySelector(".error-summary[data-focus]")?.focus();
  }

  focusSummary();
})();
