// A stand-in for the notebook's model: each widget's own JavaScript runs here unchanged, and its messages go over one websocket.
const place = document.getElementById("widgets"), line = document.getElementById("line"), models = [];
let socket = null;
function say(text) { line.textContent = text; line.hidden = !text; }
function modelOf(index, state) {
  const listeners = new Set();
  return { get: (k) => state[k], set: (k, v) => { state[k] = v; }, save_changes() {}, heard: (content, buffers) => listeners.forEach((f) => f(content, buffers)),
    send: (content) => { if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ widget: index, content })); },
    on: (event, f) => { if (event === "msg:custom") listeners.add(f); }, off: (event, f) => listeners.delete(f) };
}
let leave = [], turn = 0; // what the widgets want done when they go; and which building this is
async function build(widgets) {
  const mine = ++turn, modules = await Promise.all(widgets.map(({ module }) => import(`/widget/${module}.js`)));
  if (mine !== turn) return; // the line broke meanwhile, and another building has begun
  leave.forEach((f) => f?.()); leave = []; place.replaceChildren(); models.length = 0;
  for (const [i, { state }] of widgets.entries()) {
    const el = document.createElement("div"); place.append(el); models.push(modelOf(i, state));
    leave.push(modules[i].default.render({ model: models[i], el }));
  }
  place.querySelector(".cw[tabindex]")?.focus({ preventScroll: true }); place.dataset.ready = "true";
}
function frame(data) { // [length of the JSON][JSON][buffers]
  const n = new DataView(data).getUint32(0, true), m = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, n)));
  let at = 4 + n; const buffers = m.sizes.map((size) => { const b = new DataView(data, at, size); at += size; return b; });
  models[m.widget]?.heard(m.content, buffers);
}
function connect() {
  socket = new WebSocket(`ws${location.protocol === "https:" ? "s" : ""}://${location.host}/socket/${place.dataset.lesson}`);
  socket.binaryType = "arraybuffer";
  let refused = "";
  socket.onmessage = ({ data }) => {
    if (typeof data !== "string") return frame(data);
    const m = JSON.parse(data);
    if (m.sorry) { refused = m.sorry; place.replaceChildren(); say(m.sorry); } else { say(""); build(m.widgets); }
  };
  socket.onclose = () => { if (refused) return; say("The connection is lost; trying again. What was answered is saved."); again(); };
}
async function again() { // wait until the studio is back, then begin anew: it knows where we were
  await new Promise((f) => setTimeout(f, 1000));
  let answer; try { answer = await fetch("/alive"); } catch { return again(); }
  if (answer.ok) connect(); else location.href = "/"; // the studio no longer knows us: it says what to do
}
connect();
