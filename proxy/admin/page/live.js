// The rates of what can be seen. The stream sends a viewer what it shows: which services, routes and instances that are stands in its address,
// so it is opened anew when other rows are in view.

import { feed, notice } from './feed.js';
import { push, step } from './spark.js';
import { follow } from './stream.js';

const most = 60; // services and routes in one stream
export const pageOfInstances = 200;

export const live = { at: 0, absent: false, total: null, services: new Map(), instances: new Map(), routes: new Map() };

const watching = new Set();
let wish = '', stream = null, timer = 0;

// ticked calls f each second, after new figures have come.
export function ticked(f) { watching.add(f); }

// look says what is in view: names of services, ids of routes, and one service of which the instances are shown, from the one at an offset on.
// topServices and topRoutes are figures: those with the largest are wanted besides.
export function look({ services = [], routes = [], detail = '', offset = 0, topServices = '', topRoutes = '' }) {
  const q = new URLSearchParams();
  for (const s of services.slice(0, most)) q.append('service', s);
  for (const r of routes.slice(0, most)) q.append('route', r);
  if (topServices) q.append('top_services', topServices);
  if (topRoutes) q.append('top_routes', topRoutes);
  if (detail) q.append('detail', detail);
  if (detail && offset > 0) q.append('offset', offset - offset % (pageOfInstances / 2));
  const text = q.toString();
  if (text === wish && stream) return;
  wish = text;
  clearTimeout(timer);
  timer = setTimeout(() => { if (!document.hidden) stream?.again(); }, 150); // who scrolls asks once
}

// address names the last notice that is known, too: the stream is opened anew with each wish, and no notice may come unseen meanwhile.
function address() { return `api/live?${wish ? wish + '&' : ''}since=${feed.next}`; }

// begin opens the stream. state gets what becomes of it, as in follow.
export function begin(state) {
  stream = follow({ url: address, event, silence: 10_000, state: (s) => { live.absent ||= Boolean(s.absent); state(s); } });
  return stream;
}

function event(name, data) {
  if (name === 'notice') return notice(data);
  if (name !== 'live') return;
  step();
  live.at = Date.now();
  live.total = data.total;
  push('total', data.total?.rate);
  keep(live.services, data.services, 'service ', 'rate');
  keep(live.routes, data.routes, 'route ', 'rate');
  keep(live.instances, data.instances, 'instance ', 'rate');
  for (const f of watching) f();
}

// keep takes the figures of what is in view; the others' would be old.
function keep(into, figures, prefix, value) {
  into.clear();
  for (const [name, x] of Object.entries(figures ?? {})) {
    into.set(name, x);
    push(prefix + name, x[value]);
  }
}
