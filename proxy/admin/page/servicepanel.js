// A service, closely: how it does, who gets what share of its requests now, how its instances came, and what became of its labels.

import { serviceActions } from './actions.js';
import { address, go, link } from './address.js';
import { figuresOf, instancePart } from './instancepart.js';
import { List } from './list.js';
import { live, pageOfInstances } from './live.js';
import { model, sorted } from './model.js';
import { placeOf } from './routes.js';
import { named, stateOf, usableOf } from './services.js';
import { canvas, draw } from './spark.js';
import { startsPart } from './starts.js';
import { tagsPart } from './tags.js';
import { count, el, mark, ms, plural, rate, set, share, shown, span } from './text.js';
import { verdictsPart } from './verdicts.js';

const columns = [
  { name: 'name', title: 'Instance', cell: named, by: (i) => i.id },
  { name: 'rate', title: 'Requests/s', cell: (c) => ({ curve: canvas(c), text: c.appendChild(el('span')) }), ...figure('rate') },
  { name: 'latency', title: 'Latency', help: 'moving average until the response begins', ...figure('latency_ms') },
  { name: 'flight', title: 'Open', help: 'requests that are being answered', ...figure('in_flight') },
  { name: 'share', title: 'Share now', cell: shareCell, ...figure('share') },
];

// figure sorts by one that comes each second.
function figure(name) { return { by: (i) => figuresOf(i)?.[name] ?? 0, live: true, largest: true }; }

function shareCell(cell) {
  const full = el('span'), text = el('span');
  cell.append(el('span', { class: 'bar', 'aria-hidden': 'true' }, full), text);
  return { full, text };
}

const facts = ['Instances', 'Requests/s', 'Errors/s', 'p50', 'p99', 'Open', 'Catalogue'];

// servicePanel makes it. scrolled is called when other instances are in view.
export function servicePanel(name, scrolled) {
  const values = facts.map(() => el('dd'));
  const list = el('dl', { class: 'facts' }, facts.map((f, n) => el('div', {}, el('dt', {}, f), values[n])));
  const routes = el('p', { class: 'links' });
  const gone = el('p', { class: 'empty', hidden: true }, 'The table has no service of that name. It may come: this page then shows it.');
  const more = el('p', { class: 'hint', hidden: true });
  const actions = serviceActions(name), starts = startsPart(), verdicts = verdictsPart(), tags = tagsPart(name);
  const instance = instancePart();
  const instances = new List({
    label: 'Instances of ' + shown(name), name: 'members', columns, key: (i) => i.id, scrolled, sort: 'members',
    fill: fillInstance,
    open: (i) => go(address.view, { instance: i.id === address.query.get('instance') ? '' : i.id }),
    empty: () => 'It has no instances.',
  });
  let block = null;
  const find = () => model.services.get(name);

  function figures() {
    const s = find(), f = live.services.get(name);
    if (!s) return;
    const text = [`${usableOf(s, f)} of ${count(s.count)}`, rate(f?.rate), rate(f?.errors), ms(f?.p50_ms), ms(f?.p99_ms), f?.in_flight ?? '–',
      Number.isFinite(f?.answer_age_s) ? span(f.answer_age_s) + ' ago' : '–'];
    text.forEach((t, n) => set(values[n], t));
    mark(list, 'data-state', stateOf(s, f));
  }

  // The stream tells two hundred instances: all of most services, and of larger ones those about the first that is in view.
  const offset = () => (instances.given.length <= pageOfInstances ? 0 : Math.max(0, instances.given.indexOf(instances.inView()[0])));

  return {
    element: el('div', {}, list, gone, routes, actions.element, el('h3', {}, 'Who gets what'), instances.element, more, instance.element, starts.element, verdicts.element, tags.element),
    title: () => name,
    service: () => name,
    update() {
      const s = find();
      gone.hidden = Boolean(s);
      for (const e of [list, instances.element]) e.hidden = !s;
      if (s !== block) {
        block = s;
        instances.set(s?.instances ?? []);
        verdicts.update(s?.rejects ?? []);
        if (s) tags.update();
        tags.element.hidden ||= !s;
        more.hidden = !s || s.count <= s.instances.length;
        if (s) set(more, `The first ${count(s.instances.length)} of ${count(s.count)} are shown.`);
        const own = sorted(model.routes, placeOf).filter((r) => r.service === name);
        routes.replaceChildren(...own.slice(0, 20).map((r) => el('a', { href: link('routes', { route: r.id }), class: 'chip' }, el('bdi', {}, placeOf(r)))),
          own.length > 20 ? ` and ${plural(own.length - 20, 'more route')}` : '');
      }
      const id = address.query.get('instance') ?? '';
      instances.choose(s?.instances.find((i) => i.at === id)?.id ?? id);
      instance.update(s);
      actions.update();
      figures();
    },
    tick() {
      figures();
      instances.again();
      instance.tick();
      starts.tick();
    },
    look: () => ({ detail: name, offset: offset() }),
  };
}

// ways a row is marked by the state of its instance.
const marks = { serving: 'ok', ready: 'ok', ejected: 'warn', registered: 'idle', maintenance: 'idle', drained: 'idle' };

function fillInstance(cells, i, row) {
  const f = figuresOf(i), state = f?.state ?? (i.usable ? '' : i.status);
  mark(row, 'data-state', i.draining ? 'idle' : f ? marks[f.state] ?? 'bad' : i.usable ? 'ok' : i.status === 'maintenance' ? 'idle' : 'bad');
  set(cells.name.text, i.id);
  mark(cells.name.cell, 'title', `${shown(i.id)} at ${shown(i.at)}`);
  set(cells.name.more, i.draining ? 'draining' : state === 'serving' ? '' : state);
  draw(cells.rate.curve, 'instance ' + name(i, f));
  set(cells.rate.text, rate(f?.rate));
  set(cells.latency, ms(f?.latency_ms));
  set(cells.flight, f?.in_flight ?? '–');
  set(cells.share.text, share(f?.share));
  cells.share.full.style.width = (f?.share > 0 ? 100 * f.share : 0) + '%';
}

// name is what the stream calls an instance.
function name(i, f) { return f && live.instances.get(i.id) !== f ? `${i.id}@${i.node}` : i.id; }
