// The view of all services.

import { address, go } from './address.js';
import { List } from './list.js';
import { live } from './live.js';
import { matching, model, sorted } from './model.js';
import { sorting } from './sorting.js';
import { canvas, draw } from './spark.js';
import { el, mark, ms, plural, rate, set, shown, span } from './text.js';
import { pinned } from './verdicts.js';

const columns = [
  { name: 'name', title: 'Service', cell: named, by: (s) => s.name },
  { name: 'up', title: 'Instances', help: 'usable of all', cell: parts, by: (s) => usableOf(s) / Math.max(1, s.count) },
  { name: 'rate', title: 'Requests/s', cell: (c) => ({ curve: canvas(c), text: c.appendChild(el('span')) }), ...figure('rate') },
  { name: 'errors', title: 'Errors/s', help: 'answers with status 500 and above, per second', ...figure('errors') },
  { name: 'p50', title: 'p50', help: 'half of the requests took at most as long', ...figure('p50_ms') },
  { name: 'p99', title: 'p99', help: '99 of 100 requests took at most as long', ...figure('p99_ms') },
  { name: 'flight', title: 'Open', help: 'requests that are being answered', ...figure('in_flight') },
  { name: 'age', title: 'Answer', help: 'age of the last answer of the catalogue' },
];

// figure sorts by one that comes each second. Those that are not told have less than those that are, or as little.
function figure(name) { return { by: (s) => live.services.get(s.name)?.[name] ?? 0, live: true, largest: true }; }

// tops are what the stream calls the figures by which the columns are sorted.
const tops = { rate: 'rate', errors: 'errors', p50: 'p50', p99: 'p99', flight: 'in_flight' };

// named makes a cell with a state's mark before the name. The mark repeats what the other cells say, in colour.
export function named(cell) {
  const dot = el('span', { class: 'dot', 'aria-hidden': 'true' }), text = el('bdi'), more = el('span', { class: 'tag' });
  cell.append(dot, text, more);
  return { cell, dot, text, more };
}

function parts(cell) {
  const text = el('span'), bar = el('span', { class: 'bar', 'aria-hidden': 'true' }), full = el('span');
  bar.append(full);
  cell.append(text, bar);
  return { text, full };
}

// stateOf is how a service does, as a word that the style sheet knows.
export function stateOf(s, figures) {
  if (s.gone || (s.count > 0 && usableOf(s, figures) === 0)) return 'bad';
  return usableOf(s, figures) < s.count || figures?.ejected > 0 ? 'warn' : s.count > 0 ? 'ok' : 'idle';
}

// usableOf is how many instances of a service take requests.
export function usableOf(s, figures) {
  return figures?.usable ?? s.usable + (s.count - s.instances.length);
}

function fill(cells, s, row) {
  const f = live.services.get(s.name), usable = usableOf(s, f);
  mark(row, 'data-state', stateOf(s, f));
  set(cells.name.text, s.name);
  mark(cells.name.cell, 'title', s.name.length > 24 ? shown(s.name) : '');
  set(cells.name.more, s.gone ? 'gone' : pinned(s.name) > 0 ? `held at ${pinned(s.name)}` : s.rejects.length > 0 ? plural(s.rejects.length, 'verdict') : '');
  set(cells.up.text, `${usable}/${s.count}`);
  cells.up.full.style.width = (s.count > 0 ? (100 * usable) / s.count : 0) + '%';
  draw(cells.rate.curve, 'service ' + s.name);
  set(cells.rate.text, rate(f?.rate));
  set(cells.errors, rate(f?.errors));
  mark(cells.errors, 'data-bad', f?.errors > 0);
  set(cells.p50, ms(f?.p50_ms));
  set(cells.p99, ms(f?.p99_ms));
  set(cells.flight, f?.in_flight ?? '–');
  set(cells.age, Number.isFinite(f?.answer_age_s) ? span(f.answer_age_s) : '–');
  mark(cells.age, 'data-old', f?.answer_age_s > 900); // a blocking query is answered at least each 5 to 10 minutes
}

// servicesView makes the view. scrolled is called when other rows are in view.
export function servicesView(scrolled) {
  const list = new List({
    label: 'Services', name: 'services', columns, fill, scrolled, key: (s) => s.name,
    open: (s) => go('services', { service: s.name === address.query.get('service') ? '' : s.name, instance: '' }),
    empty: () => (model.table === 0 ? 'Waiting for the first table…' : address.query.get('filter') ? 'No service matches the filter.' : 'The catalogue has no service with a route.'),
  });
  return {
    element: list.element,
    // update shows the present table.
    update() {
      list.set(matching(sorted(model.services, (s) => s.name), address.query.get('filter') ?? ''));
      list.choose(address.query.get('service') ?? '');
    },
    tick() { list.again(); },
    look: () => ({ services: list.inView().map((s) => s.name), topServices: tops[sorting(columns)?.name] }),
    focus() { list.focus(Math.max(0, list.things.findIndex((s) => s.name === list.chosen))); },
    count: () => [list.things.length, model.services.size],
  };
}
