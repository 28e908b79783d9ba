// The learner drives, you take over. Lockstep: ask for step k with the held key, draw what comes back, ask again when it is time.
// to kernel:   ready | step {drive, k, held} | pause {drive} | end {drive} | undo {drive}
// from kernel: frame {drive, k, horizon, yours, labels, ...} + float32 state | round {scores, labels, horizon, text, note, unit, shapes} [+ float32 drives before and now] | busy {text} | sorry {text}
const OFFSET = { drive: (s) => -s[0] }; // for the strip below the picture: left of the middle is up
function render({ model, el }) {
  let frame = null, held = [], tap = "", pressing = "", paused = true, waiting = 0, due = 0, timer = 0, alarm = 0, trail = [], text = "";
  el.innerHTML = `
    <div class="cw play" role="group" tabindex="0" data-lm-suppress-shortcuts="true" data-k="0" data-rounds="0"
         aria-label="The learner drives. Hold left or right arrow to take over and steer, up arrow to straighten; space to start and pause, Z to take back, N to end the drive.">
      <p class="who" aria-live="polite"></p>
      <p class="unseen words" aria-live="polite"></p>
      <div class="scene"><canvas class="world" aria-hidden="true"></canvas>
        <div class="side">
          <p class="quiet unit"></p>
          <ol class="rounds"></ol>
          <figure class="after" hidden><canvas aria-hidden="true"></canvas><figcaption class="quiet"></figcaption></figure>
        </div>
      </div>
      <p class="quiet count"></p>
      <canvas class="strip" aria-hidden="true"></canvas>
      <p class="status" aria-live="polite"></p>
      <div class="controls">
        <button data-hold="left" aria-keyshortcuts="ArrowLeft"><kbd>←</kbd> left</button>
        <button data-hold="straight" aria-keyshortcuts="ArrowUp"><kbd>↑</kbd> straight</button>
        <button data-hold="right" aria-keyshortcuts="ArrowRight">right <kbd>→</kbd></button>
        <button data-say="go" aria-keyshortcuts="Space"><kbd>space</kbd> <span class="pp">start</span></button>
        <button data-say="undo" aria-keyshortcuts="z"><kbd>Z</kbd> take back</button>
        <button data-say="end" aria-keyshortcuts="n"><kbd>N</kbd> end drive, learn</button>
        ${HELP_BUTTON}
      </div>
      <label>Speed <input class="fps" type="range" min="1" max="40" step="1"> <output></output></label>
      <p class="quiet note"></p>
      <p class="quiet stored"></p>
    </div>`;
  const root = el.querySelector(".cw"), $ = (q) => root.querySelector(q), speed = $(".fps");
  const help = helpPanel(root, [["← → ↑", "hold: you steer left, right, or straight (or press the buttons, by mouse or finger)"], ["space", "start or pause"], ["Z", "take back the correction you are making, or the last one"], ["N", "end this drive, and let it learn"], ["?", "this help"]], model.get("stored"));
  $(".stored").textContent = model.get("stored");
  const paint = () => {
    $(".pp").textContent = paused ? "start" : "pause"; root.dataset.paused = paused;
    const yours = frame && frame.yours; root.dataset.yours = !!yours;
    const who = paused ? "❚❚ paused" : yours ? "■ You drive" : "▶ The learner drives";
    if ($(".who").textContent !== who) $(".who").textContent = who; // announced when it changes, not with every step
    if (frame) $(".count").textContent = `Step ${frame.k} of ${frame.horizon}. In this drive you took over ${frame.stretches + (yours ? 1 : 0)} times, for ${frame.labels} steps.`;
  };
  const pace = () => { $("output").textContent = `${speed.value} steps a second`; };
  function lane(canvas) { // the road seen from above, straightened: x is the step, y how far from the middle
    const r = window.devicePixelRatio || 1, w = canvas.clientWidth, h = canvas.clientHeight, c = canvas.getContext("2d");
    canvas.width = w * r; canvas.height = h * r; c.setTransform(r, 0, 0, r, 0, 0);
    const X = (k, n) => 4 + (w - 8) * k / n, Y = (o) => h / 2 + Math.max(-2, Math.min(2, o)) * h / 4.4;
    c.fillStyle = "#8DB580"; c.fillRect(0, 0, w, h); c.fillStyle = "#606060"; c.fillRect(0, Y(-1), w, Y(1) - Y(-1));
    c.strokeStyle = "#fff"; c.setLineDash([6, 6]); c.beginPath(); c.moveTo(0, Y(0)); c.lineTo(w, Y(0)); c.stroke(); c.setLineDash([]);
    return { c, X, Y };
  }
  function strip() { // this drive so far: small dots for the learner, squares for you
    const { c, X, Y } = lane($(".strip"));
    trail.forEach(([k, o, yours]) => { const s = yours ? 6 : 3; c.fillStyle = yours ? "#F0E442" : "#cfe6f5"; c.fillRect(X(k, frame.horizon) - s / 2, Y(o) - s / 2, s, s); });
  }
  function compare(drives, shapes) { // the same roads without help, before (dashed) and now
    $(".after").hidden = false; const { c, X, Y } = lane($(".after canvas")), offset = OFFSET[model.get("drawer")] || (() => 0), off = [0, 0];
    const roads = shapes[0][0], steps = shapes.map(([, T]) => roads * T);
    drives.forEach((d, which) => { const [, T, S] = shapes[which]; c.strokeStyle = ["#E69F00", "#56B4E9"][which]; c.lineWidth = which ? 2 : 1.5; c.setLineDash(which ? [] : [5, 4]);
      for (let i = 0; i < roads; i++) { c.beginPath(); for (let t = 0; t < T; t++) { const o = offset(d.subarray((i * T + t) * S, (i * T + t + 1) * S)); off[which] += Math.abs(o) > 1; c.lineTo(X(t, T), Y(o)); } c.stroke(); } });
    $(".after figcaption").textContent = `The same ${roads} roads without help: before your corrections (dashed, ${off[0]} of ${steps[0]} steps off the road) and now (${off[1]} of ${steps[1]}). Other roads than those of the bars.`;
  }
  function draw() {
    drawState($(".world"), model.get("drawer"), frame.state, model.get("drawing")); strip(); paint();
    root.dataset.state = [...frame.state].map((x) => x.toFixed(3)).join(" "); root.dataset.drive = frame.drive; root.dataset.k = frame.k; root.dataset.labels = frame.labels;
  }
  const status = (t) => { $(".status").textContent = t; };
  function ask() {
    clearTimeout(timer);
    if (paused || waiting || !frame || !root.isConnected) return;
    const now = performance.now();
    if (now < due - 1) { timer = setTimeout(ask, due - now); return; }
    due = Math.max(due + 1000 / speed.value, now); waiting = now;
    model.send({ type: "step", drive: frame.drive, k: frame.k, held: held.at(-1) || tap }); tap = ""; // a short tap counts for one step
    clearTimeout(alarm);
    alarm = setTimeout(() => { if (waiting === now && !root.dataset.busy) status("The kernel does not answer. If a cell is running, wait for it. If the kernel has died, run this cell again: every finished correction is saved."); }, 4000);
  }
  function pause(yes) {
    if (paused === yes) return;
    paused = yes; waiting = 0; // an answer that got lost is asked for again; the kernel refuses doubles
    if (yes) { held = []; tap = pressing = ""; if (frame?.yours) model.send({ type: "pause", drive: frame.drive }); }
    else { due = 0; if (!root.contains(document.activeElement)) root.focus({ preventScroll: true }); }
    paint(); ask();
  }
  const floats = (b) => new Float32Array(b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength));
  function onMessage(m, buffers) {
    if (m.type === "frame") {
      if (!frame || m.drive !== frame.drive || m.k < frame.k) trail = [];
      frame = { ...m, state: floats(buffers[0]) };
      trail.push([m.k, (OFFSET[model.get("drawer")] || (() => 0))(frame.state), m.yours]);
      waiting = 0; if ($(".status").textContent !== text) status(text); // whatever alarm there was is over
      if (m.words) $(".words").textContent = m.words;
      draw(); ask();
    } else if (m.type === "round") {
      waiting = 0; pause(true);
      $(".unit").textContent = m.unit + ":"; $(".note").textContent = m.note;
      status(text = m.text || "It was shown a few good drives. Start it, and when it goes wrong, take over: hold ← or →. Let go, and it drives again.");
      const longest = Math.max(...m.scores, m.horizon);
      $(".rounds").innerHTML = m.scores.map((s, i) => `<li><span class="name">${i ? "round " + i : "shown"}</span><span class="bar"><i style="width:${100 * Math.max(0, s) / longest}%"></i></span><span class="n">${s.toFixed(0)}</span></li>`).join("");
      root.dataset.rounds = m.scores.length - 1; if (buffers.length) compare(buffers.map(floats), m.shapes);
    } else if (m.type === "busy") { status(m.text); root.dataset.busy = "true"; }
    else if (m.type === "sorry") { waiting = 0; pause(true); status(text = m.text); }
    if (m.type !== "busy") delete root.dataset.busy;
  }
  function say(word) {
    if (word === "help") { pause(true); return help(); }
    if (word === "close") return help(false);
    if (!frame) return;
    if (word === "go") { pause(!paused); return; }
    model.send({ type: word, drive: frame.drive });
  }
  const hold = (key, on) => { held = held.filter((k) => k !== key); if (on) { held.push(key); tap = key; pause(false); } };
  const HOLD = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "straight" }, SAY = { " ": "go", z: "undo", Z: "undo", n: "end", N: "end", "?": "help", Escape: "close" };
  root.addEventListener("keydown", (e) => {
    if (e.metaKey) held = []; // some systems do not report the release of a key under it
    if (e.ctrlKey || e.altKey || e.metaKey || e.key === "Tab") return;
    e.stopPropagation(); // or Lab would move cells about
    if (e.target.tagName === "INPUT") return;
    const button = e.target.dataset?.hold, press = e.key === " " || e.key === "Enter";
    if (e.target.tagName === "BUTTON" && press) { if (button) { e.preventDefault(); if (!e.repeat) hold((pressing = button), true); } return; }
    if (!(e.key in HOLD) && !(e.key in SAY)) return;
    e.preventDefault(); if (e.repeat) return;
    if (e.key in HOLD) hold(HOLD[e.key], true); else say(SAY[e.key]);
  });
  root.addEventListener("keyup", (e) => {
    if (e.key in HOLD) hold(HOLD[e.key], false);
    if ((e.key === " " || e.key === "Enter") && pressing) { e.preventDefault(); hold(pressing, false); pressing = ""; }
  });
  root.addEventListener("mousedown", (e) => { if (e.target.closest("button")) { e.preventDefault(); root.focus({ preventScroll: true }); } }); // after a click the space bar still starts and pauses
  root.addEventListener("pointerdown", (e) => { const b = e.target.closest("[data-hold]"); if (b && e.button === 0) { b.setPointerCapture(e.pointerId); hold(b.dataset.hold, true); } });
  for (const up of ["pointerup", "pointercancel", "lostpointercapture"]) root.addEventListener(up, (e) => { const b = e.target.closest?.("[data-hold]"); if (b) hold(b.dataset.hold, false); });
  root.addEventListener("click", (e) => {
    const b = e.target.closest("button"); if (!b) return;
    if (b.dataset.say) say(b.dataset.say);
    else if (!e.detail) { hold(b.dataset.hold, true); setTimeout(() => hold(b.dataset.hold, false), 400); } // a click from assistive technology
  });
  root.addEventListener("focusout", (e) => { if (!root.contains(e.relatedTarget)) pause(true); });
  const away = () => pause(true); window.addEventListener("blur", away); document.addEventListener("visibilitychange", away);
  speed.value = model.get("fps"); speed.addEventListener("input", pace); speed.addEventListener("pointerup", () => root.focus({ preventScroll: true })); pace(); paint();
  model.on("msg:custom", onMessage); model.send({ type: "ready" });
  return () => { clearTimeout(timer); clearTimeout(alarm); model.off("msg:custom", onMessage); window.removeEventListener("blur", away); document.removeEventListener("visibilitychange", away); };
}
export default { render };
