/* The rows of the entry grid: what stands in them, what the server has of it, and what they say.
   What is typed and not acknowledged lies in this browser's storage, under the person's number;
   static/js/portal.js clears it at sign-out and when somebody else uses the browser. */

"use strict";

Object.assign(window.portalGrid, (() => {
  const { originalOf, setValue, valueOf } = window.portalGrid;
  const WORDS = {
    untouched: ["info", "未入力"],
    unsaved: ["warning", "未保存"],
    saving: ["info", "保存中…"],
    saved: ["success", "保存済み"],
    warned: ["warning", "保存済み（警告）"],
    failed: ["error", "失敗（自動でやり直します）"],
    refused: ["error", "拒否（保存していません）"],
    conflict: ["error", "拒否（どちらにするか選んでください）"],
    locked: ["lock", "編集不可"],
  };

  function element(tag, className, ...children) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...children);
    return made;
  }

  function button(label, act, className = "button button--small") {
    const made = element("button", className, label);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  }

  class Row {
    constructor(tr, storage) {
      this.tr = tr;
      this.storage = storage;
      this.item = tr.dataset.item;
      this.title = tr.dataset.title;
      this.version = tr.dataset.version;
      this.controls = [...tr.querySelectorAll("[data-cell]")];
      this.acked = Object.fromEntries(this.controls.map((c) => [c.name, originalOf(c)]));
      this.state = tr.dataset.state;
      this.message = "";
    }

    get isLocked() {
      return this.state === "locked";
    }

    get isDirty() {
      return this.controls.some((control) => valueOf(control) !== this.acked[control.name]);
    }

    control(name) {
      return this.controls.find((control) => control.name === name);
    }

    read() {
      return Object.fromEntries(this.controls.map((control) => [control.name, valueOf(control)]));
    }

    write(values) {
      for (const control of this.controls) {
        if (control.name in values) setValue(control, values[control.name]);
      }
    }

    labelOf(control) {
      return control.dataset.name;
    }

    // Something was typed: it is kept here until the server has it.
    touch() {
      if (this.isDirty) {
        this.storage.put(this);
        if (!this.isLocked && this.state !== "conflict") this.show("unsaved");
      } else {
        this.storage.drop(this.item);
        if (this.state !== "conflict") this.show(this.settled());
      }
    }

    settled() {
      if (!("filled" in this.tr.dataset)) return "untouched";
      return "warned" in this.tr.dataset ? "warned" : "saved";
    }

    show(state, ...notes) {
      const [icon, words] = WORDS[state];
      this.state = state;
      this.tr.dataset.state = state;
      const line = this.tr.querySelector(".entry-row__state");
      line.querySelector("[data-state-text]").textContent = words;
      const use = line.querySelector("use");
      use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${icon}`));
      if (notes.length) this.tell(...notes);
      this.tr.dispatchEvent(new CustomEvent("grid:state", { bubbles: true }));
    }

    // What the row says below its state.
    tell(...notes) {
      this.message = notes.map((note) => note.textContent).join(" ");
      this.tr.querySelector("[data-notes]").replaceChildren(...notes);
    }

    // The server has the row so. A cell that was changed since it was sent stays as it is.
    take(answer, sent) {
      this.version = answer.version;
      this.acked = { ...this.acked, ...answer.values };
      for (const control of this.controls) {
        const unchanged = sent === null || valueOf(control) === sent[control.name];
        if (unchanged && control.name in answer.values) {
          setValue(control, answer.values[control.name]);
        }
        this.clearError(control);
      }
      this.tr.toggleAttribute("data-filled", answer.filled);
      this.tr.toggleAttribute("data-warned", answer.needs_comment);
      this.put("[data-understood]", answer.understood && `${answer.understood} として保存`);
      this.put("[data-by]", answer.saved_by);
      this.put("[data-achievement]", answer.achievement?.text);
      this.put("[data-formula]", answer.achievement?.formula);
      this.put("[data-mark]", answer.achievement?.mark && `目安：${answer.achievement.mark}`);
      if (this.isDirty) {
        this.storage.put(this);
        this.show("unsaved");
      } else {
        this.storage.drop(this.item);
        this.show(this.settled());
      }
      this.tell(...answer.warnings.map((text) => element("p", "entry-row__warning", element("strong", "", "警告："), text)));
    }

    put(selector, text) {
      const place = this.tr.querySelector(selector);
      if (place) place.textContent = text || "";
    }

    refuse(errors) {
      const rest = [];
      for (const [name, texts] of Object.entries(errors)) {
        const control = this.control(name);
        if (control) this.setError(control, texts.join(" "));
        else rest.push(...texts);
      }
      const notes = rest.map((text) => element("p", "entry-row__message", `＊${text}`));
      this.show("refused");
      this.tell(...notes);
      this.message = Object.values(errors).flat().join(" ");
    }

    setError(control, text) {
      const place = document.getElementById(`${control.id}-error`);
      control.setAttribute("aria-invalid", "true");
      if (!place) return;
      control.setAttribute("aria-describedby", place.id);
      place.textContent = `＊${text}`;
      place.hidden = false;
    }

    clearError(control) {
      const place = document.getElementById(`${control.id}-error`);
      control.removeAttribute("aria-invalid");
      if (place) place.hidden = true;
    }

    // Nothing can be entered any more; what was typed stays in sight.
    lock(reason) {
      for (const control of this.controls) {
        if (control.tagName === "SELECT" || control.type === "checkbox") control.disabled = true;
        else control.readOnly = true;
      }
      const kept = this.isDirty
        ? [element("p", "", "入力した内容は保存されていません。このパソコンに残っています。")]
        : [];
      this.show("locked", element("p", "small", reason), ...kept);
    }
  }

  class Storage {
    constructor(user, cycle) {
      this.prefix = `entry:${user}:${cycle}:`;
      this.old = new Map();
    }

    put(row) {
      const key = this.prefix + row.item;
      // What a former visit has left there is still to be decided on.
      const old = this.old.get(key);
      if (old) {
        this.write(`${key}:old`, old);
        this.old.delete(key);
        old.key = `${key}:old`;
      }
      const shown = row.controls
        .filter((control) => valueOf(control) !== row.acked[control.name])
        .map((control) => [row.labelOf(control), control.selectedOptions?.[0].text ?? valueOf(control)]);
      const { item, title, version } = row;
      this.write(key, { item, title, version, values: row.read(), shown, at: Date.now() });
    }

    write(key, entry) {
      try {
        localStorage.setItem(key, JSON.stringify(entry));
      } catch {
        // A full or forbidden storage: the row says that it is not saved, and leaving asks.
      }
    }

    drop(item) {
      if (!this.old.has(this.prefix + item)) localStorage.removeItem(this.prefix + item);
    }

    forget(entry) {
      localStorage.removeItem(entry.key);
      this.old.delete(entry.key);
    }

    // What former visits have left, oldest first.
    leftOver() {
      const found = [];
      for (const key of Object.keys(localStorage)) {
        if (!key.startsWith(this.prefix)) continue;
        try {
          const entry = { ...JSON.parse(localStorage.getItem(key)), key };
          found.push(entry);
          this.old.set(key, entry);
        } catch {
          localStorage.removeItem(key);
        }
      }
      return found.sort((a, b) => a.at - b.at);
    }
  }

  return { Row, Storage, element, button };
})());
