// The events for people: a view of its own, and the last ones beside the others.

import { address, link } from './address.js';
import { feed, told } from './feed.js';
import { matching } from './model.js';
import { clock, el, set } from './text.js';

const shownInView = 300, shownBeside = 40;

const words = {
  table: 'change', ejected: 'ejected', returned: 'returned', removal: 'removal', drain: 'drain', pin: 'pin', action: 'action',
  certificate: 'certificate', refused: 'refused', catalogue: 'catalogue',
};

function line(n) {
  const what = el('span', { class: 'what' });
  if (n.service) what.append(el('a', { href: link('services', { service: n.service, ...(n.instance ? { instance: n.instance } : {}) }) }, el('bdi', {}, n.service)), ' ');
  if (n.instance) what.append(el('bdi', { class: 'id' }, n.instance), ' ');
  what.append(el('bdi', {}, plain(n)));
  const often = n.times > 1 ? el('span', { class: 'tag' }, `${n.times} times`) : null;
  return el('li', { 'data-kind': n.kind }, el('time', { datetime: n.at }, clock(n.at)), el('span', { class: 'kind' }, words[n.kind] ?? n.kind), what, often);
}

// plain is the text of an event without the names that stand before it already.
function plain(n) {
  const text = n.service && n.text.startsWith(n.service + ': ') ? n.text.slice(n.service.length + 2) : n.text;
  return n.instance ? text.replace(/^1 instance (added|removed|changed)$/, '$1') : text;
}

// eventsPart is a list of the last events, of those that of() tells.
function eventsPart(of, most, label, none) {
  const list = el('ol', { class: 'feed', role: 'log', 'aria-live': 'polite', 'aria-label': label, tabindex: 0 });
  const empty = el('p', { class: 'empty' }, none);
  const lines = new Map(); // id → {n, li}
  return {
    element: el('div', { class: 'feeding' }, list, empty),
    // update adds what is new, so that a screen reader says only that; anew shows another choice of events.
    update(anew) {
      const all = of().slice(0, most);
      if (anew) {
        lines.clear();
        list.replaceChildren();
      }
      const known = all.findIndex((n) => lines.get(n.id)?.n === n);
      for (const n of all.slice(0, known < 0 ? all.length : known).reverse()) {
        lines.get(n.replaces)?.li.remove(); // it has happened once more
        lines.set(n.id, { n, li: line(n) });
        list.prepend(lines.get(n.id).li);
      }
      while (list.childElementCount > most) list.lastElementChild.remove();
      if (lines.size > 2 * most) for (const [id, x] of lines) if (!x.li.isConnected) lines.delete(id);
      empty.hidden = all.length > 0;
      list.hidden = all.length === 0;
    },
  };
}

// eventsView makes the view of all events that are kept.
export function eventsView() {
  const part = eventsPart(() => matching(feed.list, address.query.get('filter') ?? ''), shownInView, 'Events', 'Nothing has happened lately, or nothing matches the filter.');
  let filter = null;
  const update = () => {
    const now = address.query.get('filter') ?? '';
    part.update(filter !== now);
    filter = now;
  };
  told(later(() => part.element.isConnected && update()));
  return { element: part.element, update, tick() {}, look: () => ({}), focus() { part.element.querySelector('.feed').focus(); }, count: () => [feed.list.length, feed.list.length] };
}

// recent makes the last events beside a view; of one service where one is looked at.
export function recent() {
  let service; // not known yet
  const part = eventsPart(() => (service ? feed.list.filter((n) => n.service === service) : feed.list), shownBeside, 'Last events', 'Nothing has happened lately.');
  const title = el('h2', {}, 'Events');
  const update = (of = service ?? '') => {
    set(title, of ? 'Its events' : 'Events');
    const anew = of !== service;
    service = of;
    part.update(anew);
  };
  told(later(() => update()));
  return { element: el('section', { class: 'recent', 'aria-label': 'Last events' }, title, part.element), update };
}

// later calls f once for all that happens until the next picture.
function later(f) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; f(); });
  };
}
