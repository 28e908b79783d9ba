// The dog walks, one step at a time; two buttons say good or bad of what is on the screen. The kernel walks; this page keeps the time.
// to kernel:   ready | step {drive, k, ms: how long k was shown} | say {value, drive, k, ms since k was shown} | undo
// from kernel: frame {drive, k, at, trail, over, words, alone, scores, text} | sorry {text}
function render({ model, el }) {
  const { rows, columns, goals, pits } = model.get("garden"), cell = 56;
  let now = null, running = false, shownAt = 0, timer = 0, waiting = false;
  el.innerHTML = `<div class="cw dog" role="group" tabindex="0" data-lm-suppress-shortcuts="true" data-words="0" data-running="false"
      aria-label="Train the dog. G or right arrow: good. B or left arrow: bad. Space: start or pause. Z: take back. Question mark: help.">
    <svg viewBox="0 0 ${columns * cell} ${rows * cell}" role="img" style="max-width:${columns * cell}px"></svg>
    <div class="controls words"><button data-say="bad" class="big" aria-keyshortcuts="b"><kbd>B</kbd> <kbd>←</kbd> bad</button><button data-say="good" class="big" aria-keyshortcuts="g">good <kbd>→</kbd> <kbd>G</kbd></button></div>
    <div class="controls"><button data-say="go" aria-keyshortcuts="Space"><kbd>space</kbd> <span class="pp">let it walk</span></button><button data-say="step" aria-keyshortcuts="."><kbd>.</kbd> one step</button>
      <button data-say="undo" aria-keyshortcuts="z"><kbd>Z</kbd> undo</button>${HELP_BUTTON}</div>
    <p class="quiet status" aria-live="polite"></p><div class="alone"><span class="quiet"></span><div class="bar"><i></i></div></div><p class="quiet stored"></p></div>`;
  const root = el.firstChild, $ = (q) => root.querySelector(q), svg = $("svg"), plot = garden(rows, columns, goals, pits, cell);
  const help = helpPanel(root, [["G →", "good: more of that"], ["B ←", "bad: not that"], ["space", "let it walk, or pause"], [".", "one step"], ["Z", "take back the last word"], ["?", "this help"]], model.get("stored"));
  $(".stored").textContent = model.get("stored");
  const paint = () => keepFocus(root, repaint);
  function repaint() {
    const [x, y] = plot.at(now.at), trail = now.trail.map((s, i) => `${i ? "L" : "M"}${plot.at(s)[0] + (i % 5 - 2) * 2},${plot.at(s)[1] + (i % 3 - 1) * 2}`).join("");
    svg.innerHTML = plot.squares + `<path d="${trail}" fill="none" stroke="#0072B2" stroke-width="4" stroke-opacity="0.5"/><circle cx="${x}" cy="${y}" r="13" fill="#0072B2" stroke="#fff" stroke-width="2"/>`;
    svg.setAttribute("aria-label", `A garden of ${rows} by ${columns} squares. The dog is in row ${Math.floor(now.at / columns) + 1}, column ${now.at % columns + 1}${goals.includes(now.at) ? ": at its bowl" : pits.includes(now.at) ? ": in the pond" : ""}.`);
    Object.assign(root.dataset, { words: now.words, k: now.k, drive: now.drive, running, alone: now.alone });
    $(".pp").textContent = running ? "pause" : now.k ? "go on" : "let it walk";
    const n = now.words, state = now.text || (now.over ? (goals.includes(now.at) ? "At the bowl!" : pits.includes(now.at) ? "In the pond." : "It has walked enough.") + " The next walk begins." : running || n ? "" : "Let it walk, and say what you think of its steps.");
    if ($(".status").textContent !== state) $(".status").textContent = state;
    $(".alone .quiet").textContent = `${n} ${n === 1 ? "word" : "words"} so far. Alone it would now find the bowl in ${Math.round(100 * now.alone)} of 100 walks.`; $(".bar i").style.width = `${100 * now.alone}%`;
    root.querySelectorAll(".words button").forEach((b) => (b.disabled = !now.k));
  }
  const step = () => { if (now && !waiting) { waiting = true; model.send({ type: "step", drive: now.drive, k: now.k, ms: performance.now() - shownAt }); } };
  function plan() { clearTimeout(timer); if (running && root.isConnected) timer = setTimeout(step, model.get("tempo") * (now.over ? 1.6 : 1)); }
  function run(on) { running = on; paint(); if (on) step(); else clearTimeout(timer); }
  function say(word) {
    if (word === "help") return help();
    if (word === "close") return help(false);
    if (!now) return;
    if (word === "go") run(!running);
    else if (word === "step") { if (running) run(false); step(); }
    else if (word === "undo") model.send({ type: "undo" });
    else if (now.k) { model.send({ type: "say", value: word === "good" ? 1 : -1, drive: now.drive, k: now.k, ms: performance.now() - shownAt }); const b = $(`[data-say="${word}"]`); b.classList.add("said"); setTimeout(() => b.classList.remove("said"), 150); }
  }
  onKeys(root, { g: "good", G: "good", ArrowRight: "good", b: "bad", B: "bad", ArrowLeft: "bad", " ": "go", ".": "step", z: "undo", Z: "undo", "?": "help", Escape: "close" }, say);
  function onMessage(m) {
    if (m.type === "frame") { const moved = !now || m.k !== now.k || m.drive !== now.drive; now = m; if (moved) { shownAt = performance.now(); waiting = false; } paint(); if (moved || !timer) plan(); }
    else if (m.type === "sorry") { run(false); waiting = false; $(".status").textContent = m.text; }
  }
  const away = () => { if (document.hidden && running) run(false); };
  document.addEventListener("visibilitychange", away);
  model.on("msg:custom", onMessage); model.send({ type: "ready" });
  return () => { clearTimeout(timer); document.removeEventListener("visibilitychange", away); model.off("msg:custom", onMessage); };
}
export default { render };
