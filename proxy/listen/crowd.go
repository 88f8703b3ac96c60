package listen

import "sync"

// MostRefused is how many connections beyond a Crowd's most may be open to be told that there is no room. Others are closed without a word.
const MostRefused = 64

// Admission is what becomes of a new client connection.
type Admission uint8

// What becomes of a new client connection.
const (
	AdmissionServed  Admission = iota // it is served
	AdmissionRefused                  // it is open for as long as it takes to tell its client that there is no room
	AdmissionClosed                   // it is closed without a word, and is not counted
)

// Crowd counts the client connections of a server, and says who is too many. Make it with Shared.NewCrowd; it is safe for concurrent use.
type Crowd struct {
	shared *Shared
	most   int // 0 is no limit

	mu            sync.Mutex
	open, refused int // refused are open, too
}

// NewCrowd makes a server's Crowd: most is how many connections are served at a time, 0 for no limit.
func (s *Shared) NewCrowd(most int) *Crowd { return &Crowd{shared: s, most: most} }

// Enter says what becomes of a new connection, and counts it unless it is to be closed. Connections that are refused take no room from
// others: they would keep them out.
func (c *Crowd) Enter() Admission {
	c.mu.Lock()
	defer c.mu.Unlock()
	admission := AdmissionServed
	if c.most > 0 && c.open-c.refused >= c.most {
		if c.refused >= MostRefused {
			return AdmissionClosed
		}
		c.refused++
		admission = AdmissionRefused
	}
	c.open++
	c.shared.open.Add(1)
	return admission
}

// Leave takes out a connection that has ended or has been handed over, once: a is what Enter said of it.
func (c *Crowd) Leave(a Admission) {
	if a == AdmissionClosed {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	if a == AdmissionRefused {
		c.refused--
	}
	c.shared.open.Add(-1)
}
