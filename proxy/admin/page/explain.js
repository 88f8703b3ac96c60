// The view that says where a request would go, and why.

import { address, go, link } from './address.js';
import { reasons } from './instancepart.js';
import { placeOf } from './routes.js';
import { el, plural, share } from './text.js';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

// explainView makes the view. What was asked stands in the address, so that a link asks it again.
export function explainView() {
  const url = el('input', { id: 'explain-url', type: 'text', required: true, maxlength: 2000, placeholder: 'http://web.localhost/path?query', spellcheck: 'false', autocapitalize: 'off' });
  const method = el('select', { id: 'explain-method' }, methods.map((m) => el('option', {}, m)));
  const fields = el('textarea', { id: 'explain-headers', rows: 2, maxlength: 4000, placeholder: 'X-Version: beta', spellcheck: 'false' });
  const client = el('input', { id: 'explain-client', type: 'text', maxlength: 100, placeholder: '203.0.113.7', spellcheck: 'false' });
  const at = el('input', { id: 'explain-at', type: 'text', maxlength: 100, placeholder: 'now; a table, or 5m', spellcheck: 'false' });
  const form = el('form', { class: 'ask', 'aria-label': 'Explain a request' },
    field('URL', url, 'wide'), field('Method', method), field('Client address', client), field('At', at), field('Header fields, one a line', fields, 'wide'),
    el('button', { type: 'submit' }, 'Explain'));
  const result = el('section', { class: 'answer', 'aria-live': 'polite', 'aria-label': 'Explanation' },
    el('p', { class: 'empty' }, 'Says which route takes a request, why no other does, and which instances get it. Nothing is sent to them.'));
  let asked = '';

  form.addEventListener('submit', (e) => {
    e.preventDefault();
    asked = '';
    go('explain', { url: url.value.trim(), method: method.value === 'GET' ? '' : method.value, client: client.value.trim(), at: at.value.trim(), headers: fields.value.trim() });
    ask();
  });

  async function ask() {
    const q = new URLSearchParams();
    for (const name of ['url', 'method', 'client', 'at']) if (address.query.get(name)) q.set(name, address.query.get(name));
    for (const line of (address.query.get('headers') ?? '').split('\n')) if (line.trim()) q.append('header', line.trim());
    if (!q.get('url') || q.toString() === asked) return;
    asked = q.toString();
    try {
      const answer = await fetch('api/explain?' + q, { cache: 'no-store' });
      const body = await answer.json();
      if (q.toString() !== asked) return; // another one was asked meanwhile
      result.replaceChildren(...(answer.ok ? explained(body) : [el('p', { class: 'reason', role: 'alert' }, body.detail ?? 'There is no answer.')]));
    } catch {
      result.replaceChildren(el('p', { class: 'reason', role: 'alert' }, 'The proxy does not answer.'));
    }
  }

  return {
    element: el('div', { class: 'reading explain' }, form, result),
    update() {
      if (form.contains(document.activeElement)) return; // who types is not disturbed
      url.value = address.query.get('url') ?? url.value;
      method.value = address.query.get('method') ?? 'GET';
      client.value = address.query.get('client') ?? '';
      at.value = address.query.get('at') ?? '';
      fields.value = address.query.get('headers') ?? '';
      ask();
    },
    tick() {},
    look: () => ({}),
    focus() { url.focus(); },
    count: () => null,
  };
}

function field(label, input, name) {
  return el('p', { class: 'field ' + (name ?? '') }, el('label', { for: input.id }, label), input);
}

