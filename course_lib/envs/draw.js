// One drawer per world: draw(ctx, width, height, state), state as in the Python class of the same name.
// The Python side of each is the class's own draw(); both show the same thing.
const DRAWERS = {
  drive(c, w, h, s) { // [y, psi, kappa, goal, steering, distance, ...]; the car looks up the page
    const m = w / 7, X = (x) => w / 2 + x * m, Y = (v) => h - (v + 2) * m;
    const [y, psi, kappa, , , x0] = s;
    c.fillStyle = "#8DB580"; c.fillRect(0, 0, w, h);
    c.strokeStyle = "#7ba36e"; c.lineWidth = 1; // grass moves by, so that speed can be seen
    for (let k = Math.floor(x0 - 3); k < x0 + h / m; k++) { c.beginPath(); c.moveTo(0, Y(k - x0)); c.lineTo(w, Y(k - x0)); c.stroke(); }
    const near = 2.0 / Math.max(Math.abs(kappa), 0.01); // no more of a bend than can be seen at once
    const at = (o, v) => { // the point at arc length v along the road, o half lanes to the right of its middle
      const a = kappa * v, x = Math.abs(a) < 1e-4 ? -kappa * v * v / 2 : -(1 - Math.cos(a)) / kappa, u = Math.abs(a) < 1e-4 ? v : Math.sin(a) / kappa;
      return [X(x + o * Math.cos(a)), Y(u + o * Math.sin(a))];
    };
    const edge = (o) => { c.beginPath(); for (let v = -Math.min(4, near); v <= Math.min(7, near); v += 0.1) c.lineTo(...at(o, v)); c.stroke(); };
    c.lineWidth = 2 * m; c.strokeStyle = "#606060"; edge(0);
    c.lineWidth = 2; c.strokeStyle = "#fff"; edge(-1); edge(1);
    c.setLineDash([m * 0.4, m * 0.6]); c.lineDashOffset = (x0 % 1) * m; edge(0); c.setLineDash([]);
    c.save(); c.translate(X(-y), Y(0)); c.rotate(-psi);
    c.fillStyle = Math.abs(y) > 1 ? "#D55E00" : "#0072B2"; c.fillRect(-0.24 * m, -0.42 * m, 0.48 * m, 0.84 * m);
    c.fillStyle = "#cfe6f5"; c.fillRect(-0.18 * m, -0.22 * m, 0.36 * m, 0.16 * m); c.restore();
  },
  cartpole(c, w, h, s) {
    const m = w / 5.2, X = (x) => w / 2 + x * m, g = h * 0.6, [x, , th] = s;
    c.strokeStyle = "#888"; c.lineWidth = 1; c.beginPath(); c.moveTo(0, g); c.lineTo(w, g); c.stroke();
    c.fillStyle = "#0072B2"; c.fillRect(X(x - 0.4), g - 0.15 * m, 0.8 * m, 0.3 * m);
    c.strokeStyle = "#D55E00"; c.lineWidth = 0.14 * m; c.beginPath(); c.moveTo(X(x), g - 0.1 * m);
    c.lineTo(X(x + 1.5 * Math.sin(th)), g - 0.1 * m - 1.5 * m * Math.cos(th)); c.stroke();
  },
  pendulum(c, w, h, s) {
    const m = w / 2.6, [th] = s; c.strokeStyle = "#D55E00"; c.lineWidth = 0.15 * m; c.lineCap = "round";
    c.beginPath(); c.moveTo(w / 2, h / 2); c.lineTo(w / 2 + m * Math.sin(th), h / 2 - m * Math.cos(th)); c.stroke();
    c.fillStyle = "#333"; c.beginPath(); c.arc(w / 2, h / 2, 0.06 * m, 0, 7); c.fill();
  },
  tightrope(c, w, h, s, p = { horizon: 50 }) {
    const x = 0.05 * w + 0.9 * w * s[0] / p.horizon, on = s[1] > 0.5;
    c.fillStyle = "#009E73"; c.fillRect(0, h * 0.85, w, h * 0.15);
    c.strokeStyle = "#555"; c.lineWidth = 3; c.beginPath(); c.moveTo(0, h * 0.4); c.lineTo(w, h * 0.4); c.stroke();
    c.fillStyle = on ? "#0072B2" : "#D55E00"; c.beginPath(); c.arc(x, on ? h * 0.34 : h * 0.79, h * 0.06, 0, 7); c.fill();
  },
  robot(c, w, h, s, p = { radii: [], floor: true }) { // [middle x, y, then x0, y0, x1, y1 of each capsule]
    const m = w / 3, X = (x) => w / 2 + (x - s[0]) * m, Y = (y) => h / 2 - (y - s[1]) * m;
    if (p.floor) {
      c.strokeStyle = "#888"; c.lineWidth = 1; c.beginPath(); c.moveTo(0, Y(0)); c.lineTo(w, Y(0)); c.stroke();
      for (let x = Math.floor(2 * s[0] - 4) / 2; x < s[0] + 2; x += 0.5) { c.beginPath(); c.moveTo(X(x), Y(0)); c.lineTo(X(x) - 6, Y(0) + 8); c.stroke(); } // so that speed can be seen
    }
    c.lineCap = "round"; c.strokeStyle = "#0072B2"; c.globalAlpha = 0.9;
    p.radii.forEach((r, i) => { const k = 2 + 4 * i; c.lineWidth = 2 * r * m; c.beginPath(); c.moveTo(X(s[k]), Y(s[k + 1])); c.lineTo(X(s[k + 2]), Y(s[k + 3])); c.stroke(); });
    c.globalAlpha = 1;
  },
  grid(c, w, h, s, p = { columns: 5, rows: 5, terminal: [] }) {
    const a = w / p.columns, b = h / p.rows, k = Math.round(s[0]);
    c.fillStyle = "#999"; for (const t of p.terminal) c.fillRect((t % p.columns) * a, Math.floor(t / p.columns) * b, a, b);
    c.strokeStyle = "#aaa"; for (let i = 0; i <= p.columns; i++) c.strokeRect(i * a, 0, 0, h); for (let j = 0; j <= p.rows; j++) c.strokeRect(0, j * b, w, 0);
    c.fillStyle = "#0072B2"; c.beginPath(); c.arc((k % p.columns + 0.5) * a, (Math.floor(k / p.columns) + 0.5) * b, 0.3 * Math.min(a, b), 0, 7); c.fill();
  },
};
function drawState(canvas, drawer, state, parameters) {
  const ratio = window.devicePixelRatio || 1, w = canvas.clientWidth || 220, h = canvas.clientHeight || 220;
  if (canvas.width !== Math.round(w * ratio)) { canvas.width = Math.round(w * ratio); canvas.height = Math.round(h * ratio); }
  const c = canvas.getContext("2d"); c.setTransform(ratio, 0, 0, ratio, 0, 0); c.clearRect(0, 0, w, h);
  DRAWERS[drawer](c, w, h, state, parameters);
}
const stillPlease = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
