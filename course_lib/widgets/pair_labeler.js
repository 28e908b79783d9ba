// Two clips or texts, one question. The kernel decides what is shown; this page only draws it and reports keys.
// to kernel:   ready | need {clip} | answer {pair, side, ms} | undo
// from kernel: clip {id, …} + states, frames or text | current {pair, shown, next, …} | sorry {text}
function render({ model, el }) {
  const texts = model.get("drawer") === "text", sides = ["left", "right"];
  let now = null, frame = 0, playing = !stillPlease(), shown = 0, timer = 0, last = 0;
  el.innerHTML = `
    <div class="cw" role="group" tabindex="0" data-lm-suppress-shortcuts="true" aria-busy="true" data-done="0"
         aria-label="Which one do you prefer? Left arrow or right arrow to choose, equals for the same, S to skip, Z to undo${texts ? "" : ", space to pause"}, question mark for help.">
      <p class="question"></p><p class="prompt" hidden></p>
      <div class="pair">
        ${sides.map((s, i) => `<figure class="clip">${texts ? '<blockquote class="text"></blockquote>' : `<canvas aria-hidden="true" data-side="${s}"></canvas><figcaption class="unseen"></figcaption>`}
          <button data-say="${s}" aria-keyshortcuts="${i ? "ArrowRight" : "ArrowLeft"}">${i ? "this one <kbd>→</kbd>" : "<kbd>←</kbd> this one"}</button></figure>`).join("")}
      </div>
      <div class="controls">
        <button data-say="tie" aria-keyshortcuts="="><kbd>=</kbd> the same</button>
        <button data-say="skip" aria-keyshortcuts="s"><kbd>S</kbd> skip</button>
        <button data-say="undo" aria-keyshortcuts="z"><kbd>Z</kbd> undo</button>
        ${texts ? "" : `<button data-say="play" aria-keyshortcuts="Space"><kbd>space</kbd> <span class="pp"></span></button>
        <button data-say="back" aria-keyshortcuts=","><kbd>,</kbd> step back</button>
        <button data-say="on" aria-keyshortcuts="."><kbd>.</kbd> step on</button>`}
        ${HELP_BUTTON}
      </div>
      <p class="quiet status" aria-live="polite"></p>
      <ul class="guesses" aria-label="was the model's guess of each click right?"></ul>
      <p class="quiet verdict"></p>
      <p class="quiet stored"></p>
    </div>`;
  const root = el.querySelector(".cw"), $ = (q) => root.querySelector(q), canvases = [...root.querySelectorAll("canvas")], says = [...root.querySelectorAll("figcaption, blockquote")];
  const busy = (b) => root.setAttribute("aria-busy", String(b));
  const clips = shelf(model, () => { if (root.getAttribute("aria-busy") === "true") begin(); });
  const help = helpPanel(root, [["← →", "this one is better (or click or tap on it)"], ["=", "both are the same to me"], ["S", "skip: I cannot or will not say"], ["Z", "take back my last answer"],
    ...(texts ? [] : [["space", "pause or play"], [", .", "one moment back or on"]]), ["?", "this help"]], model.get("stored"));
  $(".stored").textContent = model.get("stored");
  const here = () => now && !now.finished && now.shown.every(clips.has);

  function draw() { if (here() && !texts) now.shown.forEach((id, i) => paintClip(canvases[i], clips.get(id), frame, model)); }
  function tick(ms) {
    if (!root.isConnected) { timer = 0; return; }
    timer = requestAnimationFrame(tick);
    if (!playing || !here() || ms - last < 1000 / model.get("fps")) return;
    last = ms; frame = frame >= clips.get(now.shown[0]).length + 8 ? 0 : frame + 1; draw(); // a short rest on the last frame
  }
  function begin() { // both are here: show them
    if (!here()) return;
    frame = 0; draw(); shown = performance.now();
    says.forEach((f, i) => { f.textContent = texts ? clips.get(now.shown[i]).text : `${i ? "Right" : "Left"} clip: ${now.words[i]}`; });
    if (texts) { $(".prompt").hidden = false; $(".prompt").textContent = clips.get(now.shown[0]).prompt; }
    root.dataset.pair = now.pair; busy(false);
    if (!timer && !texts) timer = requestAnimationFrame(tick);
  }
  const paint = () => keepFocus(root, repaint);
  function repaint() {
    $(".question").textContent = now.question; root.dataset.done = now.done; if (!texts) $(".pp").textContent = playing ? "pause" : "play";
    $(".status").textContent = (now.finished ? (now.endless ? "The next question is coming, unless training is stopped … " : `Done: ${now.done} answered. `) : now.endless ? `Question ${now.done + 1}. ` : `Question ${now.done + 1} of ${now.total}. `) + now.note;
    $(".guesses").innerHTML = now.guesses.map((g) => g === null ? '<li class="none" title="no guess">·</li>' : g ? '<li class="hit" title="guessed right">✓</li>' : '<li class="miss" title="guessed wrong">✗</li>').join("");
    $(".verdict").textContent = now.verdict;
    root.querySelectorAll("[data-say=left],[data-say=right],[data-say=tie],[data-say=skip]").forEach((b) => (b.disabled = now.finished));
  }
  function onMessage(m, buffers) {
    if (m.type === "clip") clips.take(m, buffers);
    else if (m.type === "current") {
      const same = now && now.pair === m.pair && !now.finished && root.getAttribute("aria-busy") === "false";
      now = m; if (m.finished) { root.dataset.pair = ""; busy(false); return paint(); }
      if (!same) { busy(true); root.dataset.done = m.done; begin(); } // first what is waited for
      [...m.shown, ...m.next].forEach(clips.need); paint();
    } else if (m.type === "sorry") { $(".status").textContent = m.text; busy(false); }
  }
  function say(word) {
    if (word === "help") return help();
    if (word === "close") return help(false);
    if (texts && ["play", "back", "on"].includes(word)) return;
    if (word === "play") { playing = !playing; paint(); return; }
    if (word === "back" || word === "on") { playing = false; const L = here() ? clips.get(now.shown[0]).length : 1; frame = Math.max(0, Math.min(L - 1, frame + (word === "on" ? 1 : -1))); paint(); draw(); return; }
    if (!now || root.getAttribute("aria-busy") === "true") return;
    if (word === "undo") { if (now.done) { busy(true); model.send({ type: "undo", done: now.done }); } return; }
    if (now.finished) return;
    busy(true); model.send({ type: "answer", pair: now.pair, side: word, ms: performance.now() - shown });
  }
  onKeys(root, { ArrowLeft: "left", ArrowRight: "right", "=": "tie", s: "skip", S: "skip", z: "undo", Z: "undo", " ": "play", ",": "back", ".": "on", "?": "help", Escape: "close" }, say);
  canvases.forEach((c) => c.addEventListener("click", (e) => { if (e.detail > 1) return; root.focus({ preventScroll: true }); say(c.dataset.side); })); // or a finger's tap
  model.on("msg:custom", onMessage); model.send({ type: "ready" });
  return () => { cancelAnimationFrame(timer); model.off("msg:custom", onMessage); };
}
export default { render };
