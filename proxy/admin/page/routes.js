// The view of all routes.

import { address, go } from './address.js';
import { List } from './list.js';
import { live } from './live.js';
import { matching, model, sorted } from './model.js';
import { named } from './services.js';
import { sorting } from './sorting.js';
import { canvas, draw } from './spark.js';
import { el, mark, ms, rate, set, shown } from './text.js';

const columns = [
  { name: 'name', title: 'Route', cell: named, by: placeOf },
  { name: 'service', title: 'Service', cell: (c) => c.appendChild(el('bdi')), by: (r) => r.service },
  { name: 'rate', title: 'Requests/s', help: 'over the last five seconds', cell: (c) => ({ curve: canvas(c), text: c.appendChild(el('span')) }), ...figure('rate') },
  { name: 'errors', title: 'Errors/s', help: 'answers with status 500 and above, over the last five seconds', ...figure('errors') },
  { name: 'latency', title: 'Latency', help: 'how long a request took, the mean of the last five seconds', ...figure('mean_ms') },
  { name: 'members', title: 'Instances', by: (r) => r.instances.length, largest: true },
  { name: 'match', title: 'Also has to match', by: (r) => (r.match ?? []).join(' ') },
  { name: 'dialect', title: 'Written as', by: (r) => r.dialect },
];

// figure sorts by one that comes each second. Those that are not told have less than those that are, or as little.
function figure(name) { return { by: (r) => live.routes.get(r.id)?.[name] ?? 0, live: true, largest: true }; }

// placeOf is the host and the path of a route.
export function placeOf(r) {
  return r.default ? 'any other request' : (r.host || '*') + (r.path || '/');
}

function fill(cells, r, row) {
  const f = live.routes.get(r.id), spare = (r.sets ?? []).reduce((n, s) => n + s.instances, 0);
  mark(row, 'data-state', r.instances.length > 0 ? 'ok' : spare > 0 ? 'warn' : 'bad');
  set(cells.name.text, placeOf(r));
  mark(cells.name.cell, 'title', placeOf(r).length > 40 ? shown(placeOf(r)) : '');
  set(cells.name.more, r.default ? 'default' : '');
  set(cells.service, r.service);
  draw(cells.rate.curve, 'route ' + r.id);
  set(cells.rate.text, rate(f?.rate));
  set(cells.errors, rate(f?.errors));
  mark(cells.errors, 'data-bad', f?.errors > 0);
  set(cells.latency, ms(f?.mean_ms));
  set(cells.members, r.instances.length + (spare > 0 ? ` + ${spare}` : ''));
  set(cells.match, (r.match ?? []).join(' '));
  set(cells.dialect, r.dialect);
}

// routesView makes the view. scrolled is called when other rows are in view.
export function routesView(scrolled) {
  const list = new List({
    label: 'Routes', name: 'routes', columns, fill, scrolled, key: (r) => r.id,
    open: (r) => go('routes', { route: r.id === address.query.get('route') ? '' : r.id }),
    empty: () => (address.query.get('filter') ? 'No route matches the filter.' : 'There is no route.'),
  });
  return {
    element: list.element,
    update() {
      list.set(matching(sorted(model.routes, (r) => r.hay), address.query.get('filter') ?? ''));
      list.choose(address.query.get('route') ?? '');
    },
    tick() { list.again(); },
    look: () => ({ routes: list.inView().map((r) => r.id), topRoutes: sorting(columns)?.live ? sorting(columns).name : '' }),
    focus() { list.focus(Math.max(0, list.things.findIndex((r) => r.id === list.chosen))); },
    count: () => [list.things.length, model.routes.size],
  };
}
