// What became of each label and tag of a service, tag by tag: those that are in effect as written, too.

import { fetched } from './fetched.js';
import { el, plural } from './text.js';

const most = 60; // shown at once

const meanings = { used: 'in effect', partly: 'partly in effect', ignored: 'without effect', refused: 'refused' };

// tagsPart is the part of a service's panel.
export function tagsPart(service) {
  const answer = fetched(`api/services/${encodeURIComponent(service)}?tags=1`);
  const list = el('ul', { class: 'tags' });
  const element = el('section', { hidden: true, 'aria-label': 'Labels and tags' }, el('h3', {}, 'Labels and tags'), list);
  answer.came(() => {
    const all = answer.value?.tags ?? [];
    element.hidden = all.length === 0;
    list.replaceChildren(...all.slice(0, most).map(line), ...(all.length > most ? [el('li', { class: 'quietly' }, `and ${plural(all.length - most, 'more tag')}`)] : []));
  });
  return { element, update() { if (!service.endsWith('...')) answer.soon(); } }; // a name that was cut cannot be asked for
}

// line is a tag, what became of it, and the route that it is in, unless that says the same.
function line(t) {
  const same = !t.route || t.tag.endsWith(t.route);
  return el('li', { 'data-verdict': t.verdict },
    el('span', { class: 'tag', 'data-verdict': t.verdict, title: meanings[t.verdict] }, t.verdict), el('code', {}, el('bdi', {}, t.tag)), el('span', { class: 'quietly' }, t.language),
    same ? null : el('p', { class: 'quietly' }, 'in the route ', el('code', {}, el('bdi', {}, t.route))),
    t.reason ? el('p', {}, el('bdi', {}, t.reason)) : null);
}
