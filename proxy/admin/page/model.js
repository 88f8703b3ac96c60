// What the table holds, as /api/events tells it. A table's parts are taken together when its end has come, so that nobody sees half a change.

import { note } from './feed.js';

export const model = {
  services: new Map(), // name → service with names to search by
  routes: new Map(),   // id → route
  table: 0,
  taken: null,         // when the snapshot was taken that the table is made of
  stale: false,        // from disk, not confirmed by the catalogue yet
  instances: 0,
  usable: 0,
  more: 0,             // how often instances were told besides the stream
};

const watching = new Set();

// version grows with each change of what is here.
export function version() { return model.table + ':' + model.more; }

// changed calls f after each table.
export function changed(f) { watching.add(f); }

let parts = [], reset = false;

// take takes an event of the stream.
export function take(name, data) {
  if (name === 'reset') [parts, reset] = [[], true];
  else if (name === 'table') finish(data);
  else parts.push([name, data]);
}

function finish(table) {
  const first = model.table === 0;
  const before = reset ? [model.services, model.routes] : null;
  if (reset) [model.services, model.routes] = [new Map(), new Map()];
  for (const [name, data] of parts) apply[name]?.(data, before);
  Object.assign(model, { table: table.table, taken: table.taken ?? null, stale: Boolean(table.stale) });
  if (!reset) tell(parts, table);
  else if (!first) note({ kind: 'table', text: `caught up with table ${table.table}` });
  [parts, reset] = [[], false];
  total();
  for (const f of watching) f();
}

const apply = {
  'service': (s, before) => {
    const was = (before ? before[0] : model.services).get(s.name);
    model.services.set(s.name, searchable(s, was));
  },
  'service-gone': (s) => model.services.delete(s.name),
  'route': (r) => {
    r.hay = `${r.host || '*'}${r.path} ${r.service} ${r.dialect} ${(r.match ?? []).join(' ')}`.toLowerCase();
    model.routes.set(r.id, r);
  },
  'route-gone': (r) => model.routes.delete(r.id),
};

// hayOf is the text of an instance that is searched. It is made when it is first wanted, as there may be ten thousand.
export function hayOf(i) { return (i.hay ??= `${i.service} ${i.id} ${i.at} ${i.node} ${i.zone ?? ''} ${i.status}`.toLowerCase()); }

// searchable adds what lists and filters look at. A service that lost nothing and got nothing keeps what was told of its instances before.
export function searchable(s, was) {
  s.was = was?.instances ?? null;
  if (was) was.was = null;
  s.usable = 0;
  for (const i of s.instances) {
    i.service = s.name;
    i.at = i.address.includes(':') ? `[${i.address}]:${i.port}` : `${i.address}:${i.port}`;
    if (i.usable) s.usable++;
  }
  s.rejects ??= [];
  return s;
}

// grown is called when instances were told besides the stream.
export function grown() {
  model.more++;
  total();
}

// total adds up what the table holds, and has services found by the hosts of their routes and by how they do.
function total() {
  let instances = 0, usable = 0;
  for (const s of model.services.values()) {
    const up = s.usable + (s.count - s.instances.length); // of more than a thousand instances only the first thousand are told
    instances += s.count;
    usable += up;
    s.hay = `${s.name} ${up === s.count ? 'up' : up > 0 ? 'partly' : 'down'} ${s.gone ? 'gone' : ''}`.toLowerCase();
  }
  for (const r of model.routes.values()) {
    const s = model.services.get(r.service);
    if (s && r.host) s.hay += ' ' + r.host.toLowerCase();
  }
  Object.assign(model, { instances, usable });
}

// tell writes what a table changed into the events, unless the proxy itself tells (feed.js).
function tell(list, table) {
  const at = table.taken ?? new Date().toISOString();
  for (const [name, data] of list.slice(0, 50)) {
    if (name === 'service-gone') note({ at, kind: 'removal', service: data.name, text: 'left the catalogue' });
    if (name !== 'service' || !data.was || data.count > data.instances.length) {
      if (name === 'service' && !data.was) note({ at, kind: 'table', service: data.name, text: `new, with ${data.count} instances` });
      continue;
    }
    const before = new Map(data.was.map((i) => [i.id, i]));
    for (const i of data.instances.slice(0, 200)) {
      const b = before.get(i.id);
      before.delete(i.id);
      if (!b) note({ at, kind: 'table', service: data.name, instance: i.id, text: i.usable ? 'came, and takes requests' : `came, ${i.status}` });
      else if (b.status !== i.status) note({ at, kind: i.usable ? 'returned' : 'removal', service: data.name, instance: i.id, text: `${b.status} → ${i.status}` });
    }
    for (const i of [...before.values()].slice(0, 50)) note({ at, kind: 'removal', service: data.name, instance: i.id, text: 'left the catalogue' });
  }
}

// sorted are the values of a map by a text.
export function sorted(map, by) {
  return [...map.values()].sort((a, b) => (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0));
}

// matching keeps what has all words of a filter. hay is the text that is searched.
export function matching(list, filter, hay = (x) => x.hay) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return words.length === 0 ? list : list.filter((x) => { const h = hay(x); return words.every((w) => h.includes(w)); });
}
