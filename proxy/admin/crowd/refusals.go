package crowd

import (
	"bytes"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery/outside"
)

// refusalEvery is how often a failed handshake is worth a line: one tells an operator what is wrong with a certificate, and who tries them
// out fills no disk.
const refusalEvery = 10 * time.Second

// mostReason bounds what a line says of it, in bytes.
const mostReason = 256

// refusals are what net/http has to say of a listener, which is mostly that a handshake has failed.
type refusals struct {
	log zerolog.Logger

	mu   sync.Mutex
	at   time.Time
	more int // since then
}

// Write implements io.Writer: a call is a line.
func (r *refusals) Write(line []byte) (int, error) {
	if bytes.HasPrefix(line, []byte("http: panic")) { // with its stack: it is a fault of ours
		r.log.Error().Str("panic", string(line)).Msg("a request of the discovery API failed")
		return len(line), nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.Sub(r.at) >= refusalEvery {
		r.log.Warn().Str("reason", outside.Clip(strings.TrimPrefix(strings.TrimSpace(string(line)), "http: "), mostReason)).Int("more", r.more).
			Msg("a client of the discovery API was not served")
		r.at, r.more = now, 0
	} else {
		r.more++
	}
	return len(line), nil
}
