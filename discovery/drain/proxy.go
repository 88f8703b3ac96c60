package drain

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pointsman/pointsman/discovery"
)

// Proxy is what a proxy says of itself, for people.
type Proxy struct {
	// ID is another one for each process.
	ID   string `json:"id"`
	Host string `json:"host"`
	PID  int    `json:"pid"`
}

// NewProxy describes this process.
func NewProxy(host string, pid int) Proxy {
	return Proxy{ID: fmt.Sprintf("%.200s-%d-%s", discovery.KeyOf(host), pid, strings.ToLower(rand.Text()[:8])), Host: host, PID: pid}
}

// String is how people tell it from others.
func (p Proxy) String() string {
	if p.Host == "" {
		return p.ID
	}
	return fmt.Sprintf("%s (process %d)", p.Host, p.PID)
}

// answer is how many requests of a proxy are left on an instance.
type answer struct {
	ID   string `json:"id"` // of the drain
	Left int64  `json:"left"`
}

// key is where a proxy answers about a drain.
func (p *Proxy) key(d *Drain) string { return d.answers() + "/" + p.ID }

func (a answer) value() []byte {
	out, _ := json.Marshal(a) // of a text and a number: it can't fail
	return out
}
