/* Charts as PNG: the browser draws the SVG of the server on a canvas, at twice its size. Without
   scripts the SVG and CSV links stay. */

"use strict";

(() => {
  const SCALE = 2;

  for (const link of document.querySelectorAll("a[data-png]")) {
    link.parentElement.hidden = false;
  }

  async function savePng(link) {
    const answer = await fetch(link.href, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    const text = await answer.text();
    const picture = new Image();
    picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    await picture.decode();
    const canvas = document.createElement("canvas");
    canvas.width = picture.naturalWidth * SCALE;
    canvas.height = picture.naturalHeight * SCALE;
    const ground = canvas.getContext("2d");
    ground.fillStyle = "#fff";
    ground.fillRect(0, 0, canvas.width, canvas.height);
    ground.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    const file = document.createElement("a");
    file.href = URL.createObjectURL(blob);
    file.download = `${link.dataset.png}.png`;
    file.click();
    setTimeout(() => URL.revokeObjectURL(file.href), 10000);
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-png]");
    if (!link) return;
    event.preventDefault();
    savePng(link).catch(() => link.parentElement.append("（作成できませんでした。SVGを保存してください）"));
  });
})();