function explained(x) {
  const list = [el('p', {}, el('code', {}, el('bdi', {}, x.request)), el('span', { class: 'quietly' }, ` in table ${x.table}${x.present === false ? ', which is not in use any more' : ''}`))];
  if (x.reply) list.push(el('p', { class: 'reason' }, `The proxy answers itself: ${x.reply.status}, ${x.reply.outcome}${x.reply.detail ? ': ' + x.reply.detail : ''}.`));
  if (!x.route) list.push(el('p', { class: 'reason' }, 'No route takes it.'));
  else {
    list.push(el('h3', {}, 'Route ', el('a', { href: link('routes', { route: x.route.id }) }, el('bdi', {}, placeOf(x.route)))),
      el('p', {}, 'of ', el('a', { href: link('services', { service: x.route.service }) }, el('bdi', {}, x.route.service)), `, written as ${x.route.dialect}`,
        x.route.match?.length > 0 ? [', with ', el('code', {}, el('bdi', {}, x.route.match.join(' ')))] : null));
    if (x.closed) list.push(el('p', { class: 'reason' }, 'It lets nobody in.'));
    list.push(...treatment(x));
    list.push(el('h3', {}, 'Instances'), instancesTable(x.instances));
  }
  if (x.others.length > 0) {
    list.push(el('h3', {}, 'Other routes'), el('ul', { class: 'others' }, x.others.map((o) => el('li', {},
      el('bdi', { class: 'id' }, o.route), ' of ', el('bdi', {}, o.service), ': ', el('bdi', {}, o.reason)))));
    if (x.more > 0) list.push(el('p', { class: 'quietly' }, `and ${plural(x.more, 'more')}`));
  }
  return list;
}

// treatment says how a request of the route is treated: what is sent, by which rules, and to whom the next ones go.
function treatment(x) {
  const list = [], p = x.policy, next = x.next;
  if (x.sent) list.push(el('p', {}, 'It is sent as ', el('code', {}, el('bdi', {}, x.sent.host + x.sent.path))));
  if (p) {
    list.push(el('p', {}, `Times: ${p.connect_timeout} to connect, ${p.answer_timeout} until the answer, ${p.progress_timeout} without progress; ${plural(p.retries, 'retry').replace('retrys', 'retries')}; ejection ${p.eject}.`));
    if (p.options.length > 0) list.push(el('p', {}, 'Options: ', el('code', {}, el('bdi', {}, p.options.join(' ')))));
  }
  const picks = next?.picks?.map((c) => c.id || c.address) ?? next?.chances?.map((c) => `${c.id || c.address} (${share(c.chance)})`) ?? [];
  if (picks.length > 0) list.push(el('p', {}, next.picks ? 'The next requests go to ' : 'The next request goes to one of ', el('bdi', { class: 'id' }, picks.slice(0, 12).join(', '))));
  if (next?.detail) list.push(el('p', { class: 'quietly' }, el('bdi', {}, next.detail)));
  return list;
}

function instancesTable(instances) {
  if (instances.length === 0) return el('p', { class: 'empty' }, 'None: the proxy answers 503.');
  const head = el('tr', {}, ['Instance', 'Address', 'Gets', 'Why'].map((t) => el('th', { scope: 'col', class: t === 'Gets' ? 'number' : null }, t)));
  return el('table', {}, el('thead', {}, head), el('tbody', {}, instances.slice(0, 100).map((i) => el('tr', { 'data-state': i.in_route && i.routable !== false ? 'ok' : 'bad' },
    el('td', {}, el('span', { class: 'dot', 'aria-hidden': 'true' }), el('bdi', {}, i.id)), el('td', {}, el('bdi', {}, `${i.address}:${i.port}`)),
    el('td', { class: 'number' }, i.in_route && i.routable !== false ? share(i.share) : 'nothing'), el('td', {}, why(i))))));
}

function why(i) {
  if (i.ejected) return 'ejected: ' + (reasons[i.ejected_for] ?? i.ejected_for ?? reasons.refused);
  if (i.status === 'critical' || i.status === 'maintenance') return i.status + ' in the catalogue';
  if (!i.in_route) return 'not in this route';
  if (i.check === 'failing') return 'its check fails';
  return i.backup ? 'only where no other can' : i.status;
}
