// How instances came: from the container's start to the first answer, with the milliseconds of each step.

import { live } from './live.js';
import { el, ms } from './text.js';

const most = 5;

const steps = [
  { name: 'register', title: 'Registered', at: 'registered_ms', words: 'start to registered' },
  { name: 'seen', title: 'Seen', at: 'seen_ms', words: 'to seen here' },
  { name: 'healthy', title: 'Healthy', at: 'routable_ms', words: 'to healthy and in the table' },
  { name: 'traffic', title: 'Traffic', at: 'answered_ms', words: 'to the first answer' },
];

// timesOf are the milliseconds that each step took, of those that have happened and are known.
export function timesOf(told) {
  let before = 0;
  const list = [];
  for (const s of steps) {
    const at = told?.before ? NaN : told?.[s.at];
    if (!Number.isFinite(at)) continue;
    list.push({ ...s, ms: Math.max(0, at - before) });
    before = Math.max(at, before);
  }
  return list;
}

// exact is a time of a step; those of less than a millisecond are a matter of clocks.
function exact(n) { return n < 1 ? '< 1 ms' : ms(n); }

// text tells the steps in words.
export function text(told) {
  if (told?.before) return 'before this proxy started';
  return timesOf(told).map((s) => `${s.words} ${exact(s.ms)}`).join(', ');
}

// startsPart is the part of a service's panel with the last starts, of the instances in view.
export function startsPart() {
  const list = el('ol', { class: 'starts' });
  const heads = el('p', { class: 'heads', 'aria-hidden': 'true' }, el('span', {}, 'Instance'), el('span'), steps.map((s) => el('span', { 'data-step': s.name, title: s.words }, s.title)), el('span', {}, 'In all'));
  const element = el('section', { hidden: true, 'aria-label': 'Last starts' }, el('h3', {}, 'Last starts'), heads, list);
  let before = '';
  return {
    element,
    tick() {
      const told = [...live.instances].map(([id, f]) => ({ id, steps: f.steps, began: f.steps?.began })).filter((i) => timesOf(i.steps).length > 0);
      const last = told.sort((a, b) => (a.began < b.began ? 1 : -1)).slice(0, most), now = JSON.stringify(last);
      if (now === before) return;
      before = now;
      element.hidden = last.length === 0;
      const longest = Math.max(...last.map((i) => sum(i.steps)), 1);
      list.replaceChildren(...last.map((i) => line(i, longest)));
    },
  };
}

const sum = (told) => timesOf(told).reduce((n, s) => n + s.ms, 0);

function line({ id, steps: told }, longest) {
  const bar = el('span', { class: 'track', 'aria-hidden': 'true' }, timesOf(told).map((s) => {
    const part = el('span', { 'data-step': s.name, title: `${s.words}: ${exact(s.ms)}` });
    part.style.width = (100 * s.ms) / longest + '%';
    return part;
  }));
  const took = Object.fromEntries(timesOf(told).map((s) => [s.name, exact(s.ms)]));
  const times = steps.map((s) => el('span', { class: 'number', 'data-step': s.name, 'aria-hidden': 'true' }, took[s.name] ?? '–'));
  return el('li', {}, el('bdi', { class: 'id', title: id }, id), bar, times, el('span', { class: 'number whole' }, ms(sum(told))), el('span', { class: 'hidden' }, text(told)));
}
