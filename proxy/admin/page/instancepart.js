// One instance, closely.

import { instanceActions } from './actions.js';
import { address } from './address.js';
import { live } from './live.js';
import { text as startText } from './starts.js';
import { el, ms, pairs, plural, rate, set, share, span } from './text.js';

// instancePart is the part of a service's panel about the instance that the address names.
export function instancePart() {
  const title = el('h3', {});
  const values = el('dl', { class: 'pairs' });
  const actions = instanceActions();
  const element = el('section', { class: 'one', hidden: true, 'aria-live': 'off' }, title, values, actions.element);
  let shown = null, told = null;

  function facts() {
    const i = shown, f = live.instances.get(i.id), list = [
      ['Address', i.at], ['Node', i.node], ['Zone', i.zone], ['Catalogue', `${i.status}, weight ${i.weight}`],
      ['Requests', f && `${rate(f.rate)}/s, ${rate(f.errors)} errors/s, ${ms(f.latency_ms)}, share ${share(f.share)}`],
      ['Came', told?.start && startText(told.start)],
    ];
    if (told?.ejected) list.push(['Ejected', evidence(told)]);
    return list.filter(([, v]) => v);
  }

  const draw = () => shown && pairs(values, facts());

  return {
    element,
    update(service, answer) {
      const id = address.query.get('instance');
      shown = (id && service?.instances.find((i) => i.id === id)) || null;
      told = (shown && answer?.instances?.find((i) => i.id === id)) || null;
      element.hidden = !shown;
      if (!shown) return;
      set(title, id);
      actions.update(service.name, shown, told);
      draw();
    },
    tick: draw,
  };
}

// evidence says why an instance is ejected, and until when.
function evidence(i) {
  const rest = (new Date(i.ejected_until) - Date.now()) / 1000;
  const why = i.ejected_for || 'connections are refused';
  return `${why}${i.failures > 0 ? `, ${plural(i.failures, 'time')} in a row` : ''}; ${rest > 0 ? `for ${span(rest)} more` : 'a trial decides'}`;
}
