// What became of labels and tags that are not in effect as they were written, and what to do about it.

import { address, link } from './address.js';
import { fetched } from './fetched.js';
import { matching, model } from './model.js';
import { count, el, set } from './text.js';

const most = 300; // shown at once; a filter finds the others

const meanings = {
  refused: 'The route is not served as written. Its last good version stays, if there was one. Correct the label: it is read again at once.',
  ignored: 'It has no effect here. Correct it or take it away.',
  partly: 'The rest of it is in effect. Correct the part that is named.',
  'same host': 'Nothing is to be done if that is meant.',
  conflict: 'If that is not meant, give one of them another host or path.',
};

function line(v) {
  const where = el('p', { class: 'where' }, el('span', { class: 'tag', 'data-verdict': v.verdict }, v.verdict), ' ',
    el('a', { href: link('services', { service: v.service }) }, el('bdi', {}, v.service || '(routes file)')));
  if (v.instance) where.append(' ', el('bdi', { class: 'id' }, v.instance));
  if (v.language) where.append(' ', el('span', { class: 'quietly' }, v.language));
  const code = v.tag ? el('code', {}, el('bdi', {}, v.tag)) : null;
  return el('li', { 'data-verdict': v.verdict }, where, code, el('p', {}, el('bdi', {}, v.reason)), el('p', { class: 'quietly' }, v.holder ? [el('bdi', {}, v.holder), ' asked for the host first. '] : null, meanings[v.verdict]));
}

// verdictsPart is the part of a service's panel.
export function verdictsPart() {
  const list = el('ul', { class: 'verdicts' });
  const element = el('section', { hidden: true, 'aria-label': 'Verdicts' }, el('h3', {}, 'Verdicts'), list);
  return {
    element,
    update(rejects) {
      element.hidden = rejects.length === 0;
      list.replaceChildren(...rejects.slice(0, 20).map(line));
    },
  };
}

// counted are the numbers of verdicts and conflicts, without the lists.
export const counted = fetched('api/routes?limit=0');

// pinned is the table at which the routes of a service are held; 0 where they follow its tags.
export function pinned(service) {
  return counted.value?.pinned?.find((p) => p.service === service)?.table ?? 0;
}

// verdictsView makes the view.
export function verdictsView() {
  const answer = fetched('api/routes?limit=1000');
  const list = el('ul', { class: 'verdicts', tabindex: 0, 'aria-label': 'Verdicts and conflicts' });
  const note = el('p', { class: 'empty' });
  let all = [], table = -1;

  function draw() {
    const found = matching(all, address.query.get('filter') ?? '');
    list.replaceChildren(...found.slice(0, most).map(line));
    list.hidden = found.length === 0;
    const rest = (answer.value ? answer.value.reject_count + answer.value.conflict_count : 0) - all.length + Math.max(0, found.length - most);
    set(note, answer.value === null ? 'Asking…' : all.length === 0 ? 'Every label and tag is in effect as it was written.'
      : found.length === 0 ? 'No verdict matches the filter.' : rest > 0 ? `${count(rest)} more are not shown.` : '');
    note.hidden = note.textContent === '';
  }

  answer.came(() => {
    const conflicts = (answer.value?.conflicts ?? []).map((c) => ({ service: c.service, verdict: c.verdict === 'used' ? 'same host' : 'conflict', tag: c.route, reason: c.reason, holder: c.holder }));
    const wrong = conflicts.filter((c) => c.verdict === 'conflict'), shared = conflicts.filter((c) => c.verdict !== 'conflict');
    all = [...wrong, ...(answer.value?.rejects ?? []), ...shared];
    for (const v of all) v.hay = `${v.verdict} ${v.service} ${v.instance ?? ''} ${v.tag ?? ''} ${v.language ?? ''} ${v.reason} ${v.holder ?? ''}`.toLowerCase();
    draw();
  });
  return {
    element: el('div', { class: 'reading' }, list, note),
    update() {
      if (table !== model.table) [table] = [model.table, answer.soon()];
      draw();
    },
    tick() {},
    look: () => ({}),
    focus() { list.focus(); },
    count: () => [all.length, all.length],
  };
}
