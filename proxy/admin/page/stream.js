// A stream of events (https://html.spec.whatwg.org/multipage/server-sent-events.html) that comes back by itself. fetch and not EventSource: it
// shows comments, which say that a quiet stream is alive, and the status of an answer.

const firstWait = 1000, longestWait = 15_000;

// follow keeps a stream open. url() is asked before each attempt. event(name, data) gets what arrives; state({open, absent, wait}) what becomes
// of the connection: wait is the milliseconds until the next attempt. silence is after how many milliseconds without a byte the connection
// counts as cut. early, where there is one, is the answer to the first attempt, and the AbortController of it.
export function follow({ url, event, state, silence, early }) {
  let stopped = false, attempt = 0, control = null, timer = 0, last = '', failures = 0, news = 0;

  async function run(mine) {
    const first = early, here = early?.control ?? new AbortController();
    [control, early] = [here, null];
    const watch = setInterval(() => { if (Date.now() - news > silence) here.abort(); }, 1000);
    news = Date.now();
    try {
      const headers = { Accept: 'text/event-stream' };
      if (last) headers['Last-Event-ID'] = last;
      const answer = await (first?.answer ?? fetch(url(), { headers, cache: 'no-store', signal: here.signal }));
      if (answer.status === 404) return finish(mine, { absent: true });
      if (!answer.ok) throw new Error('status ' + answer.status);
      await read(answer.body.getReader(), mine);
    } catch { /* whatever it is, the next attempt tells */ } finally {
      clearInterval(watch);
      here.abort();
    }
    if (mine !== attempt || stopped) return;
    const wait = Math.min(longestWait, firstWait * 2 ** failures++) * (0.75 + Math.random() / 2); // not all viewers at once
    state({ open: false, wait });
    timer = setTimeout(start, wait);
  }

  function finish(mine, what) {
    if (mine === attempt && !stopped) state({ open: false, ...what });
    stopped = true;
  }

  async function read(reader, mine) {
    const decoder = new TextDecoder();
    let rest = '', message = { name: '', data: [], id: null };
    for (;;) {
      const { value, done } = await reader.read();
      if (done || mine !== attempt) return;
      news = Date.now();
      failures = 0;
      state({ open: true });
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = lines.pop();
      for (const line of lines) message = take(line, message);
    }
  }

  function take(line, message) {
    if (line === '') {
      if (message.id !== null) last = message.id;
      if (message.data.length > 0) event(message.name || 'message', JSON.parse(message.data.join('\n')));
      return { name: '', data: [], id: null };
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') message.name = value;
    if (field === 'data') message.data.push(value);
    if (field === 'id') message.id = value;
    return message;
  }

  function start() {
    clearTimeout(timer);
    control?.abort();
    if (!stopped) run(++attempt);
  }

  start();
  return {
    // again opens it anew, with the present url and without waiting.
    again() { failures = 0; start(); },
    // pause closes it until again.
    pause() { attempt++; clearTimeout(timer); control?.abort(); },
    stop() { stopped = true; clearTimeout(timer); control?.abort(); },
  };
}
