// Texts and numbers as people read them, and the one way in which elements are made: whatever comes from a label, a tag or a header is set as
// text, never as markup.

// hidden characters would change how the text around them looks: controls, invisible ones and those that turn the direction of writing.
const hidden = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

// shown is a text from outside with its hidden characters written out.
export function shown(text) {
  return String(text ?? '').replace(hidden, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
}

// el makes an element. Children that are strings become text; attributes are never handlers.
export function el(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    e.setAttribute(name, value === true ? '' : shown(value));
  }
  for (const c of children.flat()) {
    if (c !== null && c !== undefined) e.append(c instanceof Node ? c : shown(c));
  }
  return e;
}

// set changes a text only when it differs: nothing is laid out again for what stays the same.
export function set(e, text) {
  const t = shown(text);
  if (e.textContent !== t) e.textContent = t;
}

// mark sets or removes an attribute.
export function mark(e, name, value) {
  if (value === undefined || value === null || value === false || value === '') e.removeAttribute(name);
  else if (e.getAttribute(name) !== String(value)) e.setAttribute(name, shown(value));
}

const none = '–';

// rate is a number of requests in a second.
export function rate(n) {
  if (!Number.isFinite(n)) return none;
  if (n >= 9995) return (n / 1000).toFixed(n >= 99500 ? 0 : 1) + 'k';
  if (n >= 99.5 || n === 0) return String(Math.round(n));
  return n.toFixed(n >= 9.95 ? 0 : 1);
}

// count is a whole number with thin spaces between thousands.
export function count(n) {
  return Number.isFinite(n) ? String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, '\u202f') : none;
}

// ms is a time given in milliseconds.
export function ms(n) {
  if (!Number.isFinite(n) || n < 0) return none;
  if (n >= 60_000) return span(n / 1000);
  if (n >= 9950) return (n / 1000).toFixed(0) + ' s';
  if (n >= 1000) return (n / 1000).toFixed(1) + ' s';
  if (n >= 10) return n.toFixed(0) + ' ms';
  if (n >= 1) return n.toFixed(1) + ' ms';
  return n === 0 ? none : (n * 1000).toFixed(0) + ' µs';
}

// span is a time given in seconds, in its two largest units.
export function span(s) {
  if (!Number.isFinite(s)) return none;
  s = Math.max(0, s);
  if (s < 10) return s.toFixed(1) + ' s';
  if (s < 60) return Math.round(s) + ' s';
  if (s < 3600) return two(s, 60, 'min', 1, 's');
  if (s < 86400) return two(s, 3600, 'h', 60, 'min');
  return two(s, 86400, 'd', 3600, 'h');
}

function two(s, large, largeName, small, smallName) {
  const whole = Math.floor(s / large), rest = Math.floor((s - whole * large) / small);
  return `${whole} ${largeName}` + (rest > 0 && whole < 10 ? ` ${rest} ${smallName}` : '');
}

// share is a part from 0 to 1.
export function share(x) {
  if (!Number.isFinite(x)) return none;
  const p = x * 100;
  return (p >= 10 || p === 0 ? p.toFixed(0) : p.toFixed(1)) + ' %';
}

// clock is the time of day.
export function clock(date) {
  return new Date(date).toLocaleTimeString('en-GB');
}

// plural is a number with its noun.
export function plural(n, noun) {
  return `${count(n)} ${noun}${n === 1 ? '' : 's'}`;
}

// pairs writes names and values, [name, value, address to link to], and leaves alone what stays the same.
export function pairs(dl, list) {
  const shape = list.map(([name, , href]) => name + (href ? 1 : 0)).join();
  if (dl.dataset.shape !== shape) {
    dl.dataset.shape = shape;
    dl.replaceChildren(...list.map(([name, , href]) => el('div', {}, el('dt', {}, name), el('dd', {}, href ? el('a', {}) : el('bdi')))));
  }
  list.forEach(([, value, href], n) => {
    const cell = dl.children[n].lastChild.firstChild;
    set(cell, value);
    if (href) mark(cell, 'href', href);
  });
}
