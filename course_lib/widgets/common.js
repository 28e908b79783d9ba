// What the widgets that ask have in common: a shelf of clips and texts, keys that Lab does not steal, and a help panel.
function shelf(model, arrived) { // need(id) fetches it once; arrived() is called when something came
  const cache = new Map(), wanted = new Set();
  return {
    get: (id) => cache.get(id), has: (id) => cache.has(id),
    need(id) {
      if (cache.has(id)) { const item = cache.get(id); cache.delete(id); cache.set(id, item); } // it is wanted again: the last to be thrown away
      else if (id && !wanted.has(id)) { wanted.add(id); model.send({ type: "need", clip: id }); }
    },
    async take(m, buffers) {
      cache.set(m.id, m.completion !== undefined ? { prompt: m.prompt, text: m.completion, length: 1 } : await unpack(m, buffers));
      for (const [id, old] of cache) { if (cache.size <= 24) break; cache.delete(id); old.pictures?.forEach((p) => p.close()); } // what was wanted longest ago; it can be asked for again
      wanted.delete(m.id); arrived();
    },
  };
}
async function unpack(m, buffers) { // a clip as the kernel packs it: states for a drawer, or pictures
  const b = buffers[0], bytes = b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength);
  if (!m.frames) return { states: new Float32Array(bytes), size: m.shape[1], length: m.shape[0] };
  const rgb = new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer());
  const [L, h, w] = m.frames, pictures = [];
  for (let t = 0; t < L; t++) {
    const image = new ImageData(w, h);
    for (let i = 0, j = t * h * w * 3; i < image.data.length; i += 4, j += 3) { image.data[i] = rgb[j]; image.data[i + 1] = rgb[j + 1]; image.data[i + 2] = rgb[j + 2]; image.data[i + 3] = 255; }
    pictures.push(await createImageBitmap(image));
  }
  return { pictures, length: L };
}
function paintClip(canvas, item, t, model) { // moment t of a clip, or its last one
  t = Math.min(t, item.length - 1);
  if (item.pictures) { canvas.width = item.pictures[t].width; canvas.height = item.pictures[t].height; canvas.getContext("2d").drawImage(item.pictures[t], 0, 0); }
  else drawState(canvas, model.get("drawer"), item.states.subarray(t * item.size, (t + 1) * item.size), model.get("drawing"));
}
const ONCE = ["left", "right", "tie", "skip", "done"]; // the second click of a double click on these was meant for a question that is gone
function onKeys(root, keys, say) { // keys: what is pressed → the word; nothing reaches the notebook behind, and a held key counts once
  root.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.key === "Tab") return;
    const onButton = e.target.closest("button") && (e.key === " " || e.key === "Enter"), word = keys[e.altKey ? `Alt+${e.key}` : e.key];
    e.stopPropagation(); // or Lab would move cells about
    if (onButton) { if (e.repeat) e.preventDefault(); return; } // a held Enter presses a button once
    if (word === undefined) return;
    e.preventDefault(); if (!e.repeat) say(word);
  });
  root.addEventListener("click", (e) => { const b = e.target.closest("[data-say]"); if (b && !b.disabled && (e.detail < 2 || !ONCE.includes(b.dataset.say))) say(b.dataset.say); });
}
function helpPanel(root, rows, stored) { // a panel that opens on "?" and closes on "?" or Escape; toggle(false) closes it
  const panel = document.createElement("div"); panel.className = "help"; panel.hidden = true; panel.setAttribute("role", "region"); panel.setAttribute("aria-label", "Help");
  const list = document.createElement("dl");
  for (const [keys, what] of rows) { const dt = document.createElement("dt"), dd = document.createElement("dd"); dd.textContent = what;
    keys.split(" ").forEach((k, i) => { if (i) dt.append(" "); const kbd = document.createElement("kbd"); kbd.textContent = k; dt.append(kbd); }); list.append(dt, dd); }
  const p = document.createElement("p"); p.className = "quiet"; p.textContent = stored; panel.append(list, p); root.append(panel);
  const button = root.querySelector('[data-say="help"]');
  return (open = panel.hidden) => { panel.hidden = !open; button?.setAttribute("aria-expanded", String(open)); };
}
function keepFocus(root, change) { // a rebuilt or disabled button must not leave the keys with nobody
  const had = root.contains(document.activeElement); change();
  const now = document.activeElement; if (had && (!root.contains(now) || now.disabled)) root.focus({ preventScroll: true });
}
const HELP_BUTTON = '<button data-say="help" aria-keyshortcuts="?" aria-expanded="false"><kbd>?</kbd> help</button>';
function garden(rows, columns, goals, pits, cell) { // the squares of a gridworld as SVG, and where the middle of each is
  const at = (s) => [(s % columns + 0.5) * cell, (Math.floor(s / columns) + 0.5) * cell];
  const square = (s) => { const [x, y] = at(s), fill = goals.includes(s) ? "#009E73" : pits.includes(s) ? "#D55E00" : "none"; return `<rect x="${x - cell / 2 + 1}" y="${y - cell / 2 + 1}" width="${cell - 2}" height="${cell - 2}" rx="5" fill="${fill}" fill-opacity="0.5" stroke="currentColor" stroke-opacity="0.3"/>` + (fill === "none" ? "" : `<text x="${x}" y="${y + 4}" text-anchor="middle">${goals.includes(s) ? "bowl" : "pond"}</text>`); };
  return { at, squares: Array.from({ length: rows * columns }, (_, s) => square(s)).join("") };
}
