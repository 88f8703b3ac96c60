// What is looked at stands in the address, so that a link shows the same: #services?service=web&filter=eu. A token in it is taken out at once.

export const views = ['services', 'routes', 'instances', 'verdicts', 'ejections', 'certificates', 'events', 'history', 'explain'];

const tokenKey = 'pointsman-token';
const watching = new Set();

export const address = { view: 'services', query: new URLSearchParams(), read: false };

// moved calls f(before) after each change.
export function moved(f) { watching.add(f); }

// go changes the address. Parameters that are '' or null go away. typing replaces the present step of the history: not each letter is one.
export function go(view, changes = {}, typing = false) {
  const query = new URLSearchParams(view === address.view ? address.query : keptBetween());
  for (const [name, value] of Object.entries(changes)) {
    if (value === '' || value === null) query.delete(name);
    else query.set(name, value);
  }
  const hash = link(view, query);
  if (hash === location.hash) return;
  if (typing) history.replaceState(null, '', hash);
  else history.pushState(null, '', hash);
  read();
}

// link is the address of a view.
export function link(view, query = keptBetween()) {
  const text = new URLSearchParams(query).toString();
  return '#' + view + (text ? '?' + text : '');
}

function keptBetween() {
  const filter = address.query.get('filter');
  return filter ? { filter } : {};
}

function read() {
  const before = { ...address };
  const [name, text] = location.hash.slice(1).split(/\?(.*)/s);
  if (name.startsWith('token=')) {
    keepToken(decoded(name.slice('token='.length)));
    history.replaceState(null, '', '#services');
    return read();
  }
  address.view = views.includes(name) ? name : 'services';
  address.query = new URLSearchParams(text ?? '');
  address.read = true;
  for (const f of watching) f(before);
}

// decoded is a part of the address as text; what is no encoding stands for itself.
function decoded(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

export function token() { return sessionStorage.getItem(tokenKey) ?? ''; }

export function keepToken(text) {
  if (text) sessionStorage.setItem(tokenKey, text);
  else sessionStorage.removeItem(tokenKey);
}

// begin reads the address for the first time.
export function begin() {
  addEventListener('hashchange', read);
  addEventListener('popstate', read);
  read();
}
