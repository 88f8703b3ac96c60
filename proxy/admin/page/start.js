// Starts the page. One part that does not come, as when the network changes while the page is loaded, keeps all of it from running: then the page
// is loaded again, a few times.

const most = 5, key = 'loads';
const loads = Number(sessionStorage.getItem(key));

import('./app.js').then(() => sessionStorage.removeItem(key), (e) => {
  if (loads >= most) {
    sessionStorage.removeItem(key);
    document.getElementById('state-text').textContent = 'A part of the page could not be loaded. Reload it.';
    throw e;
  }
  sessionStorage.setItem(key, loads + 1);
  setTimeout(() => location.reload(), 1000);
});
