// The chance that A is preferred to B, as a function of two ratings: real Elo (base 10) and the formula as it is often printed (base e).
function render({ model, el }) {
  const W = 600, H = 300, L = 50, R = 14, TOP = 14, B = 44, span = 800, scale = 400 / Math.LN10;
  const sigma = (z) => 1 / (1 + Math.exp(-z)), x = (d) => L + (W - L - R) * (d + span) / (2 * span), y = (p) => TOP + (H - TOP - B) * (1 - p);
  const path = (f) => { let d = ""; for (let k = 0; k <= 160; k++) { const v = -span + 2 * span * k / 160; d += `${k ? "L" : "M"}${x(v).toFixed(1)},${y(f(v)).toFixed(1)}`; } return d; };
  el.innerHTML = `<div class="cw" role="group" aria-label="Explore ratings and preferences" data-lm-suppress-shortcuts="true">
    <svg viewBox="0 0 ${W} ${H}" role="img" aria-label="Chance that A is preferred, against the difference of the ratings"></svg>
    <label>rating of A <input type="range" class="a" min="600" max="1400" step="5"><output></output></label>
    <label>rating of B <input type="range" class="b" min="600" max="1400" step="5"><output></output></label>
    <div class="controls"><button class="wins">A is preferred</button><button class="loses">B is preferred</button></div>
    <p class="quiet said" aria-live="polite"></p></div>`;
  const svg = el.querySelector("svg"), [sa, sb] = el.querySelectorAll("input"), [oa, ob] = el.querySelectorAll("output"), said = el.querySelector(".said"); let moved = "";
  const A = () => model.get("a"), Bb = () => model.get("b");
  function paint() {
    const d = A() - Bb(), p = sigma(d / scale), wrong = sigma(d / 400);
    const ticks = [-800, -400, 0, 400, 800].map((v) => `<line x1="${x(v)}" x2="${x(v)}" y1="${TOP}" y2="${H - B}" stroke="currentColor" opacity=".15"/><text x="${x(v)}" y="${H - B + 16}" text-anchor="middle">${v}</text>`).join("")
      + [0, 0.5, 1].map((v) => `<line x1="${L}" x2="${W - R}" y1="${y(v)}" y2="${y(v)}" stroke="currentColor" opacity=".15"/><text x="${L - 6}" y="${y(v) + 4}" text-anchor="end">${v}</text>`).join("");
    svg.innerHTML = `${ticks}<text x="${(L + W) / 2}" y="${H - 8}" text-anchor="middle">rating of A − rating of B</text><text transform="translate(14,${H / 2}) rotate(-90)" text-anchor="middle">chance that A is preferred</text>
      <path d="${path((v) => sigma(v / 400))}" fill="none" stroke="#a84a00" stroke-width="1.5" stroke-dasharray="6 4"/><path d="${path((v) => sigma(v / scale))}" fill="none" stroke="#0072B2" stroke-width="3"/>
      <text x="${W - R - 4}" y="${H - B - 26}" text-anchor="end">solid: Elo, 1 / (1 + 10^(−difference/400))</text><text x="${W - R - 4}" y="${H - B - 10}" text-anchor="end">dashed: the same with base e</text>
      <circle cx="${x(d)}" cy="${y(wrong)}" r="5" fill="#a84a00"/><circle cx="${x(d)}" cy="${y(p)}" r="9" fill="#0072B2" stroke="#fff" stroke-width="2" style="cursor:grab"/>`;
    sa.value = A(); sb.value = Bb(); oa.textContent = Math.round(A()); ob.textContent = Math.round(Bb());
    said.textContent = `A leads by ${Math.round(d)} points, which is a utility of ${(d / scale).toFixed(2)}: A is preferred in ${(100 * p).toFixed(0)} of 100 comparisons (base e would say ${(100 * wrong).toFixed(0)}).${moved}`;
    el.firstChild.dataset.p = p; el.firstChild.dataset.wrong = wrong;
  }
  const set = (a, b, told = "") => { moved = told; const clip = (v) => Math.min(1400, Math.max(600, v)); model.set("a", clip(a)); model.set("b", clip(b)); model.save_changes(); paint(); };
  const game = (score) => { const change = 32 * (score - sigma((A() - Bb()) / scale)); set(A() + change, Bb() - change, ` That moved each rating by ${Math.abs(change).toFixed(1)} points (600 and 1400 are the ends).`); };
  sa.addEventListener("input", () => set(Number(sa.value), Bb())); sb.addEventListener("input", () => set(A(), Number(sb.value)));
  el.querySelector(".wins").addEventListener("click", () => game(1)); el.querySelector(".loses").addEventListener("click", () => game(0));
  const drag = (ev) => { const r = svg.getBoundingClientRect(), d = ((ev.clientX - r.left) * W / r.width - L) / (W - L - R) * 2 * span - span; set(1000 + d / 2, 1000 - d / 2); };
  svg.addEventListener("pointerdown", (ev) => { svg.setPointerCapture(ev.pointerId); drag(ev); svg.onpointermove = drag; });
  for (const ends of ["pointerup", "pointercancel"]) svg.addEventListener(ends, () => (svg.onpointermove = null));
  model.on("change:a change:b", paint); paint();
  return () => model.off("change:a change:b", paint);
}
export default { render };
