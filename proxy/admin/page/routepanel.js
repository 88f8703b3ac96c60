// A route, closely: what it matches and who gets what share of its requests.

import { address, link } from './address.js';
import { live } from './live.js';
import { List } from './list.js';
import { model } from './model.js';
import { placeOf } from './routes.js';
import { named } from './services.js';
import { el, mark, ms, pairs, plural, rate, set, share, shown } from './text.js';

const columns = [
  { name: 'name', title: 'Instance', cell: named },
  { name: 'at', title: 'Address', cell: (c) => c.appendChild(el('bdi')) },
  { name: 'share', title: 'Share', help: 'of the requests while all are usable', cell: (cell) => {
    const full = el('span'), text = el('span');
    cell.append(el('span', { class: 'bar', 'aria-hidden': 'true' }, full), text);
    return { full, text };
  } },
];

function fill(cells, m, row) {
  const known = model.services.get(m.service)?.instances.find((i) => i.id === m.id);
  mark(row, 'data-state', !known || known.usable ? 'ok' : 'bad');
  set(cells.name.text, m.id || m.address);
  mark(cells.name.cell, 'title', shown([m.id, ...(m.options ?? [])].join(' ')));
  set(cells.name.more, (m.options ?? []).join(' '));
  set(cells.at, m.address);
  set(cells.share.text, share(m.share));
  cells.share.full.style.width = 100 * m.share + '%';
}

// routePanel makes it.
export function routePanel(id) {
  const values = el('dl', { class: 'pairs' });
  const gone = el('p', { class: 'empty', hidden: true }, 'The table has no such route any more.');
  const members = new List({ label: 'Instances of the route', name: 'shares', columns, fill, key: (m) => m.service + m.id + m.address, empty: () => 'No instance can take its requests.' });
  let route = null;

  function facts() {
    const r = route, f = live.routes.get(id), list = [
      ['Service', r.service, link('services', { service: r.service })],
      ['Requests', f ? `${rate(f.rate)}/s, ${rate(f.errors)} errors/s` + (f.mean_ms > 0 ? `, ${ms(f.mean_ms)} each` : '') : '–'],
      ['Written as', r.dialect],
    ];
    if (r.match?.length > 0) list.push(['Also matches', r.match.join(' ')]);
    for (const s of r.sets ?? []) list.push([s.fallback ? 'Falls back to' : 'In an error’s place', `${s.service}, ${plural(s.instances, 'instance')}`]);
    return list;
  }

  const draw = () => route && pairs(values, facts());
  return {
    element: el('div', {}, values, gone, el('h3', {}, 'Who gets what'), members.element),
    title: () => (route ? placeOf(route) : 'Route'),
    update() {
      const now = model.routes.get(id) ?? null;
      gone.hidden = Boolean(now);
      if (now !== route) {
        route = now;
        members.set(route?.instances ?? []);
      }
      draw();
    },
    tick() { draw(); },
    look: () => ({ routes: [id] }),
    service: () => (address.view === 'routes' ? route?.service ?? '' : ''),
  };
}
