// Says how old what is shown is: live, or since when the streams have been cut and when the next attempt is.

import { live } from './live.js';
import { model } from './model.js';
import { set, span } from './text.js';

const patience = 4000; // milliseconds without a figure, which come each second, until the page says so

// state keeps the line up to date. It returns what to tell of each stream.
export function state() {
  const line = document.getElementById('state'), text = document.getElementById('state-text');
  const streams = { events: { open: false, heard: 0 }, live: { open: false, heard: 0 } };
  const begun = Date.now();

  function draw() {
    const now = Date.now(), [e, l] = [streams.events, streams.live];
    const heard = live.absent ? e.heard : Math.min(e.heard || begun, live.at || l.heard || begun);
    const cut = !e.open || (!live.absent && (!l.open || now - (live.at || begun) > patience));
    let words, kind = 'live';
    if (model.table === 0 && now - begun < patience) [words, kind] = ['Connecting…', 'waiting'];
    else if (cut) {
      const next = Math.max(e.open ? 0 : e.next ?? 0, l.open || live.absent ? 0 : l.next ?? 0) - now;
      const soon = next > 0 ? `Trying again in ${span(Math.ceil(next / 1000)).replace('.0', '')}.` : 'Trying again.';
      words = (model.table === 0 ? 'No answer from the proxy yet. ' : `Cut off. What you see is ${span(Math.floor((now - oldest(heard, e, l)) / 1000)).replace('.0', '')} old. `) + soon;
      kind = 'cut';
    } else if (model.stale) [words, kind] = ['Live. The catalogue has not answered yet: routes are those from before the restart.', 'waiting'];
    else words = 'Live';
    line.dataset.state = kind;
    document.body.toggleAttribute('data-cut', kind === 'cut');
    set(text, words);
  }

  function oldest(heard, e, l) {
    if (!e.open && e.heard) return e.heard;
    return (l.open ? live.at : l.heard) || heard;
  }

  setInterval(draw, 1000);
  return {
    draw,
    told: (name) => (s) => {
      const one = streams[name];
      if (s.open) [one.open, one.heard] = [true, Date.now()];
      else [one.open, one.next] = [false, Date.now() + (s.wait ?? 0)];
      if (s.wait) draw();
    },
  };
}
