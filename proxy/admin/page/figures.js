// The totals above everything.

import { live } from './live.js';
import { model } from './model.js';
import { canvas, draw } from './spark.js';
import { count, el, mark, ms, rate, set } from './text.js';

// figures fills the strip of totals, and returns what brings it up to date.
export function figures(strip) {
  const make = (name, label, help) => {
    const value = el('dd'), one = el('div', { class: name, title: help }, el('dt', {}, label), value);
    return { one, value };
  };
  const parts = {
    rate: make('rate', 'Requests/s'), errors: make('errors', 'Errors/s', 'answers with status 500 and above, per second'),
    p50: make('p50', 'p50', 'half of the requests took at most as long'), p99: make('p99', 'p99', '99 of 100 requests took at most as long'),
    flight: make('flight', 'Open', 'requests that are being answered'), services: make('services', 'Services'),
    instances: make('instances', 'Instances', 'usable of all'), ejected: make('ejected', 'Ejected', 'instances that are left alone by the proxy’s own judgement'), routes: make('routes', 'Routes'), table: make('table', 'Table', 'its number: each change makes another one'),
  };
  const curve = canvas(parts.rate.one);
  strip.append(el('dl', {}, Object.values(parts).map((p) => p.one)));
  return () => {
    const t = live.total;
    set(parts.rate.value, rate(t?.rate));
    draw(curve, 'total');
    set(parts.errors.value, rate(t?.errors));
    mark(parts.errors.one, 'data-bad', t?.errors > 0);
    set(parts.p50.value, ms(t?.p50_ms));
    set(parts.p99.value, ms(t?.p99_ms));
    set(parts.flight.value, t?.in_flight ?? '–');
    set(parts.services.value, count(model.services.size));
    set(parts.instances.value, model.usable === model.instances ? count(model.instances) : `${count(model.usable)}/${count(model.instances)}`);
    mark(parts.instances.one, 'data-warn', model.usable < model.instances);
    set(parts.ejected.value, t?.ejected ?? '–');
    mark(parts.ejected.one, 'data-warn', t?.ejected > 0);
    set(parts.routes.value, count(model.routes.size));
    set(parts.table.value, model.table > 0 ? `${model.table}` : '–');
  };
}
