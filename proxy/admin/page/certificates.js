// The view of certificates: those of files and those that are ordered, with their ages.

import { address } from './address.js';
import { fetched } from './fetched.js';
import { matching } from './model.js';
import { el, plural, set, shown, span } from './text.js';

const most = 300, minute = 60_000;

const states = {
  'in-use': 'in use', 'expired': 'expired', 'ordering': 'being ordered', 'waiting': 'waits for its next order', 'refused': 'refused', 'unusable': 'unusable',
};

// stateOf tells one that ends soon from one that is well: a third of its time, or three days, before its end renewal is late.
function stateOf(c) {
  if (c.state !== 'in-use') return c.state === 'ordering' || c.state === 'waiting' ? 'warn' : 'bad';
  const left = new Date(c.not_after) - Date.now(), whole = new Date(c.not_after) - new Date(c.not_before);
  const short = 3 * 86_400_000;
  return c.failures > 0 || left < (whole > 0 ? Math.min(whole / 6, short) : short) ? 'warn' : 'ok';
}

function line(c) {
  const facts = [];
  if (c.not_after) {
    const left = (new Date(c.not_after) - Date.now()) / 1000;
    facts.push(left > 0 ? `ends in ${span(left)}` : `ended ${span(-left)} ago`);
    if (c.not_before) facts.push(`${span((Date.now() - new Date(c.not_before)) / 1000)} old`);
  }
  if (c.next) facts.push((new Date(c.next) > Date.now() ? 'next order in ' : 'next order was due ') + span(Math.abs(new Date(c.next) - Date.now()) / 1000));
  if (c.failures > 0) facts.push(plural(c.failures, 'failure') + ' in a row');
  const bar = el('span', { class: 'bar wide', role: 'img', 'aria-label': 'part of its time that has passed: ' + Math.round(100 * passed(c)) + ' %' }, el('span'));
  bar.firstChild.style.width = 100 * passed(c) + '%';
  return el('li', { 'data-state': stateOf(c) },
    el('p', { class: 'where' }, el('span', { class: 'dot', 'aria-hidden': 'true' }), c.names.slice(0, 12).map((n, i) => [i > 0 ? ', ' : '', el('bdi', {}, n)]).flat(),
      c.names.length > 12 ? ` and ${plural(c.names.length - 12, 'more name')}` : '', ' ', el('span', { class: 'tag' }, states[c.state] ?? shown(c.state))),
    c.not_after && c.not_before ? bar : null, el('p', {}, facts.join(' · ')),
    c.reason ? el('p', { class: 'reason' }, el('bdi', {}, c.reason)) : null,
    el('p', { class: 'quietly' }, c.source === 'acme' ? 'ordered by ACME' : el('bdi', {}, c.source), c.issuer ? [', from ', el('bdi', {}, c.issuer)] : null));
}

function passed(c) {
  const from = new Date(c.not_before).getTime(), to = new Date(c.not_after).getTime();
  return to > from ? Math.min(1, Math.max(0, (Date.now() - from) / (to - from))) : 1;
}

// certificatesView makes the view.
export function certificatesView() {
  const answer = fetched('api/certificates');
  const list = el('ul', { class: 'certificates', tabindex: 0, 'aria-label': 'Certificates' });
  const note = el('p', { class: 'empty' });
  let all = [], drawn = 0;

  function draw() {
    const found = matching(all, address.query.get('filter') ?? '');
    list.replaceChildren(...found.slice(0, most).map(line));
    list.hidden = found.length === 0;
    note.hidden = found.length > 0;
    drawn = Date.now();
    set(note, all.length > 0 ? 'No certificate matches the filter.' : answer.status === null ? 'Asking…' : 'There are no certificates: nothing is served over TLS.');
  }

  let before = null;
  answer.came(() => {
    const text = JSON.stringify(answer.value?.certificates ?? []);
    if (text === before) return;
    [before, all] = [text, answer.value?.certificates ?? []];
    for (const c of all) c.hay = `${c.names.join(' ')} ${c.source} ${c.state} ${c.issuer ?? ''}`.toLowerCase();
    draw();
  });
  return {
    element: el('div', { class: 'reading' }, list, note),
    update() {
      answer.soon();
      draw();
    },
    tick() {
      answer.often();
      if (Date.now() - drawn > minute) draw(); // ages
    },
    look: () => ({}),
    focus() { list.focus(); },
    count: () => [all.length, all.length],
  };
}
