// The instances of services that have more than a thousand: the stream tells the first thousand of each, the list of all upstreams the others.

import { changed, model, searchable } from './model.js';

const page = 10_000, most = 100_000; // instances in one answer, and in all
const pause = 5000;                  // milliseconds between two questions: the answers are large

// begin keeps such services complete, and calls came() when more is known.
export function begin(came) {
  let timer = 0, asked = 0;
  const short = () => [...model.services.values()].filter((s) => s.count > s.instances.length && !s.asked);
  const soon = () => {
    if (timer || short().length === 0) return;
    timer = setTimeout(async () => {
      asked = Date.now();
      try { await ask(short()); } catch { /* the next change asks again */ }
      timer = 0;
      came();
      soon();
    }, Math.max(100, asked + pause - Date.now()));
  };
  changed(soon);
}

async function ask(services) {
  const known = new Map(services.map((s) => [s.name, { s, ids: new Set(s.instances.map((i) => i.id)), more: [] }]));
  for (let offset = 0, count = 1; offset < Math.min(count, most); offset += page) {
    const answer = await fetch(`api/upstreams?limit=${page}&offset=${offset}`, { cache: 'no-store' });
    if (!answer.ok) return;
    const list = await answer.json();
    count = list.count;
    for (const u of list.upstreams) {
      const one = known.get(u.service);
      if (one && !one.ids.has(u.id)) one.more.push(asInstance(u));
    }
  }
  for (const { s, more } of known.values()) {
    s.asked = true; // those that take no requests are in no list of upstreams
    if (model.services.get(s.name) !== s) continue; // another table has come meanwhile
    model.services.set(s.name, searchable({ ...s, instances: [...s.instances, ...more] }));
  }
}

// asInstance is an upstream in the form of the stream's instances.
function asInstance(u) {
  const colon = u.address.lastIndexOf(':');
  return { id: u.id, node: '', address: u.address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(u.address.slice(colon + 1)), status: u.status ?? 'passing',
    weight: '', usable: u.status === 'passing' || u.status === 'warning' };
}
