// Several clips or texts, put into an order. Keys move the card that is selected; a card can be dragged by mouse or finger.
// to kernel:   ready | need {clip} | answer {pair, order (ids, best first; null to skip), ms} | undo
// from kernel: clip {id, …} | current {pair, shown, next, …} | sorry {text}
function render({ model, el }) {
  const texts = model.get("drawer") === "text";
  let now = null, order = [], chosen = 0, frame = 0, playing = !stillPlease(), shown = 0, timer = 0, last = 0, drag = null;
  el.innerHTML = `
    <div class="cw rank" role="group" tabindex="0" data-lm-suppress-shortcuts="true" aria-busy="true" data-done="0"
         aria-label="Put these into an order, best first. Up and down arrows select, Alt with an arrow or a number moves, Enter says that this is the order, S skips, Z takes back, question mark for help.">
      <p class="question"></p><p class="prompt" hidden></p>
      <ol class="cards"></ol>
      <div class="controls">
        <button data-say="done" aria-keyshortcuts="Enter"><kbd>Enter</kbd> this is my order</button>
        <button data-say="skip" aria-keyshortcuts="s"><kbd>S</kbd> skip</button>
        <button data-say="undo" aria-keyshortcuts="z"><kbd>Z</kbd> undo</button>
        ${texts ? "" : '<button data-say="play" aria-keyshortcuts="Space"><kbd>space</kbd> <span class="pp"></span></button>'}
        ${HELP_BUTTON}
      </div>
      <p class="quiet status" aria-live="polite"></p>
      <p class="quiet stored"></p>
    </div>`;
  const root = el.querySelector(".cw"), $ = (q) => root.querySelector(q), list = $(".cards");
  const busy = (b) => root.setAttribute("aria-busy", String(b));
  const clips = shelf(model, () => { if (root.getAttribute("aria-busy") === "true") begin(); });
  const help = helpPanel(root, [["↑ ↓", "select a card"], ["Alt+↑ Alt+↓", "move it"], ["1 2 3 …", "move it to this place"], ["Enter", "this is my order"], ["S", "skip"], ["Z", "take back my last answer"], ["?", "this help"]], model.get("stored"));
  $(".stored").textContent = model.get("stored");
  const here = () => now && !now.finished && now.shown.every(clips.has);

  function draw() { if (here() && !texts) list.querySelectorAll("canvas").forEach((c) => paintClip(c, clips.get(c.dataset.id), frame, model)); }
  function tick(ms) {
    if (!root.isConnected) { timer = 0; return; }
    timer = requestAnimationFrame(tick);
    if (!playing || !here() || ms - last < 1000 / model.get("fps")) return;
    last = ms; frame = frame >= clips.get(order[0]).length + 8 ? 0 : frame + 1; draw();
  }
  const cards = () => keepFocus(root, rebuild);
  function rebuild() { // from the order
    list.replaceChildren(...order.map((id, i) => {
      const li = document.createElement("li"); li.dataset.id = id; li.classList.toggle("chosen", i === chosen); if (i === chosen) li.setAttribute("aria-current", "true");
      const place = document.createElement("span"); place.className = "place"; place.textContent = i + 1; li.append(place);
      if (texts) { const q = document.createElement("blockquote"); q.className = "text"; q.textContent = clips.get(id).text; li.append(q); }
      else { const c = document.createElement("canvas"); c.dataset.id = id; c.setAttribute("role", "img"); c.setAttribute("aria-label", now.words[now.shown.indexOf(id)]); li.append(c); }
      for (const [step, arrow, word] of [[-1, "▲", "up"], [1, "▼", "down"]]) { const b = document.createElement("button"); b.textContent = arrow; b.setAttribute("aria-label", `move number ${i + 1} ${word}`); b.disabled = i + step < 0 || i + step >= order.length;
        b.addEventListener("click", () => { chosen = i; move(i + step); const again = list.children[chosen].querySelectorAll("button")[step < 0 ? 0 : 1]; (again.disabled ? root : again).focus(); }); li.append(b); }
      return li; }));
    root.dataset.order = order.join("-"); draw();
  }
  function move(to) { to = Math.max(0, Math.min(order.length - 1, to)); order.splice(to, 0, ...order.splice(chosen, 1)); chosen = to; cards(); tell(`Now number ${to + 1}`); }
  function tell(what) { $(".status").textContent = `${what} of ${order.length}: ${texts ? clips.get(order[chosen]).text.slice(0, 60) : now.words[now.shown.indexOf(order[chosen])]}`; }
  function begin() {
    if (!here()) return;
    order = [...now.shown]; chosen = 0; frame = 0; shown = performance.now();
    if (texts) { $(".prompt").hidden = false; $(".prompt").textContent = clips.get(order[0]).prompt; }
    cards(); root.dataset.pair = now.pair; busy(false); if (!timer && !texts) timer = requestAnimationFrame(tick);
  }
  const paint = () => keepFocus(root, repaint);
  function repaint() {
    $(".question").textContent = now.question; root.dataset.done = now.done; if (!texts) $(".pp").textContent = playing ? "pause" : "play";
    $(".status").textContent = (now.finished ? `Done: ${now.done} answered. ` : `Question ${now.done + 1} of ${now.total}. `) + now.note;
    root.querySelectorAll("[data-say=done],[data-say=skip]").forEach((b) => (b.disabled = now.finished)); if (now.finished) list.replaceChildren();
  }
  function onMessage(m, buffers) {
    if (m.type === "clip") clips.take(m, buffers);
    else if (m.type === "current") {
      const same = now && now.pair === m.pair && !now.finished && root.getAttribute("aria-busy") === "false";
      now = m; paint(); if (m.finished) { root.dataset.pair = ""; busy(false); return; }
      [...m.shown, ...m.next].forEach(clips.need); if (!same) { busy(true); begin(); }
    } else if (m.type === "sorry") { $(".status").textContent = m.text; busy(false); }
  }
  function say(word) {
    if (word === "help") return help();
    if (word === "close") return help(false);
    if (word === "play") { playing = !playing; paint(); return; }
    if (!now || root.getAttribute("aria-busy") === "true") return;
    if (word === "undo") { if (now.done) { busy(true); model.send({ type: "undo", done: now.done }); } return; }
    if (now.finished) return;
    if (word === "done" || word === "skip") { busy(true); model.send({ type: "answer", pair: now.pair, order: word === "done" ? order : null, ms: performance.now() - shown }); return; }
    if (word === "earlier" || word === "later") { chosen = Math.max(0, Math.min(order.length - 1, chosen + (word === "later" ? 1 : -1))); cards(); tell(`Number ${chosen + 1}`); return; }
    if (word === "up" || word === "down") return move(chosen + (word === "down" ? 1 : -1));
    move(Number(word) - 1);
  }
  const keys = { ArrowUp: "earlier", ArrowDown: "later", "Alt+ArrowUp": "up", "Alt+ArrowDown": "down", Enter: "done", s: "skip", S: "skip", z: "undo", Z: "undo", " ": "play", "?": "help", Escape: "close" };
  for (let i = 1; i < 10; i++) keys[i] = String(i);
  onKeys(root, keys, say);
  // dragging: the card follows the pointer by changing places with its neighbours
  list.addEventListener("pointerdown", (e) => { const li = e.target.closest("li"); if (!li || e.target.closest("button") || e.button > 0 || (e.pointerType === "touch" && !e.target.closest(".place"))) return; // a finger drags by the number: elsewhere it scrolls
     chosen = [...list.children].indexOf(li); drag = e.pointerId; list.setPointerCapture(drag); cards(); e.preventDefault(); root.focus({ preventScroll: true }); });
  list.addEventListener("pointermove", (e) => { if (drag !== e.pointerId) return;
    const to = [...list.children].findIndex((li, i) => { const r = li.getBoundingClientRect(); return (i < chosen && e.clientY < r.top + r.height / 2) || (i > chosen && e.clientY > r.top + r.height / 2 && (i + 1 === order.length || e.clientY < list.children[i + 1].getBoundingClientRect().top + list.children[i + 1].offsetHeight / 2)); });
    if (to >= 0) move(to); });
  for (const end of ["pointerup", "pointercancel"]) list.addEventListener(end, () => { drag = null; });
  model.on("msg:custom", onMessage); model.send({ type: "ready" });
  return () => { cancelAnimationFrame(timer); model.off("msg:custom", onMessage); };
}
export default { render };
