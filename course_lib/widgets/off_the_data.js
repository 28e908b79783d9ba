// Drives from many starting offsets, computed beforehand; the slider chooses one, every driver shows what it does.
function render({ model, el }) {
  const offsets = model.get("offsets"), names = model.get("drivers"), [D, K, T, S] = model.get("shape"), [lo, hi] = model.get("seen");
  const b = model.get("states"), all = new Float32Array(b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength));
  el.innerHTML = `<div class="cw" role="group" aria-label="Drive off the data" data-lm-suppress-shortcuts="true">
    <div class="pair" style="grid-template-columns:repeat(${D},1fr)">${names.map((n) => `<figure class="clip"><canvas aria-hidden="true"></canvas><figcaption></figcaption></figure>`).join("")}</div>
    <label>start this far from the centre <input type="range" min="0" max="${K - 1}" step="1" value="${Math.floor(K / 2)}"><output></output></label>
    <div class="controls"><button class="go"></button><span class="quiet said" aria-live="polite"></span></div></div>`;
  const canvases = [...el.querySelectorAll("canvas")], captions = [...el.querySelectorAll("figcaption")], slider = el.querySelector("input"), out = el.querySelector("output"), go = el.querySelector(".go"), said = el.querySelector(".said");
  let k = Math.floor(K / 2), t = 0, playing = false, last = 0, timer = 0;
  const state = (d, t) => { const i = ((d * K + k) * T + t) * S; return all.subarray(i, i + S); };
  function paint() {
    canvases.forEach((c, d) => drawState(c, "drive", state(d, t)));
    captions.forEach((f, d) => { let off = 0; for (let i = 1; i < T; i++) off += Math.abs(state(d, i)[0]) > 1; f.textContent = `${names[d]}: ${off} of ${T - 1} steps off the road`; });
    const o = offsets[k]; out.textContent = `${o.toFixed(2)} half lanes`; go.textContent = playing ? "pause" : t ? "go on" : "drive";
    said.textContent = o >= lo && o <= hi ? "The expert has been here." : "The expert was never here: nothing in the data says what to do."; el.firstChild.dataset.t = t;
  }
  function tick(ms) { if (!el.isConnected || !playing) { timer = 0; return; } timer = requestAnimationFrame(tick); if (ms - last < 50) return; last = ms; t++; if (t >= T - 1) { t = T - 1; playing = false; } paint(); }
  go.addEventListener("click", () => { if (t >= T - 1) t = 0; playing = !playing; if (playing && !timer) timer = requestAnimationFrame(tick); paint(); });
  slider.addEventListener("input", () => { k = Number(slider.value); t = 0; paint(); });
  new ResizeObserver(paint).observe(el); paint();
  return () => cancelAnimationFrame(timer);
}
export default { render };
