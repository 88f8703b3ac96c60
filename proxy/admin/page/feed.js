// The events that people read, the latest first. The proxy's notices are taken where it has them; until the first of those has come the page
// writes its own, from what the stream changes.

export const kept = 1000;

export const feed = { list: [], own: true, next: 0 };

const watching = new Set();
let made = 0;

// told calls f(notice) for each that comes.
export function told(f) { watching.add(f); }

// note adds one of the page's own.
export function note(n) {
  if (feed.own) add({ id: 'page-' + ++made, at: new Date().toISOString(), times: 1, ...n });
}

// notice adds one of the proxy's. What has happened once more comes again, and names the one that it replaces.
export function notice(n) {
  if (feed.own) [feed.own, feed.list] = [false, []];
  if (feed.list.some((x) => x.id === n.id)) return;
  const same = n.replaces ? feed.list.findIndex((x) => x.id === n.replaces) : -1;
  if (same >= 0) feed.list.splice(same, 1);
  feed.next = Math.max(feed.next, n.id);
  add(n);
}

// missed asks for the notices since the last one that came, until there is an answer: the stream, which tells of new ones, may be open meanwhile.
export async function missed() {
  try {
    const answer = await fetch(`api/notices?limit=1000&since=${feed.next}`, { cache: 'no-store' });
    if (answer.ok) for (const n of (await answer.json()).notices) notice(n);
  } catch {
    setTimeout(missed, 2000);
  }
}

function add(n) {
  n.hay = `${n.kind} ${n.service ?? ''} ${n.instance ?? ''} ${n.text}`.toLowerCase();
  feed.list.unshift(n);
  if (feed.list.length > kept) feed.list.length = kept;
  for (const f of watching) f(n);
}
