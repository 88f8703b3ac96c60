package balancer

import "time"

// EndEjections ends every ejection of the instance because a person says so, whatever speaks against it: what was held against it is
// forgotten, and what it does from now on is judged anew. A way that fails its health check stays out, as only the check ends that. It returns
// how many ways were ejected.
func (u *Upstream) EndEjections(now time.Time) (n int) {
	for _, w := range u.list() {
		judged := w.Readmit(true, now)
		if w.forgive() || judged {
			n++
		}
	}
	return n
}

// forgive ends an ejection for refused connections, and its back-off. It is false where there is none.
func (h *health) forgive() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	was := h.ejected.Load()
	if was {
		h.failures, h.since, h.until = 0, time.Time{}, time.Time{}
		h.back()
	}
	return was
}
