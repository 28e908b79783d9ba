// The agent that is being taught. It shows what the kernel tells, and reports the buttons of the worker.
// to kernel:   ready | press {word}        from kernel: drive {name, shape} + float32 states | now {state, text, labels, rounds, curves}
function render({ model, el }) {
  const drives = {}; let frame = 0, playing = !stillPlease(), last = 0, timer = 0, now = null;
  const STATE = { starting: "The trainer is starting …", training: "Training while you label", resting: "Resting: it has practised enough on your answers so far", waiting: "Waiting for four answers that choose one of the two", paused: "Paused", stopped: "Stopped. Your answers and the agent are saved.", failed: "The trainer has stopped by itself" };
  el.innerHTML = `<div class="cw watch" role="group" aria-label="The agent that you are teaching" data-lm-suppress-shortcuts="true" data-state="" data-rounds="0">
    <p class="who" aria-live="polite"></p>
    <div class="pair">${[["first", "at first"], ["newest", "now"]].map(([n, t]) => `<figure class="clip"><canvas role="img" data-drive="${n}"></canvas><figcaption>${t}</figcaption></figure>`).join("")}</div>
    <div class="curves"></div>
    <div class="controls"><button data-say="pause"></button><button data-say="stop"></button><button data-say="play">play</button><span class="quiet steps"></span></div>
    <p class="quiet told" role="status"></p></div>`;
  const root = el.firstChild, $ = (q) => root.querySelector(q);
  function draw() { for (const c of root.querySelectorAll("canvas")) { const d = drives[c.dataset.drive]; if (d) paintClip(c, d, frame, model); } }
  function tick(ms) {
    if (!root.isConnected) { timer = 0; return; }
    timer = requestAnimationFrame(tick);
    if (!playing || !drives.newest || ms - last < 1000 / model.get("fps")) return;
    last = ms; frame = frame >= drives.newest.length + 15 ? 0 : frame + 1; draw();
  }
  function curve(name, c) { // one small chart: line with dots, a dashed level with its name
    const W = 200, H = 110, L = 40, B = 20, T = 10, X = (x) => L + (W - L - 8) * (x - c.x0) / Math.max(c.x1 - c.x0, 1), Y = (y) => H - B - (H - B - T) * (Math.max(c.low, Math.min(c.high, y)) - c.low) / (c.high - c.low || 1);
    const path = c.x.map((x, i) => `${i ? "L" : "M"}${X(x).toFixed(1)},${Y(c.y[i]).toFixed(1)}`).join("");
    const end = c.x.length ? `<circle cx="${X(c.x.at(-1))}" cy="${Y(c.y.at(-1))}" r="4" fill="#0072B2"/>` : `<text x="${(W + L) / 2}" y="${H / 2}" text-anchor="middle" opacity="0.7">not yet</text>`;
    const level = c.level === null || c.level === undefined ? "" : `<line x1="${L}" x2="${W - 8}" y1="${Y(c.level)}" y2="${Y(c.level)}" stroke="#D55E00" stroke-dasharray="5 4"/><text x="${W - 8}" y="${Y(c.level) - 3}" text-anchor="end">${c.level_name}</text>`;
    const f = document.createElement("figure"); f.className = "curve";
    f.innerHTML = `<figcaption></figcaption><svg viewBox="0 0 ${W} ${H}" role="img"><line x1="${L}" x2="${W - 8}" y1="${H - B}" y2="${H - B}" stroke="currentColor" stroke-opacity="0.4"/><line x1="${L}" x2="${L}" y1="${T}" y2="${H - B}" stroke="currentColor" stroke-opacity="0.4"/>
      <text x="${L - 4}" y="${T + 6}" text-anchor="end">${c.high_text}</text><text x="${L - 4}" y="${H - B}" text-anchor="end">${c.low_text}</text><text x="${L}" y="${H - 5}">${c.x0}</text><text x="${W - 8}" y="${H - 5}" text-anchor="end">${c.x1} ${c.unit}</text>${level}<path d="${path}" fill="none" stroke="#0072B2" stroke-width="2"/>${end}</svg>`;
    f.firstChild.textContent = name; f.querySelector("svg").setAttribute("aria-label", `${name}: ${c.words}`); return f;
  }
  function paint() {
    root.dataset.state = now.state; root.dataset.rounds = now.rounds; root.dataset.labels = now.labels;
    const who = STATE[now.state] ?? now.state; if ($(".who").textContent !== who) $(".who").textContent = who;
    if ($(".told").textContent !== now.text) $(".told").textContent = now.text;
    $(".steps").textContent = now.rounds ? `${now.rounds} rounds of practice, ${now.steps.toLocaleString("en")} steps` : "";
    $(".curves").replaceChildren(...Object.entries(now.curves).map(([n, c]) => curve(n, c)));
    const ended = now.state === "stopped" || now.state === "failed", p = $('[data-say="pause"]'), s = $('[data-say="stop"]');
    p.textContent = now.state === "paused" ? "go on" : "pause training"; p.disabled = ended; s.textContent = ended ? "start again" : "stop training"; $('[data-say="play"]').textContent = playing ? "still pictures" : "moving pictures";
  }
  root.addEventListener("keydown", (e) => e.stopPropagation());
  root.addEventListener("click", (e) => { const b = e.target.closest("button"); if (!b) return;
    if (b.dataset.say === "play") { playing = !playing; paint(); } else model.send({ type: "press", word: b.dataset.say === "pause" ? (now.state === "paused" ? "go on" : "pause") : (now.state === "stopped" || now.state === "failed" ? "start" : "stop") }); });
  async function onMessage(m, buffers) {
    if (m.type === "now") { now = m; paint(); }
    else if (m.type === "drive") {
      drives[m.name] = await unpack(m, buffers);
      root.querySelector(`[data-drive=${m.name}]`).setAttribute("aria-label", `${m.name === "first" ? "At first" : "Now"}: ${m.words}`); if (m.name === "newest") frame = 0;
      if (!playing) frame = drives[m.name].length - 1; draw(); timer ||= requestAnimationFrame(tick);
    }
  }
  model.on("msg:custom", onMessage); model.send({ type: "ready" });
  return () => { cancelAnimationFrame(timer); model.off("msg:custom", onMessage); };
}
export default { render };
