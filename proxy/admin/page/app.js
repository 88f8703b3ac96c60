// The page: what stands where, and what follows from a step of the person or news of the proxy.

import { enter, learn, unlocked } from './actions.js';
import { address, begin as beginAddress, go, link, moved, token } from './address.js';
import { certificatesView } from './certificates.js';
import { early } from './early.js';
import { ejectionsView } from './ejections.js';
import { eventsView } from './events.js';
import { explainView } from './explain.js';
import { missed } from './feed.js';
import { figures } from './figures.js';
import { historyView } from './history.js';
import { instancesView } from './instances.js';
import { begin as beginLive, look, ticked } from './live.js';
import { changed, grown, take } from './model.js';
import { panel } from './panel.js';
import { begin as beginRest } from './rest.js';
import { routesView } from './routes.js';
import { servicesView } from './services.js';
import { state } from './state.js';
import { follow } from './stream.js';
import { count, el, mark, set } from './text.js';
import { counted, verdictsView } from './verdicts.js';

const main = document.getElementById('main'), filter = document.getElementById('filter'), skip = document.getElementById('skip');
const totals = figures(document.getElementById('figures'));
const line = state();

const kinds = {
  services: ['Services', servicesView], routes: ['Routes', routesView], instances: ['Instances', instancesView], verdicts: ['Verdicts', verdictsView],
  ejections: ['Ejections', ejectionsView], certificates: ['Certificates', certificatesView], events: ['Events', eventsView],
  history: ['History', historyView], explain: ['Explain', explainView],
};

const made = {};
const tabs = Object.fromEntries(Object.entries(kinds).map(([name, [title]]) => {
  const number = el('span', { class: 'count' });
  return [name, { number, a: el('a', { href: '#' + name }, title, ' ', number) }];
}));
document.getElementById('views').append(...Object.values(tabs).map((t) => el('li', {}, t.a)));

const beside = panel(document.getElementById('side'), () => seen());

// view is what is shown; each is made when it is first wanted.
function view() { return (made[address.view] ??= kinds[address.view][1](() => seen())); }

// seen tells the stream which rows can be seen.
function seen() {
  const a = made[address.view]?.look() ?? {}, b = beside?.look() ?? {}, also = address.query.get('service');
  look({ services: [...(b.detail ?? also ? [b.detail ?? also] : []), ...(a.services ?? [])], routes: [...(b.routes ?? []), ...(a.routes ?? [])],
    topServices: a.topServices, topRoutes: a.topRoutes, detail: b.detail, offset: b.offset });
}

function update() {
  view().update();
  beside.update();
  totals();
  numbers();
  seen();
}

function numbers() {
  const n = view().count();
  const of = address.query.get('filter') && n && n[0] !== n[1] ? `${count(n[0])} of ${count(n[1])}` : '';
  for (const [name, t] of Object.entries(tabs)) set(t.number, name === address.view && of ? of : name === 'verdicts' ? bad() : '');
}

function bad() {
  const n = (counted.value?.reject_count ?? 0) + (counted.value?.conflict_count ?? 0) - (counted.value?.shared_count ?? 0);
  return n > 0 ? count(n) : '';
}

moved((before) => {
  const text = address.query.get('filter') ?? '', [title] = kinds[address.view];
  if (filter.value !== text) filter.value = text;
  for (const [name, t] of Object.entries(tabs)) {
    mark(t.a, 'aria-current', name === address.view ? 'page' : null);
    mark(t.a, 'href', link(name));
  }
  if (main.firstChild !== view().element) main.replaceChildren(view().element);
  mark(main, 'aria-label', title);
  document.title = (address.query.get('service') ? address.query.get('service').slice(0, 80) + ' · ' : '') + title + ' · Pointsman';
  update();
  const opened = address.query.get('service') !== before.query.get('service') || address.query.get('route') !== before.query.get('route');
  if (opened && (address.query.get('service') || address.query.get('route')) && before.read) beside.focus();
  if (token() !== known) [known] = [token(), learn()];
});
let known = '';

filter.addEventListener('input', () => go(address.view, { filter: filter.value }, true));
document.getElementById('search').addEventListener('submit', (e) => { e.preventDefault(); view().focus(); });
filter.addEventListener('keydown', (e) => { if (e.key === 'ArrowDown') { e.preventDefault(); view().focus(); } });
skip.addEventListener('click', (e) => { e.preventDefault(); view().focus(); });
addEventListener('panel-closed', () => view().focus());
addEventListener('keydown', (e) => {
  if (e.key === 'Escape' && main.contains(e.target)) beside.close();
  if (searches(e)) e.preventDefault(); // Firefox has a search of its own for this key
});
addEventListener('keyup', (e) => { if (searches(e)) filter.focus(); });
function searches(e) { return e.key === '/' && !e.ctrlKey && !e.metaKey && !e.altKey && !e.target.closest('input, textarea, select, dialog'); }
const lock = document.getElementById('token');
lock.hidden = false;
lock.addEventListener('click', enter);
unlocked((yes) => { set(lock, yes ? 'Lock' : 'Unlock');
  mark(lock, 'title', yes ? 'Forget the token: this page only shows then' : 'Enter the token of -admin-token, to act from this page'); update(); });

let drawing = false;
changed(() => {
  counted.soon();
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => { drawing = false; update(); });
});
ticked(() => { totals(); view().tick(); beside.tick(); });
counted.came(update); // what is held shows in more than the numbers
beginRest(() => { grown(); update(); });

beginAddress();
const events = follow({ url: () => 'api/events', early, event: take, silence: 40_000, state: line.told('events') });
let open = false;
const rates = beginLive((s) => {
  if (s.open && !open) missed();
  open = Boolean(s.open);
  line.told('live')(s);
});
// A page that nobody sees follows nothing: browsers open six connections to one address, for all tabs together.
const seenOrNot = () => { for (const s of [events, rates]) document.hidden ? s.pause() : s.again(); };
document.addEventListener('visibilitychange', seenOrNot);
if (document.hidden) seenOrNot();
// A page that is kept for the way back must hold no connections, or the next pages wait for theirs.
addEventListener('pagehide', () => { for (const s of [events, rates]) s.pause(); });
addEventListener('pageshow', (e) => { if (e.persisted) seenOrNot(); });
