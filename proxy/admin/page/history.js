// The view of the last tables: what led to each, what it changed, and how requests did meanwhile.

import { address, link } from './address.js';
import { fetched } from './fetched.js';
import { matching, model } from './model.js';
import { clock, el, plural, set, share, span } from './text.js';

const most = 200;

// difference says what came, went and changed.
function difference(t) {
  const parts = [];
  for (const noun of ['service', 'instance', 'route']) {
    const d = t[noun + 's'] ?? {};
    for (const [name, word] of [['come', 'added'], ['gone', 'removed'], ['altered', 'changed']]) {
      if (d[name]?.count > 0) parts.push(`${plural(d[name].count, noun)} ${word}`);
    }
  }
  return parts.join(', ') || 'nothing that requests notice';
}

function line(t) {
  const lasted = (t.replaced ? new Date(t.replaced) : new Date()) - new Date(t.published);
  const used = t.replaced ? `in use for ${span(lasted / 1000)}` : `in use for ${span(lasted / 1000)} so far`;
  const errors = t.errors > 0 ? `, ${plural(t.errors, 'error')} (${share(t.errors / Math.max(1, t.requests))})` : '';
  const url = address.query.get('url') ?? '';
  return el('li', {}, el('time', { datetime: t.published }, clock(t.published)), el('span', { class: 'kind' }, `table ${t.table}`),
    el('span', { class: 'what' }, el('bdi', {}, t.previous > 0 && t.cause?.text || 'the first one'), el('br'), el('span', { class: 'quietly' }, difference(t)), el('br'),
      el('span', { class: 'quietly' }, `${used}: ${plural(t.requests, 'request')}${errors}`)),
    t.held ? el('a', { href: link('explain', { at: t.table, ...(url ? { url } : {}) }) }, 'Explain then') : null);
}

// historyView makes the view.
export function historyView() {
  const answer = fetched('api/history?limit=' + most);
  const list = el('ol', { class: 'feed', tabindex: 0, 'aria-label': 'The last tables' });
  const note = el('p', { class: 'empty' });
  let all = [], table = -1, before = '';

  function draw() {
    const found = matching(all, address.query.get('filter') ?? ''), text = found.map((t) => `${t.table} ${t.requests} ${t.errors}`).join();
    note.hidden = found.length > 0;
    list.hidden = found.length === 0;
    set(note, answer.status === 404 ? 'This proxy keeps no history.' : answer.value === null ? 'Asking…' : all.length > 0 ? 'No table matches the filter.' : 'There is no table yet.');
    if (text === before) return; // what is read and has the focus stays
    before = text;
    list.replaceChildren(...found.map(line));
  }

  answer.came(() => {
    all = [...(answer.value?.tables ?? [])].sort((a, b) => b.table - a.table);
    for (const t of all) t.hay = `table ${t.table} ${t.cause?.text ?? ''}`.toLowerCase();
    draw();
  });
  return {
    element: el('div', { class: 'reading' }, list, note),
    update() {
      if (table !== model.table) [table] = [model.table, answer.soon()];
      draw();
    },
    tick() { answer.often(); },
    look: () => ({}),
    focus() { list.focus(); },
    count: () => [all.length, all.length],
  };
}
