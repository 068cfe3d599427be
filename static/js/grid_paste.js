/* Reading a block of cells that was copied out of Excel, and putting a text into a control. */

"use strict";

window.portalGrid = (() => {
  // Lines of texts. A cell with a tab, a line break or a quote stands in quotes, doubled inside.
  function readBlock(text) {
    const lines = [[]];
    let cell = "";
    let quoted = false;
    const source = text.replace(/\r\n?/g, "\n");
    for (let i = 0; i < source.length; i += 1) {
      const sign = source[i];
      if (quoted) {
        if (sign === '"' && source[i + 1] === '"') {
          cell += '"';
          i += 1;
        } else if (sign === '"') {
          quoted = false;
        } else {
          cell += sign;
        }
      } else if (sign === '"' && cell === "") {
        quoted = true;
      } else if (sign === "\t") {
        lines.at(-1).push(cell);
        cell = "";
      } else if (sign === "\n") {
        lines.at(-1).push(cell);
        lines.push([]);
        cell = "";
      } else {
        cell += sign;
      }
    }
    lines.at(-1).push(cell);
    // Excel ends the last line as well.
    if (lines.length > 1 && lines.at(-1).length === 1 && lines.at(-1)[0] === "") lines.pop();
    return lines;
  }

  function isBlock(lines) {
    return lines.length > 1 || lines[0].length > 1;
  }

  const plain = (text) => text.normalize("NFKC").replace(/\s+/g, "");

  // The key of the option that is meant: by its words, its key, or its mark alone (○).
  function choiceFor(select, text) {
    const wanted = plain(text);
    for (const option of select.options) {
      const words = plain(option.text);
      const [mark, ...rest] = option.text.trim().split(/\s+/);
      const names = [words, plain(option.value), plain(mark), plain(rest.join(""))];
      if (wanted && names.includes(wanted)) return option.value;
    }
    return null;
  }

  function valueOf(control) {
    if (control.type === "checkbox") return control.checked ? control.value : "";
    return control.value;
  }

  function setValue(control, value) {
    if (control.type === "checkbox") control.checked = Boolean(value);
    else control.value = value;
  }

  // What the page came with, whatever the browser has put there since.
  function originalOf(control) {
    if (control.type === "checkbox") return control.defaultChecked ? control.value : "";
    if (control.tagName !== "SELECT") return control.defaultValue;
    const chosen = [...control.options].find((option) => option.defaultSelected);
    return (chosen || control.options[0]).value;
  }

  // Says whether the text could be put there at all; whether it is right the server decides.
  function paste(control, text) {
    if (control.tagName !== "SELECT") {
      control.value = control.tagName === "TEXTAREA" ? text : text.replace(/\n/g, " ").trim();
      return true;
    }
    const key = choiceFor(control, text);
    if (key !== null) control.value = key;
    return key !== null;
  }

  return { readBlock, isBlock, choiceFor, valueOf, setValue, originalOf, paste };
})();
