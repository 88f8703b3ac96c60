// Small curves of the last minute. They are pictures only: the figures beside them say the same.

const length = 60; // seconds
const most = 4000; // curves kept; those that were seen longest ago go first

const rings = new Map();
let tick = 0;

// step begins the next second.
export function step() { tick++; }

// push adds a value of this second to the curve of a key.
export function push(key, value) {
  let r = rings.get(key);
  rings.delete(key);
  r ??= { values: new Float32Array(length).fill(NaN), at: tick - length };
  for (let t = Math.max(r.at + 1, tick - length + 1); t < tick; t++) r.values[t % length] = NaN; // seconds in which nobody looked
  r.values[tick % length] = value;
  r.at = tick;
  rings.set(key, r);
  if (rings.size > most) rings.delete(rings.keys().next().value);
}

let colours = null;
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { colours = null; });

function colour(name) {
  if (!colours) {
    const style = getComputedStyle(document.documentElement);
    colours = { line: style.getPropertyValue('--accent').trim(), area: style.getPropertyValue('--accent-soft').trim() };
  }
  return colours[name];
}

// canvas makes the picture of a curve.
export function canvas(cell) {
  const c = document.createElement('canvas');
  c.className = 'spark';
  c.setAttribute('aria-hidden', 'true');
  cell.append(c);
  return c;
}

// draw draws the curve of a key.
export function draw(c, key) {
  const ratio = devicePixelRatio || 1, width = Math.round(c.clientWidth * ratio), height = Math.round(c.clientHeight * ratio);
  if (c.width !== width) c.width = width;
  if (c.height !== height) c.height = height;
  const g = c.getContext('2d'), r = rings.get(key);
  g.clearRect(0, 0, width, height);
  if (!r || width === 0) return;
  const values = [];
  for (let t = tick - length + 1; t <= tick; t++) values.push(t > r.at || t < 0 ? NaN : r.values[t % length]);
  const top = Math.max(...values.filter(Number.isFinite), 1e-9);
  const x = (n) => (n / (length - 1)) * (width - 2 * ratio) + ratio;
  const y = (v) => height - ratio - (v / top) * (height - 3 * ratio);
  for (const run of runs(values)) paint(g, run, x, y, height, ratio);
}

// runs are the parts of a curve without gaps.
function runs(values) {
  const list = [];
  let run = [];
  values.forEach((v, n) => {
    if (Number.isFinite(v)) run.push([n, v]);
    else if (run.length > 0) { list.push(run); run = []; }
  });
  if (run.length > 0) list.push(run);
  return list;
}

function paint(g, run, x, y, height, ratio) {
  g.beginPath();
  run.forEach(([n, v], i) => (i === 0 ? g.moveTo(x(n), y(v)) : g.lineTo(x(n), y(v))));
  g.strokeStyle = colour('line');
  g.lineWidth = 1.25 * ratio;
  g.lineJoin = 'round';
  g.stroke();
  g.lineTo(x(run.at(-1)[0]), height);
  g.lineTo(x(run[0][0]), height);
  g.fillStyle = colour('area');
  g.fill();
}
