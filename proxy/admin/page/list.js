// A list of which only the rows that can be seen are in the document: ten thousand rows cost what forty do. It is a grid for assistive
// technology: the arrow keys, Home, End and the page keys move, Enter opens.

import { ordered, sortBy, sorting } from './sorting.js';
import { el, mark, set } from './text.js';

const spare = 6; // rows above and below what can be seen, so that quick scrolling shows no gaps

export class List {
  // columns are {title, name, cell?, by?}: cell() makes what stands in a cell, a text unless it is given; by() is what it is sorted by, see
  // sorting.js. fill(cells, thing) writes a row. key(thing) names a row for good; open(thing) is called for Enter and a click; scrolled() when other
  // rows are in view. sort is the parameter of the address with the order.
  constructor({ label, name, columns, fill, key, open, scrolled, empty, sort = 'sort' }) {
    Object.assign(this, { columns, fill, key, open, scrolled, empty, sort });
    this.things = [];
    this.given = [];
    this.rows = [];
    this.chosen = '';
    this.at = 0; // the row that has the focus, or would get it
    this.head = el('div', { role: 'row', class: 'row head', 'aria-rowindex': 1 }, columns.map((c, n) => this.#title(c, n)));
    this.space = el('div', { class: 'space', role: 'presentation' });
    this.body = el('div', { class: 'body', role: 'rowgroup' }, this.space);
    this.note = el('p', { class: 'empty', hidden: true });
    this.grid = el('div', { role: 'grid', class: 'grid ' + name, 'aria-label': label, 'aria-colcount': columns.length },
      el('div', { role: 'rowgroup', class: 'heads' }, this.head), this.body);
    this.element = el('div', { class: 'listing' }, this.grid, this.note);
    this.body.addEventListener('scroll', () => this.#soon(), { passive: true });
    this.body.addEventListener('keydown', (e) => this.#keyed(e));
    this.head.addEventListener('keydown', (e) => this.#keyedInHead(e));
    this.body.addEventListener('click', (e) => this.#clicked(e));
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.body);
  }

  // set shows other things, in the order that the address asks for, or else in theirs.
  set(things) {
    this.given = things;
    this.#sort();
    mark(this.grid, 'aria-rowcount', things.length + 1);
    this.note.hidden = things.length > 0;
    this.body.hidden = things.length === 0;
    set(this.note, this.empty());
    this.at = Math.min(this.at, Math.max(0, things.length - 1));
    this.draw();
  }

  // again sorts by what has changed since; rows in which somebody reads or works stay where they are.
  again() {
    if (sorting(this.columns, this.sort)?.live && !this.body.matches(':hover, :focus-within')) this.#sort();
    this.draw();
  }

  #sort() {
    const order = sorting(this.columns, this.sort);
    this.things = ordered(this.given, order);
    this.columns.forEach((c, n) => {
      if (c.by) mark(this.head.children[n], 'aria-sort', order?.name !== c.name ? 'none' : order.down ? 'descending' : 'ascending');
    });
  }

  // title is the head of a column; it is a button where that can be sorted by.
  #title(c, n) {
    const head = el('span', { role: 'columnheader', class: c.name, 'aria-colindex': n + 1, title: c.help });
    if (!c.by) head.append(c.title);
    else {
      const press = el('button', { type: 'button', class: 'sorts', tabindex: -1 }, c.title);
      press.addEventListener('click', () => sortBy(c, this.sort));
      head.append(press);
    }
    return head;
  }

  // choose marks the row of a key.
  choose(key) {
    this.chosen = key;
    this.draw();
  }

  // inView are the things whose rows can be seen.
  inView() {
    const high = this.#high();
    const from = Math.floor(this.body.scrollTop / high);
    return this.things.slice(from, from + Math.ceil(this.body.clientHeight / high) + 1);
  }

  // draw writes the rows that can be seen; it costs the same for any number of things.
  draw() {
    this.wanted = false;
    const high = this.#high(), all = this.things.length;
    const from = Math.max(0, Math.floor(this.body.scrollTop / high) - spare);
    const to = Math.min(all, Math.ceil((this.body.scrollTop + this.body.clientHeight) / high) + spare);
    this.space.style.height = all * high + 'px';
    while (this.rows.length < to - from) this.rows.push(this.#row());
    while (this.rows.length > Math.max(to - from, 0)) this.rows.pop().element.remove();
    // A row keeps its element while it is in view, so that the focus stays where it is.
    const free = [], byKey = new Map();
    for (const r of this.rows) (r.n >= from && r.n < to && !byKey.has(r.n) ? byKey.set(r.n, r) : free.push(r));
    for (let n = from; n < to; n++) this.#write(byKey.get(n) ?? free.pop(), n, high);
    const seen = from + ':' + to + ':' + all;
    if (seen !== this.seen) {
      this.seen = seen;
      this.scrolled?.();
    }
  }

  #write(row, n, high) {
    const thing = this.things[n], e = row.element;
    row.n = n;
    const top = n * high + 'px';
    if (e.style.top !== top) e.style.top = top;
    mark(e, 'aria-rowindex', n + 2);
    mark(e, 'tabindex', n === this.at ? 0 : -1);
    mark(e, 'aria-selected', this.key(thing) === this.chosen ? 'true' : 'false');
    this.fill(row.cells, thing, e);
  }

  #row() {
    const cells = {};
    const e = el('div', { role: 'row', class: 'row' }, this.columns.map((c, n) => {
      const cell = el('span', { role: 'gridcell', class: c.name, 'aria-colindex': n + 1 });
      cells[c.name] = c.cell ? c.cell(cell) : cell;
      return cell;
    }));
    this.body.append(e);
    return { element: e, cells, n: -1 };
  }

  #high() { return parseFloat(getComputedStyle(this.grid).getPropertyValue('--row')) || 32; }

  #soon() {
    if (this.wanted) return;
    this.wanted = true;
    requestAnimationFrame(() => this.draw());
  }

  #clicked(e) {
    const row = this.rows.find((r) => r.element.contains(e.target));
    if (!row || e.target.closest('button, a')) return;
    this.at = row.n;
    this.open?.(this.things[row.n]);
    this.draw();
  }

