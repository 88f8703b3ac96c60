package filter

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // htpasswd -s writes it
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"runtime"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/pointsman/pointsman/proxy/dialect"
)

const (
	// rememberFor is how long a verified password is not verified again: one check costs 50 ms and more of a core, and a page makes dozens
	// of requests.
	rememberFor = time.Minute
	// rememberMost bounds what that costs: 4,096 people at once, 100 bytes each.
	rememberMost = 4096
	// checkWait is how long a request waits for its turn to be checked.
	checkWait = 5 * time.Second
	// maxPassword is what a password may have: bcrypt looks at 72 bytes.
	maxPassword = 256
)

// passwords verifies passwords, on half of the processors at most, as all others serve requests, and remembers for a while which were right. It
// remembers neither passwords nor hashes, but a keyed hash of both together, so what is remembered holds for that user's very entry in the
// list, and ends with it. Safe for concurrent use. Make it with newPasswords.
type passwords struct {
	slots chan struct{}
	key   [32]byte

	mu    sync.Mutex
	known map[[sha256.Size]byte]time.Time // until when
}

// turns are those that one list of users may hold at a time.
type turns chan struct{}

// turns makes those of one list: where there are several, it never holds all of them.
func (p *passwords) turns() turns { return make(turns, max(1, cap(p.slots)-1)) }

func newPasswords() *passwords {
	p := &passwords{slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)), known: map[[sha256.Size]byte]time.Time{}}
	_, _ = rand.Read(p.key[:]) // never fails (crypto/rand)
	return p
}

// verify says whether a password is the one of a user, in a turn of its list. busy says that there was no turn for it in time.
func (p *passwords) verify(ctx context.Context, list turns, u dialect.User, password string, now time.Time) (right, busy bool) {
	if len(password) > maxPassword {
		return false, false
	}
	mac := hmac.New(sha256.New, p.key[:])
	mac.Write([]byte(u.Hash)) // has no NUL
	mac.Write([]byte{0})
	mac.Write([]byte(password))
	var sum [sha256.Size]byte
	mac.Sum(sum[:0])
	if p.remembers(sum, now) {
		return true, false
	}
	ctx, cancel := context.WithTimeout(ctx, checkWait)
	defer cancel()
	for _, of := range [...]chan struct{}{list, p.slots} { // first the list's: who waits for it holds none of the others'
		select {
		case of <- struct{}{}:
		case <-ctx.Done():
			return false, true
		}
		defer func() { <-of }()
	}
	if p.remembers(sum, now) || matches(u, password) { // the browser's requests come together, and one check is enough for all
		p.remember(sum, now)
		return true, false
	}
	return false, false
}

func (p *passwords) remembers(sum [sha256.Size]byte, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	until, ok := p.known[sum]
	return ok && now.Before(until)
}

func (p *passwords) remember(sum [sha256.Size]byte, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= rememberMost {
		for old, until := range p.known {
			if !now.Before(until) {
				delete(p.known, old)
			}
		}
	}
	for old := range p.known { // any: who is forgotten is checked again
		if len(p.known) < rememberMost {
			break
		}
		delete(p.known, old)
	}
	if !now.Before(p.known[sum]) { // else it is not prolonged by those who waited with the first
		p.known[sum] = now.Add(rememberFor)
	}
}

// matches says whether a password is that of a user, in a time that does not depend on how much of it is right.
func matches(u dialect.User, password string) bool {
	switch u.Kind {
	case dialect.HashBcrypt:
		return bcrypt.CompareHashAndPassword([]byte(u.Hash), []byte(password)) == nil
	case dialect.HashAPR1:
		salt := u.Hash[len("$apr1$") : len(u.Hash)-len("$")-22]
		return subtle.ConstantTimeCompare([]byte(apr1(password, salt)), []byte(u.Hash)) == 1
	}
	sum := sha1.Sum([]byte(password)) //nolint:gosec // see above
	return subtle.ConstantTimeCompare([]byte("{SHA}"+base64.StdEncoding.EncodeToString(sum[:])), []byte(u.Hash)) == 1
}
