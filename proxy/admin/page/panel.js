// What is looked at closely: a service or a route, beside the view.

import { address, go } from './address.js';
import { recent } from './events.js';
import { routePanel } from './routepanel.js';
import { servicePanel } from './servicepanel.js';
import { el, set } from './text.js';

// panel makes the part beside the views. scrolled is called when other instances are in view.
export function panel(side, scrolled) {
  const events = recent();
  const title = el('h2', { id: 'panel-title', tabindex: -1 });
  const close = el('button', { type: 'button', class: 'quiet close', 'aria-label': 'Close the details' }, '✕');
  const body = el('div', { class: 'panel-body' });
  const box = el('section', { class: 'panel', 'aria-labelledby': 'panel-title', hidden: true }, el('header', {}, title, close), body);
  side.append(box, events.element);
  let shown = '', one = null;

  const leave = () => {
    go(address.view, { service: null, route: null, instance: null });
    dispatchEvent(new CustomEvent('panel-closed'));
  };
  close.addEventListener('click', leave);
  side.addEventListener('keydown', (e) => { if (e.key === 'Escape' && shown) leave(); });

  return {
    // update shows what the address names. It returns whether that is something else than before.
    update() {
      const service = address.query.get('service'), route = address.view === 'routes' ? address.query.get('route') : null;
      const now = route ? 'route ' + route : service ? 'service ' + service : '';
      const other = now !== shown;
      if (other) {
        shown = now;
        one = route ? routePanel(route) : service ? servicePanel(service, scrolled) : null;
        body.replaceChildren(...(one ? [one.element] : []));
        box.hidden = !one;
        document.body.toggleAttribute('data-detail', Boolean(one));
      }
      if (one) {
        one.update();
        set(title, one.title());
      }
      events.update(one?.service?.() ?? '');
      return other && Boolean(one);
    },
    tick() { one?.tick(); },
    look: () => one?.look() ?? {},
    focus() { title.focus(); },
    close() { if (shown) leave(); },
  };
}
