// The view of the instances of all services.

import { address, go } from './address.js';
import { List } from './list.js';
import { hayOf, matching, model, sorted, version } from './model.js';
import { named } from './services.js';
import { el, mark, set, shown } from './text.js';

const columns = [
  { name: 'name', title: 'Instance', cell: named, by: (i) => i.id },
  { name: 'service', title: 'Service', cell: (c) => c.appendChild(el('bdi')), by: (i) => i.service },
  { name: 'at', title: 'Address', cell: (c) => c.appendChild(el('bdi')), by: (i) => i.at },
  { name: 'status', title: 'Status', by: (i) => i.status },
  { name: 'weight', title: 'Weight', help: 'of the catalogue', by: (i) => i.weight, largest: true },
  { name: 'zone', title: 'Zone', cell: (c) => c.appendChild(el('bdi')), by: (i) => i.zone },
];

// keyOf names an instance; no text of a catalogue holds the separator as it is, since it is a control character.
export const keyOf = (i) => i.service + '\u0000' + i.id;

function fill(cells, i, row) {
  mark(row, 'data-state', i.usable ? 'ok' : i.status === 'maintenance' ? 'idle' : 'bad');
  set(cells.name.text, i.id);
  mark(cells.name.cell, 'title', i.id.length > 30 ? shown(i.id) : '');
  set(cells.name.more, i.kind ?? '');
  set(cells.service, i.service);
  set(cells.at, i.at);
  set(cells.status, i.usable || i.status !== 'passing' ? i.status : 'not usable');
  set(cells.weight, i.weight);
  set(cells.zone, i.zone ?? '');
}

// instancesView makes the view.
export function instancesView() {
  const list = new List({
    label: 'Instances', name: 'instances', columns, fill, key: keyOf,
    open: (i) => go('instances', { service: i.service, instance: i.id }),
    empty: () => (address.query.get('filter') ? 'No instance matches the filter.' : 'There is no instance.'),
  });
  let all = [], of = null; // sorted once for each table
  return {
    element: list.element,
    update() {
      if (of !== version()) {
        [all, of] = [sorted(model.services, (s) => s.name).flatMap((s) => s.instances), version()];
        const these = all;
        globalThis.requestIdleCallback?.(() => these.forEach(hayOf)); // before somebody types
      }
      list.set(matching(all, address.query.get('filter') ?? '', hayOf));
      list.choose(address.query.get('service') + '\u0000' + address.query.get('instance'));
    },
    tick() {},
    look: () => ({}),
    focus() { list.focus(Math.max(0, list.things.findIndex((i) => keyOf(i) === list.chosen))); },
    count: () => [list.things.length, model.instances],
  };
}
