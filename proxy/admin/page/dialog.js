// Questions to the person, and short messages.

import { el, set } from './text.js';

// ask shows a question with at most one field. It resolves to what was entered, '' where there is no field, and to null when it was cancelled.
export function ask({ title, text, field, button }) {
  const box = document.getElementById('ask'), before = document.activeElement;
  const input = field ? el('input', { id: 'ask-field', type: field.type, min: field.min, max: field.max, required: true, autocomplete: 'off' }) : null;
  if (input && field.value !== undefined) input.value = field.value;
  const cancel = el('button', { type: 'button', class: 'quiet' }, 'Cancel');
  const form = el('form', {}, el('h2', { id: 'ask-title' }, title), el('p', {}, text),
    input ? el('p', { class: 'field' }, el('label', { for: 'ask-field' }, field.label), input) : null,
    el('p', { class: 'acts' }, el('button', { type: 'submit' }, button), cancel));
  box.replaceChildren(form);
  return new Promise((resolve) => {
    let answer = null;
    form.addEventListener('submit', (e) => {
      e.preventDefault();
      answer = input ? input.value : '';
      box.close();
    });
    cancel.addEventListener('click', () => box.close());
    box.addEventListener('close', () => {
      box.replaceChildren();
      before?.focus?.();
      resolve(answer);
    }, { once: true });
    box.showModal();
    (input ?? form.querySelector('button')).focus();
  });
}

let timer = 0;

// say shows a message for a while; a screen reader says it.
export function say(text) {
  const e = document.getElementById('toast');
  clearTimeout(timer);
  e.hidden = false;
  set(e, text);
  timer = setTimeout(() => { e.hidden = true; set(e, ''); }, 8000);
}
