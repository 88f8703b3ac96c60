// How instances came: from the container's start to the first answer, with the milliseconds of each step.

import { el, ms, set } from './text.js';

const most = 6;

// steps are those between two moments that the API tells. The first two moments are of the clock of the host that registered the instance.
export const steps = [
  { name: 'register', from: 'started', to: 'registered', words: 'start → registered' },
  { name: 'seen', from: 'registered', to: 'seen', words: 'registered → seen here' },
  { name: 'healthy', from: 'seen', to: 'routable', words: 'seen → healthy, in the table' },
  { name: 'traffic', from: 'routable', to: 'answered', words: 'in the table → first answer' },
];

// timesOf are the milliseconds of each step; those that are not known are left out.
export function timesOf(start) {
  return steps.map((s) => ({ ...s, ms: new Date(start?.[s.to]) - new Date(start?.[s.from]) })).filter((s) => Number.isFinite(s.ms)).map((s) => ({ ...s, ms: Math.max(0, s.ms) }));
}

// text tells the steps in words.
export function text(start) {
  const list = timesOf(start);
  return list.length === 0 ? 'not known' : list.map((s) => `${s.words} ${ms(s.ms) === '–' ? '0 ms' : ms(s.ms)}`).join(', ');
}

// startsPart is the part of a panel with the last starts.
export function startsPart() {
  const list = el('ol', { class: 'starts' });
  const legend = el('p', { class: 'legend', 'aria-hidden': 'true' }, steps.map((s) => el('span', { 'data-step': s.name }, s.words)));
  const title = el('h3', {}, 'Last starts');
  const element = el('section', { hidden: true, 'aria-label': 'Last starts' }, title, list, legend);
  let before = '';
  return {
    element,
    update(instances) {
      const last = instances.filter((i) => i.start && timesOf(i.start).length > 0).sort((a, b) => moment(b) - moment(a)).slice(0, most);
      const now = JSON.stringify(last.map((i) => [i.id, i.start]));
      if (now === before) return;
      before = now;
      element.hidden = last.length === 0;
      const longest = Math.max(...last.map(sum));
      list.replaceChildren(...last.map((i) => line(i, longest)));
      set(title, 'Last starts');
    },
  };
}

const moment = (i) => new Date(i.start.seen ?? i.start.registered ?? i.start.started ?? 0);
const sum = (i) => timesOf(i.start).reduce((n, s) => n + s.ms, 0);

function line(i, longest) {
  const bar = el('span', { class: 'track', 'aria-hidden': 'true' }, timesOf(i.start).map((s) => {
    const part = el('span', { 'data-step': s.name, title: `${s.words}: ${ms(s.ms)}` });
    part.style.width = (100 * s.ms) / Math.max(longest, 1) + '%';
    return part;
  }));
  return el('li', {}, el('bdi', { class: 'id' }, i.id), bar, el('span', { class: 'number' }, ms(sum(i))), el('span', { class: 'hidden' }, text(i.start)));
}
