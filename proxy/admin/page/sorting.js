// The order of a list: which column it is sorted by stands in the address, as p99 or, from the largest on, as -p99.

import { address, go } from './address.js';

// sorting is the order that the address names, for a list's columns. Those that can be sorted have by(thing), a number or a text. What has no
// number stands last. live ones change with each second.
export function sorting(columns, parameter = 'sort') {
  const text = address.query.get(parameter) ?? '', name = text.replace(/^-/, '');
  const column = columns.find((c) => c.by && c.name === name);
  return column ? { name, by: column.by, down: text !== name, live: Boolean(column.live) } : null;
}

// ordered are things in that order; those alike keep theirs.
export function ordered(things, order) {
  if (!order) return things;
  const sign = order.down ? -1 : 1, missing = (v) => v === undefined || v === null || Number.isNaN(v);
  return things.map((t) => [order.by(t), t]).sort(([a], [b]) => {
    if (missing(a) || missing(b)) return missing(a) - missing(b);
    return a < b ? -sign : a > b ? sign : 0;
  }).map(([, t]) => t);
}

// sortBy follows a press on a column's head: numbers begin with the largest, texts with the first; the second press turns that round, the third
// ends it.
export function sortBy(column, parameter = 'sort') {
  const first = column.largest ? '-' + column.name : column.name, other = column.largest ? column.name : '-' + column.name;
  const now = address.query.get(parameter);
  go(address.view, { [parameter]: now === first ? other : now === other ? '' : first });
}
