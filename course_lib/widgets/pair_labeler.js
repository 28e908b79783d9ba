// Two clips, one question. The kernel decides what is shown; this page only draws it and reports keys.
// to kernel:   ready | need {clip} | answer {pair, side, ms} | undo
// from kernel: clip {id, shape} + float32 states | current {pair, left, right, next, ...} | sorry {text}
function render({ model, el }) {
  const cache = new Map(), wanted = new Set();
  let now = null, frame = 0, playing = !stillPlease(), shown = 0, timer = 0, last = 0;
  el.innerHTML = `
    <div class="cw" role="group" tabindex="0" data-lm-suppress-shortcuts="true" aria-busy="true" data-done="0"
         aria-label="Which clip do you prefer? Left arrow or right arrow to choose, equals for the same, S to skip, Z to undo, space to pause.">
      <p class="question"></p>
      <div class="pair">
        ${["left", "right"].map((s) => `<figure class="clip"><canvas aria-hidden="true"></canvas><figcaption class="unseen"></figcaption>
          <button data-say="${s}" aria-keyshortcuts="${s === "left" ? "ArrowLeft" : "ArrowRight"}">${s === "left" ? "<kbd>←</kbd> this one" : "this one <kbd>→</kbd>"}</button></figure>`).join("")}
      </div>
      <div class="controls">
        <button data-say="tie" aria-keyshortcuts="="><kbd>=</kbd> the same</button>
        <button data-say="skip" aria-keyshortcuts="s"><kbd>S</kbd> skip</button>
        <button data-say="undo" aria-keyshortcuts="z"><kbd>Z</kbd> undo</button>
        <button data-say="play" aria-keyshortcuts="Space"><kbd>space</kbd> <span class="pp"></span></button>
        <button data-say="back" aria-keyshortcuts=","><kbd>,</kbd> step back</button>
        <button data-say="on" aria-keyshortcuts="."><kbd>.</kbd> step on</button>
      </div>
      <p class="quiet status" aria-live="polite"></p>
      <ul class="guesses" aria-label="was the model's guess of each click right?"></ul>
      <p class="quiet verdict"></p>
    </div>`;
  const root = el.querySelector(".cw"), $ = (q) => root.querySelector(q), canvases = [...root.querySelectorAll("canvas")], says = [...root.querySelectorAll("figcaption")];
  const busy = (b) => root.setAttribute("aria-busy", String(b));
  const clipsReady = () => now && !now.finished && cache.has(now.left) && cache.has(now.right);

  function draw() {
    if (!clipsReady()) return;
    [now.left, now.right].forEach((id, i) => {
      const { data, shape: [L, S] } = cache.get(id), t = Math.min(frame, L - 1);
      drawState(canvases[i], model.get("drawer"), data.subarray(t * S, (t + 1) * S), model.get("drawing"));
    });
  }
  function tick(ms) {
    if (!root.isConnected) { timer = 0; return; }
    timer = requestAnimationFrame(tick);
    if (!playing || !clipsReady() || ms - last < 1000 / model.get("fps")) return;
    last = ms; const L = cache.get(now.left).shape[0];
    frame = frame >= L + 8 ? 0 : frame + 1; draw(); // a short rest on the last frame
  }
  function begin() { // both clips are here: show the pair
    if (!clipsReady()) return;
    frame = 0; draw(); shown = performance.now();
    says.forEach((f, i) => { f.textContent = `${i ? "Right" : "Left"} clip: ${now.words[i]}`; });
    root.dataset.pair = now.pair; busy(false);
    if (!timer) timer = requestAnimationFrame(tick);
  }
  function need(id) { if (id && !cache.has(id) && !wanted.has(id)) { wanted.add(id); model.send({ type: "need", clip: id }); } }
  function paint() {
    $(".question").textContent = now.question; root.dataset.done = now.done; $(".pp").textContent = playing ? "pause" : "play";
    $(".status").textContent = now.finished ? `Done: ${now.done} of ${now.total} pairs. ${now.note}` : `Pair ${now.done + 1} of ${now.total}. ${now.note}`;
    $(".guesses").innerHTML = now.guesses.map((g) => g === null ? '<li class="none" title="no guess">·</li>' : g ? '<li class="hit" title="guessed right">✓</li>' : '<li class="miss" title="guessed wrong">✗</li>').join("");
    $(".verdict").textContent = now.verdict;
    root.querySelectorAll("[data-say=left],[data-say=right],[data-say=tie],[data-say=skip]").forEach((b) => (b.disabled = now.finished));
  }
  function onMessage(m, buffers) {
    if (m.type === "clip") {
      const b = buffers[0], data = new Float32Array(b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength));
      cache.set(m.id, { data, shape: m.shape }); wanted.delete(m.id); if (root.getAttribute("aria-busy") === "true") begin();
    } else if (m.type === "current") {
      const same = now && now.pair === m.pair && !now.finished && root.getAttribute("aria-busy") === "false";
      now = m; paint(); if (m.finished) { root.dataset.pair = ""; busy(false); return; }
      if (same) return;
      busy(true); [m.left, m.right, ...m.next].forEach(need); begin();
    } else if (m.type === "sorry") { $(".status").textContent = m.text; busy(false); }
  }
  function say(word) {
    if (word === "play") { playing = !playing; paint(); return; }
    if (word === "back" || word === "on") { playing = false; const L = clipsReady() ? cache.get(now.left).shape[0] : 1; frame = Math.max(0, Math.min(L - 1, frame + (word === "on" ? 1 : -1))); paint(); draw(); return; }
    if (!now || root.getAttribute("aria-busy") === "true") return;
    if (word === "undo") { if (now.done) { busy(true); model.send({ type: "undo" }); } return; }
    if (now.finished) return;
    busy(true); model.send({ type: "answer", pair: now.pair, side: word, ms: performance.now() - shown });
  }
  const KEYS = { ArrowLeft: "left", ArrowRight: "right", "=": "tie", s: "skip", S: "skip", z: "undo", Z: "undo", " ": "play", ",": "back", ".": "on" };
  root.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.altKey || e.metaKey) return;
    if (e.key === "Tab") return;
    const onButton = e.target.tagName === "BUTTON" && (e.key === " " || e.key === "Enter");
    e.stopPropagation(); // or Lab would move cells about
    if (onButton || !(e.key in KEYS)) return;
    e.preventDefault(); if (!e.repeat) say(KEYS[e.key]);
  });
  root.addEventListener("click", (e) => { const b = e.target.closest("button"); if (b) say(b.dataset.say); });
  model.on("msg:custom", onMessage); model.send({ type: "ready" });
  return () => { cancelAnimationFrame(timer); model.off("msg:custom", onMessage); };
}
export default { render };
