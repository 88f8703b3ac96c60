// The view of the last ejections, with their evidence and their ends, and of removals that were in doubt.

import { ejectionAction } from './actions.js';
import { address, link } from './address.js';
import { fetched } from './fetched.js';
import { reasons } from './instancepart.js';
import { matching } from './model.js';
import { clock, el, plural, set, share, span } from './text.js';

const most = 200;

const kinds = { 'ejected': 'ejected', 'would-be-ejected': 'would be ejected', 'returned': 'returned', 'kept': 'kept', 'removed': 'removed', 'listed-again': 'listed again' };

// evidence says why, in a sentence.
function evidence(e) {
  if (e.decision) return e.why + (e.vanished > 0 ? ` (${e.vanished} of ${plural(e.services, 'service')} lost their last instance together)` : '');
  if (e.event === 'returned') return 'It takes requests again.';
  const parts = [reasons[e.reason] ?? e.reason ?? reasons.refused];
  if (e.failed > 0) parts.push(`${e.failed} failed and ${e.answered ?? 0} answered well` + (e.clients > 0 ? `, from ${plural(e.clients, 'client')}` : ''));
  if (e.others > 0) parts.push(`${plural(e.others, 'other instance')} failed ${share(e.others_failed)}`);
  if (e.trial) parts.push('it failed its trial');
  if (e.times > 1) parts.push(`${plural(e.times, 'time')} in a row`);
  return parts.join('; ');
}

// rest says when an ejection ends.
function rest(e) {
  if (e.event !== 'ejected' || !(e.for_ns > 0)) return '';
  const left = (new Date(e.at).getTime() + e.for_ns / 1e6 - Date.now()) / 1000;
  if (e.ended) return 'ended';
  return left > 0 ? `ends in ${span(left)}` : `was for ${span(e.for_ns / 1e9)}`;
}

function line(e) {
  const end = el('span', { class: 'end' }, rest(e));
  const li = el('li', { 'data-kind': e.event ?? 'removal' },
    el('time', { datetime: e.at }, clock(e.at)), el('span', { class: 'kind' }, kinds[e.event ?? e.decision] ?? 'decision'),
    el('span', { class: 'what' }, el('a', { href: link('services', { service: e.service, instance: e.instance ?? e.id }) }, el('bdi', {}, e.service)), ' ',
      el('bdi', { class: 'id' }, e.instance ?? e.id), el('br'), el('bdi', { class: 'quietly' }, evidence(e))),
    end, e.event === 'ejected' && !e.ended ? ejectionAction(e.service, e.instance) : null);
  return { li, tick: () => set(end, rest(e)) };
}

// ejectionsView makes the view.
export function ejectionsView() {
  const ejections = fetched('api/ejections'), removals = fetched('api/removals');
  const list = el('ol', { class: 'feed', tabindex: 0, 'aria-label': 'Ejections and removals in doubt' });
  const note = el('p', { class: 'empty' });
  let all = [], lines = [];

  function draw() {
    const found = matching(all, address.query.get('filter') ?? '');
    lines = found.slice(0, most).map(line);
    list.replaceChildren(...lines.map((l) => l.li));
    list.hidden = found.length === 0;
    note.hidden = found.length > 0;
    set(note, all.length > 0 ? 'No ejection matches the filter.' : ejections.value ? 'No instance was ejected, and no removal was in doubt.' : 'Asking…');
  }

  let before = '';
  const came = () => {
    const text = JSON.stringify([ejections.value?.ejections, removals.value?.decisions]);
    if (text === before) return; // what is read and has the focus stays
    before = text;
    all = [...(ejections.value?.ejections ?? []), ...(removals.value?.decisions ?? [])].sort((a, b) => new Date(b.at) - new Date(a.at));
    const returned = new Set(); // later lines come first
    for (const e of all) {
      e.hay = `${e.service} ${e.instance ?? e.id} ${e.event ?? e.decision} ${e.reason ?? e.why ?? ''}`.toLowerCase();
      const key = e.service + '\u0000' + (e.instance ?? e.id);
      e.ended = returned.has(key);
      if (e.event) returned.add(key);
    }
    draw();
  };
  ejections.came(came);
  removals.came(came);
  return {
    element: el('div', { class: 'reading' }, list, note),
    update() {
      ejections.soon();
      removals.soon();
      draw();
    },
    tick() {
      ejections.often();
      removals.often();
      for (const l of lines) l.tick();
    },
    look: () => ({}),
    focus() { list.focus(); },
    count: () => [all.length, all.length],
  };
}
