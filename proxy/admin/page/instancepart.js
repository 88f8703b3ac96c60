// One instance, closely.

import { instanceActions } from './actions.js';
import { address } from './address.js';
import { live } from './live.js';
import { text as startText } from './starts.js';
import { clock, el, ms, pairs, rate, set, share, span } from './text.js';

// figuresOf is what the stream tells of an instance: by its id, and by its node too where another node has the same id.
export function figuresOf(i) { return live.instances.get(i.id) ?? live.instances.get(`${i.id}@${i.node}`); }

// words say what the states of an instance mean.
export const words = {
  registered: 'registered, not healthy yet', critical: 'critical in the catalogue', maintenance: 'in maintenance', unusable: 'takes no requests',
  ejected: 'ejected', ready: 'healthy, no answer yet', serving: 'takes requests', drained: 'drained',
};

// instancePart is the part of a service's panel about the instance that the address names.
export function instancePart() {
  const title = el('h3', {});
  const values = el('dl', { class: 'pairs' });
  const actions = instanceActions();
  const element = el('section', { class: 'one', hidden: true, 'aria-label': 'Instance' }, title, values, actions.element);
  let shown = null;

  function facts() {
    const i = shown, f = figuresOf(i);
    return [
      ['Address', i.at], ['Node', i.node], ['Zone', i.zone], ['Catalogue', `${i.status}, weight ${i.weight}`],
      ['Drained', i.draining && `until ${clock(i.draining)}`],
      ['State', f && (f.state === 'ejected' ? evidence(f) : words[f.state] ?? f.state)],
      ['Requests', f && [`${rate(f.rate)}/s, ${rate(f.errors)} errors/s`, f.latency_ms > 0 && ms(f.latency_ms), f.share >= 0 && `${share(f.share)} of the service’s`].filter(Boolean).join(', ')],
      ['Came', startText(f?.steps)],
    ].filter(([, v]) => v);
  }

  const draw = () => {
    if (!shown) return;
    pairs(values, facts());
    actions.update(address.query.get('service'), shown, figuresOf(shown)?.state === 'ejected');
  };
  return {
    element,
    update(service) {
      const id = address.query.get('instance');
      shown = (id && service?.instances.find((i) => i.id === id || i.at === id)) || null;
      element.hidden = !shown;
      if (shown) set(title, shown.id);
      draw();
    },
    tick: draw,
  };
}

// reasons are those for which an instance is ejected, in words.
export const reasons = {
  'refused': 'connections are refused', 'check': 'its health check fails', 'status': 'it answered 502, 503 or 504 too often', 'closed': 'it closed connections without an answer',
  'reset': 'it reset connections', 'invalid': 'its answers are no HTTP', 'timeout': 'it did not answer in time', 'silent': 'it is silent', 'cut': 'it cut answers short', 'max-fails': 'it reached its limit of failures',
};

// evidence says why an instance is ejected, and until when.
function evidence(f) {
  const rest = (new Date(f.ejected_until) - Date.now()) / 1000;
  return `ejected: ${reasons[f.ejected_for] ?? f.ejected_for ?? 'connections are refused'}; ${rest > 0 ? `for ${span(rest)} more` : 'a trial decides'}`;
}
