// Says how old what is shown is: live, or since when a stream has been cut and when the next attempt is.

import { model } from './model.js';
import { set, span } from './text.js';

// Milliseconds without a byte after which a stream counts as cut: figures come each second, and of the changes there is at least a comment each
// 15 seconds.
const patience = { live: 4000, events: 40_000 };

// state keeps the line up to date. told(name) takes what becomes of a stream, as follow tells it.
export function state() {
  const line = document.getElementById('state'), text = document.getElementById('state-text'), begun = Date.now();
  const streams = { events: { open: false, news: 0, next: 0 }, live: { open: false, news: 0, next: 0 } };

  function say() {
    const now = Date.now(), cut = [];
    for (const [name, s] of Object.entries(streams)) if (!s.absent && (!s.open || now - s.news > patience[name])) cut.push(s);
    if (now - begun < patience.live && cut.some((s) => !s.news)) return ['waiting', 'Connecting…'];
    if (cut.length > 0) {
      const next = Math.ceil((Math.max(...cut.map((s) => s.next)) - now) / 1000), again = next > 0 ? `Trying again in ${next} s.` : 'Trying again.';
      if (model.table === 0) return ['cut', 'The proxy has not answered yet. ' + again];
      const news = Math.min(...cut.map((s) => s.news));
      return news === 0 ? ['waiting', 'No rates: the proxy does not send any. ' + again] : ['cut', `Cut off. What you see is ${old(now - news)} old. ${again}`];
    }
    return model.stale ? ['waiting', 'Live. The catalogue has not answered yet: the routes are those from before the restart.'] : ['live', 'Live'];
  }

  function draw() {
    const [kind, words] = say();
    line.dataset.state = kind;
    document.body.toggleAttribute('data-cut', kind === 'cut');
    set(text, words);
  }

  setInterval(draw, 1000);
  return {
    draw,
    told: (name) => (s) => {
      const one = streams[name];
      if (s.absent) one.absent = true;
      if (s.open) [one.open, one.news] = [true, Date.now()];
      else [one.open, one.next] = [false, Date.now() + (s.wait ?? 0)];
      if (s.wait) draw();
    },
  };
}

function old(ms) { return ms < 60_000 ? `${Math.floor(ms / 1000)} s` : span(ms / 1000); }
