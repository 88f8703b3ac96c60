// Answers of the API that no stream brings: asked for when something has changed, and never twice at once.

const shortest = 400; // milliseconds between two questions
const usual = 5000;   // between two where nothing is known to have changed

// fetched keeps the last answer to a path. soon() asks after a change; often() each few seconds, for what changes without the table.
export function fetched(path) {
  const watching = new Set();
  let asked = 0, busy = false, timer = 0, again = false;

  async function ask() {
    if (busy) { again = true; return; }
    [busy, again, asked] = [true, false, Date.now()];
    try {
      const answer = await fetch(typeof path === 'function' ? path() : path, { cache: 'no-store' });
      it.status = answer.status;
      if (answer.ok) [it.value, it.at] = [await answer.json(), Date.now()];
      else if (answer.status === 404) it.value = null;
    } catch { it.status = 0; } finally { busy = false; }
    for (const f of watching) f();
    if (again) it.soon();
  }

  const it = {
    value: null, status: null, at: 0,
    soon() {
      clearTimeout(timer);
      timer = setTimeout(ask, Math.max(30, asked + shortest - Date.now()));
    },
    often() { if (Date.now() - asked > usual) it.soon(); },
    came(f) { watching.add(f); },
  };
  return it;
}

// send posts JSON with a token. It throws with what the answer says.
export async function send(path, body, token) {
  const answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: 'Bearer ' + token }, body: JSON.stringify(body) });
  const text = await answer.text();
  if (answer.ok) return text;
  let detail = text;
  try { detail = JSON.parse(text).detail || text; } catch { /* no JSON */ }
  throw Object.assign(new Error(detail || 'status ' + answer.status), { status: answer.status });
}
