// A walker on a grid, as it walked after so many lessons; two menus choose who taught it, and how it took what was said.
function render({ model, el }) {
  const [T, L, C, N] = model.get("shape"), teachers = model.get("teachers"), learners = model.get("learners"), after = model.get("after");
  const rows = model.get("rows"), columns = model.get("columns"), goals = model.get("goals"), pits = model.get("pits");
  const b = model.get("paths"), all = new Uint16Array(b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength)), cell = 56;
  const options = (select, names) => names.forEach((n, i) => select.add(new Option(n, i)));
  el.innerHTML = `<div class="cw" role="group" aria-label="Watch what was learned" data-lm-suppress-shortcuts="true">
    <div class="controls"><label>“good” means <select class="teacher"></select></label><label>the learner <select class="learner"></select></label></div>
    <svg viewBox="0 0 ${columns * cell} ${rows * cell}" role="img" style="max-width:${columns * cell}px"></svg>
    <label>after <input type="range" min="0" max="${C - 1}" step="1" value="${C - 1}"><output></output></label>
    <div class="controls"><button class="go"></button><button class="step">one step</button><span class="quiet said" aria-live="polite"></span></div></div>`;
  const svg = el.querySelector("svg"), [st, sl] = el.querySelectorAll("select"), slider = el.querySelector("input"), out = el.querySelector("output"), go = el.querySelector(".go"), step = el.querySelector(".step"), said = el.querySelector(".said");
  let t = 0, playing = false, last = 0, timer = 0; options(st, teachers); options(sl, learners);
  const path = () => { const i = (((Number(st.value) * L + Number(sl.value)) * C) + Number(slider.value)) * N; return all.subarray(i, i + N); };
  const { at, squares } = garden(rows, columns, goals, pits, cell);
  function paint() {
    const p = path(), end = p.findIndex((s) => goals.includes(s) || pits.includes(s)), n = end < 0 ? N - 1 : end; t = Math.min(t, n); if (t >= n) playing = false;
    const [x, y] = at(p[t]), trail = Array.from(p.slice(0, t + 1)).map((s, i) => { const [a, c] = at(s); return `${i ? "L" : "M"}${a + (i % 5 - 2) * 2},${c + (i % 3 - 1) * 2}`; }).join("");
    svg.innerHTML = squares + `<path d="${trail}" fill="none" stroke="#0072B2" stroke-width="3" stroke-opacity="0.55"/><circle cx="${x}" cy="${y}" r="13" fill="#0072B2" stroke="#fff" stroke-width="2"/>`;
    const arrived = end >= 0 && goals.includes(p[end]), visits = new Set(p.slice(Math.floor(n / 2), n + 1)).size;
    const verdict = arrived ? `arrives after ${n} steps` : end >= 0 ? "falls into the pond" : `has not arrived after ${n} steps, and spends the second half of them on ${visits} ${visits === 1 ? "square" : "squares"}`;
    const words = playing ? "" : t < n ? `After ${t} steps.` : `It ${verdict}.`; if (said.textContent !== words) said.textContent = words; // told once, when the walk has ended
    svg.setAttribute("aria-label", `A garden of ${rows} by ${columns} squares; the dog ${verdict}.`);
    out.textContent = `${after[slider.value]} words`; slider.setAttribute("aria-valuetext", out.textContent); go.textContent = playing ? "pause" : t && t < n ? "go on" : "walk"; el.firstChild.dataset.t = t; el.firstChild.dataset.arrived = arrived;
  }
  function tick(ms) { if (!el.isConnected || !playing) { timer = 0; return; } timer = requestAnimationFrame(tick); if (ms - last < 140) return; last = ms; t++; paint(); }
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const walk = (from) => { t = from; playing = true; paint(); if (playing) timer ||= requestAnimationFrame(tick); };
  const ended = () => { const p = path(), end = p.findIndex((s) => goals.includes(s) || pits.includes(s)); return t >= (end < 0 ? N - 1 : end); };
  go.addEventListener("click", () => { if (playing) { playing = false; paint(); } else walk(ended() ? 0 : t); });
  step.addEventListener("click", () => { playing = false; t = ended() ? 0 : t + 1; paint(); });
  for (const c of [st, sl, slider]) c.addEventListener("input", () => { if (still) { t = N; paint(); } else walk(0); }); // a choice moves by itself only where motion is welcome
  t = N; paint();
  return () => cancelAnimationFrame(timer);
}
export default { render };
