// Regret(T) = T − (1−ε)(1−(1−ε)^T)/ε, with the εT²/2 it starts as and the T it ends as.
function render({ model, el }) {
  const W = 600, H = 320, L = 56, R = 14, TOP = 14, B = 44, lo = 1, hi = 1000;
  const regret = (e, T) => { const fallen = -Math.expm1(T * Math.log1p(-e)); return T - (1 - e) * fallen / e; };
  const x = (T) => L + (W - L - R) * Math.log(T / lo) / Math.log(hi / lo), y = (r) => H - B - (H - B - TOP) * (Math.log10(r) + 4) / 7;
  const path = (f) => { let d = ""; for (let k = 0; k <= 120; k++) { const T = lo * (hi / lo) ** (k / 120), r = f(T); if (r > 1e-4 && r < 1e3) d += `${d ? "L" : "M"}${x(T).toFixed(1)},${y(r).toFixed(1)}`; } return d; };
  el.innerHTML = `<div class="cw" role="group" aria-label="Explore regret on the tightrope" data-lm-suppress-shortcuts="true">
    <svg viewBox="0 0 ${W} ${H}" role="img" aria-label="Regret against horizon on logarithmic axes"></svg>
    <label>chance ε of a mistake in each step <input type="range" class="e" min="-4" max="-0.31" step="0.01"><output></output></label>
    <label>steps T on the rope <input type="range" class="t" min="0" max="3" step="0.01"><output></output></label>
    <p class="quiet said" aria-live="polite"></p></div>`;
  const svg = el.querySelector("svg"), [se, st] = el.querySelectorAll("input"), [oe, ot] = el.querySelectorAll("output"), said = el.querySelector(".said");
  function paint() {
    const e = model.get("epsilon"), T = model.get("horizon"), r = regret(e, T);
    const slope = T > 1 ? Math.log(regret(e, T * 1.01) / regret(e, T / 1.01)) / Math.log(1.01 ** 2) : 2;
    const ticks = [1, 10, 100, 1000].map((t) => `<line x1="${x(t)}" x2="${x(t)}" y1="${TOP}" y2="${H - B}" stroke="currentColor" opacity=".15"/><text x="${x(t)}" y="${H - B + 16}" text-anchor="middle">${t}</text>`).join("")
      + [0.001, 0.1, 10, 1000].map((v) => `<line x1="${L}" x2="${W - R}" y1="${y(v)}" y2="${y(v)}" stroke="currentColor" opacity=".15"/><text x="${L - 6}" y="${y(v) + 4}" text-anchor="end">${v}</text>`).join("");
    svg.innerHTML = `${ticks}<text x="${(L + W) / 2}" y="${H - 8}" text-anchor="middle">steps T</text><text transform="translate(14,${H / 2}) rotate(-90)" text-anchor="middle">regret</text>
      <path d="${path((t) => e * t * (t + 1) / 2)}" fill="none" stroke="#a84a00" stroke-width="1.5" stroke-dasharray="6 4"/>
      <path d="${path((t) => t)}" fill="none" stroke="#007a59" stroke-width="1.5" stroke-dasharray="2 4"/>
      <path d="${path((t) => regret(e, t))}" fill="none" stroke="#0072B2" stroke-width="3"/>
      <line x1="${x(Math.min(hi, 1 / e))}" x2="${x(Math.min(hi, 1 / e))}" y1="${TOP}" y2="${H - B}" stroke="currentColor" stroke-dasharray="1 5"/>
      <text x="${x(Math.min(hi, 1 / e)) - 4}" y="${TOP + 12}" text-anchor="end">T = 1/ε</text>
      <text x="${W - R - 4}" y="${H - B - 42}" text-anchor="end">dashed: εT(T+1)/2   dotted: T   solid: regret</text>
      <circle cx="${x(T)}" cy="${y(Math.max(r, 1e-4))}" r="9" fill="#0072B2" stroke="#fff" stroke-width="2" style="cursor:grab"/>`;
    se.value = Math.log10(e); st.value = Math.log10(T); oe.textContent = e.toPrecision(2); ot.textContent = T;
    said.textContent = `Regret ${r.toPrecision(3)} of at most ${T}. Here doubling T multiplies it by ${(2 ** slope).toFixed(2)} (exponent ${slope.toFixed(2)}); εT = ${(e * T).toPrecision(2)}.`;
    el.firstChild.dataset.regret = r; el.firstChild.dataset.exponent = slope;
  }
  const set = (e, T) => { model.set("epsilon", Math.min(0.49, Math.max(1e-4, e))); model.set("horizon", Math.round(Math.min(hi, Math.max(lo, T)))); model.save_changes(); paint(); };
  se.addEventListener("input", () => set(10 ** se.value, model.get("horizon"))); st.addEventListener("input", () => set(model.get("epsilon"), 10 ** st.value));
  const drag = (ev) => { // sideways: T. up and down: the ε that has this regret at this T
    const b = svg.getBoundingClientRect(), px = (ev.clientX - b.left) * W / b.width, py = (ev.clientY - b.top) * H / b.height;
    const T = Math.max(1, lo * (hi / lo) ** ((px - L) / (W - L - R))), r = 10 ** ((H - B - py) / (H - B - TOP) * 7 - 4);
    let a = Math.log(1e-4), z = Math.log(0.49); for (let i = 0; i < 40; i++) { const m = (a + z) / 2; regret(Math.exp(m), T) < r ? (a = m) : (z = m); }
    set(Math.exp(a), T);
  };
  svg.addEventListener("pointerdown", (ev) => { svg.setPointerCapture(ev.pointerId); drag(ev); svg.onpointermove = drag; });
  svg.addEventListener("pointerup", () => (svg.onpointermove = null));
  model.on("change:epsilon change:horizon", paint); paint();
}
export default { render };
