// What a person with the token may do. Without a token that the proxy has accepted there is none of it.

import { keepToken, token } from './address.js';
import { ask, say } from './dialog.js';
import { send } from './fetched.js';
import { model } from './model.js';
import { pinned } from './verdicts.js';
import { el } from './text.js';

let known = new Set(); // names of the actions that there are
const watching = new Set();

// unlocked calls f whenever other actions are there.
export function unlocked(f) { watching.add(f); }

function tell(names) {
  known = new Set(names);
  document.body.toggleAttribute('data-unlocked', known.size > 0);
  for (const f of watching) f(known.size > 0);
}

// learn asks which actions the token allows.
export async function learn() {
  if (!token()) return tell([]);
  try {
    const answer = await fetch('api/actions', { headers: { Authorization: 'Bearer ' + token() }, cache: 'no-store' });
    if (answer.ok) return tell((await answer.json()).actions);
    if (answer.status === 401) say('That is not the token of this proxy’s -admin-token.');
    else if (answer.status === 404) say('This proxy runs without -admin-token: there are no actions.');
    else return; // it may be right; the next try tells
  } catch { return; } // it stays; the next try tells
  keepToken('');
  tell([]);
}

// enter asks for the token, or forgets it.
export async function enter() {
  if (known.size > 0) {
    keepToken('');
    return tell([]);
  }
  const given = await ask({ title: 'Unlock actions', text: 'The token is the text of the file that -admin-token names; pointsman demo prints an address with it. It is kept until this tab is closed.',
    field: { label: 'Token', type: 'password' }, button: 'Unlock' });
  if (!given) return;
  keepToken(given.trim());
  await learn();
}

async function act(name, body) {
  try {
    const done = JSON.parse(await send('api/actions/' + name, body, token()));
    say(done.text ?? 'Done.');
  } catch (e) {
    say(e.message);
    if (e.status !== 401) return;
    keepToken(''); // it is not the one of -admin-token
    tell([]);
  }
}

function button(text, name, press) {
  const b = el('button', { type: 'button', class: 'act', 'data-action': name }, text);
  b.addEventListener('click', press);
  return b;
}

// row makes a place for buttons. In it are those that there are actions for, and where wanted(name) says so: without the token none is in the page.
// update says that something may have changed.
function row(buttons, wanted = () => true) {
  const element = el('p', { class: 'acts', hidden: true });
  const update = () => {
    const now = buttons.filter((b) => known.has(b.dataset.action) && wanted(b.dataset.action));
    if (now.length !== element.children.length || now.some((b, n) => b !== element.children[n])) element.replaceChildren(...now);
    element.hidden = now.length === 0;
  };
  return { element, update };
}

// serviceActions are those about a service.
export function serviceActions(service) {
  const scale = button('Scale…', 'scale', async () => {
    const now = model.services.get(service)?.count ?? 0;
    const n = await ask({ title: 'Scale ' + service, text: 'How many instances shall it have?', field: { label: 'Instances', type: 'number', min: 0, max: 100, value: now }, button: 'Scale' });
    if (n !== null && n !== '') act('scale', { service, instances: Number(n) });
  });
  const pin = button('Hold its routes…', 'pin', async () => {
    const n = await ask({ title: `Hold the routes of ${service}`, text: 'Its routes stay as the table of that number had them, until they are released. Its instances always come from the catalogue.',
      field: { label: 'Table', type: 'number', min: 1, max: model.table, value: model.table }, button: 'Hold' });
    if (n) act('pin', { service, at: n });
  });
  const release = button('Release its routes', 'release', () => act('release', { service }));
  return row([scale, pin, release], (name) => name === 'scale' || (name === 'release') === pinned(service) > 0);
}

// instanceActions are those about an instance; update says which one.
export function instanceActions() {
  let of = null;
  const drain = button('Drain…', 'drain', async () => {
    const { instance, name } = of;
    const minutes = await ask({ title: 'Drain ' + instance, text: 'It gets no new requests for that time; those under way are answered.', field: { label: 'Minutes', type: 'number', min: 1, max: 1440, value: 10 }, button: 'Drain' });
    if (minutes) act('drain', { instance: name, seconds: 60 * Number(minutes) });
  });
  const undrain = button('End the drain', 'undrain', () => act('undrain', { instance: of.name }));
  const end = button('End the ejection', 'end-ejection', () => act('end-ejection', { service: of.service, instance: of.instance }));
  const one = row([drain, undrain, end], (name) => (name === 'end-ejection' ? of?.ejected : (name === 'undrain') === Boolean(of?.draining)));
  return {
    element: one.element,
    update(service, i, ejected) {
      of = { service, instance: i.id, name: i.node ? `${i.node}/${i.id}` : i.id, ejected, draining: i.draining }; // other nodes may have that id
      one.update();
    },
  };
}

// ejectionAction ends an ejection; null where nobody may.
export function ejectionAction(service, instance) {
  return known.has('end-ejection') ? button('End it', 'end-ejection', () => act('end-ejection', { service, instance })) : null;
}