  #keyed(e) {
    const page = Math.max(1, Math.floor(this.body.clientHeight / this.#high()) - 1), last = this.things.length - 1;
    const to = { ArrowDown: this.at + 1, ArrowUp: this.at - 1, PageDown: this.at + page, PageUp: this.at - page, Home: 0, End: last }[e.key];
    if (e.key === 'ArrowUp' && this.at === 0 && this.head.querySelector('button')?.checkVisibility()) {
      e.preventDefault();
      this.head.querySelector('[aria-sort$="ending"] button, button').focus();
    } else if (to !== undefined && !e.ctrlKey && !e.metaKey && !e.altKey) {
      e.preventDefault();
      this.focus(Math.max(0, Math.min(last, to)));
    } else if (e.key === 'Enter' && e.target.getAttribute('role') === 'row') {
      this.open?.(this.things[this.at]);
    }
  }

  // In the heads the arrow keys lead from one to the next, and back into the list.
  #keyedInHead(e) {
    const all = [...this.head.querySelectorAll('button')].filter((b) => b.checkVisibility()), at = all.indexOf(e.target);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[e.key];
    if (to === undefined && e.key !== 'ArrowDown') return;
    e.preventDefault();
    if (to === undefined) this.focus(this.at);
    else all[Math.max(0, Math.min(all.length - 1, to))].focus();
  }

  // focus moves the focus to a row, and scrolls as far as that needs.
  focus(n = this.at) {
    if (this.things.length === 0) return;
    const high = this.#high(), top = n * high, b = this.body;
    this.at = n;
    if (top < b.scrollTop) b.scrollTop = top;
    if (top + high > b.scrollTop + b.clientHeight) b.scrollTop = top + high - b.clientHeight;
    this.draw();
    this.rows.find((r) => r.n === n)?.element.focus({ preventScroll: true });
  }
}
