// Asks for the table while the other modules are still on their way: it is the largest part of what the page shows.

const control = new AbortController();

export const early = { control, answer: fetch('api/events', { headers: { Accept: 'text/event-stream' }, cache: 'no-store', signal: control.signal }) };

early.answer.catch(() => {}); // whoever follows the stream hears of it
