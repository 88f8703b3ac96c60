// Package acme gets certificates by itself, from a certificate authority (CA) that speaks ACME (RFC 8555), for the names that it is told to
// get them for, keeps them in a Storage that several processes may share, and renews them at two thirds of their lifetime.
//
// Whatever fails costs nothing that is there: a certificate in use stays in use until a newer one is here. The CA's questions (HTTP-01, RFC
// 8555 section 8.3; TLS-ALPN-01, RFC 8737) come to the proxy's own listeners: Answer and Find have what the plain one answers, Guard what
// the other one shows. No listener is opened here.
package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3"
	protocol "github.com/mholt/acmez/v3/acme"
	"github.com/rs/zerolog"
)

// The directories of Let's Encrypt: https://letsencrypt.org/docs/acme-protocol-updates/ and, for trying things out,
// https://letsencrypt.org/docs/staging-environment/.
const (
	LetsEncrypt        = "https://acme-v02.api.letsencrypt.org/directory"
	LetsEncryptStaging = "https://acme-staging-v02.api.letsencrypt.org/directory"
)

// Options say whose certificates these are, and where they go. Directory, Storage and Adopt are needed.
type Options struct {
	// Directory is the URL of the CA's directory.
	Directory string
	// Roots are trusted to have issued the CA's own server certificate; nil means the system's.
	Roots *x509.CertPool
	// Email is told to the CA, which may write to it; "" tells none.
	Email string
	// EAB binds the account to one that the CA knows already (RFC 8555 section 7.3.4); the zero value does not.
	EAB EAB
	// Storage keeps accounts, certificates and keys, and the answers to challenges for other processes over the same Storage.
	Storage certmagic.Storage
	// Allowed says for which names certificates may be ordered at all; nil means all.
	Allowed func(name string) bool
	// Adopt is called with certificates that have come, by the name that was asked for; nil takes one away.
	Adopt func(map[string]*tls.Certificate)
	// HTTP and TLS say which challenges the listeners can answer.
	HTTP, TLS bool
	Log       zerolog.Logger
}

// EAB is an external account binding, as the CA tells it: the key in base64url.
type EAB struct{ KeyID, MACKey string }

// Certificates are those of the names that are wanted. Make it with New, let Run run, and tell it with Want what is wanted. It is safe for
// concurrent use.
type Certificates struct {
	o          Options
	client     *protocol.Client
	challenges *challenges

	mu      sync.Mutex // of what follows; never held while anything is asked
	names   map[string]*name
	ca      backOff // of the CA as a whole
	storage backOff
	running int  // names that are worked on
	looking bool // the storage is asked for names that are new
	wake    chan struct{}
	account protocol.Account

	ordersOnce sync.Mutex // of the orders in the storage

	ordered, failed uint64 // orders that ended well, and others
}

const (
	// atOnce is how many names are worked on at the same time: enough that one that waits for another process does not hold up all, few
	// enough that no CA takes offence.
	atOnce = 8
	// lookMost is the longest time between two looks at what is due: a clock that was set shows within it.
	lookMost = time.Minute
	// requestTime bounds one request to the CA.
	requestTime = 30 * time.Second
)

// New makes the certificates of no name yet.
func New(o Options) (*Certificates, error) {
	if o.Directory == "" || o.Storage == nil || o.Adopt == nil {
		return nil, errors.New("certificates by themselves need a CA, a storage, and a place to go")
	}
	if o.Allowed == nil {
		o.Allowed = func(string) bool { return true }
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is one
	transport.DialContext = (&net.Dialer{Timeout: requestTime}).DialContext
	transport.TLSClientConfig = &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12}
	c := &Certificates{o: o, names: map[string]*name{}, wake: make(chan struct{}, 1), ca: caBackOff, storage: storageBackOff}
	c.challenges = newChallenges(o.Storage, c.issuer(), c.pending)
	c.client = &protocol.Client{Directory: o.Directory, HTTPClient: &http.Client{Transport: transport, Timeout: requestTime}, UserAgent: "pointsman",
		Logger: logger(o.Log)}
	return c, nil
}

// Wanted is a name that a certificate is wanted for.
type Wanted struct {
	// Name is an exact host name in lower case.
	Name string
	// Owners are the containers that ask for it, by any names that tell them apart; none means the operator.
	Owners []string
}

// Want says which names are wanted from now on; the list replaces the one before. What is no longer wanted is not renewed, and its
// certificate stays in use until it has expired.
func (c *Certificates) Want(list []Wanted) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wanted := make(map[string]Wanted, len(list))
	for _, w := range list {
		wanted[w.Name] = w
		if c.names[w.Name] == nil {
			c.names[w.Name] = &name{text: w.Name}
		}
	}
	for text, n := range c.names {
		w, is := wanted[text]
		n.wanted, n.owners = is, w.Owners
	}
	c.judge()
	c.wakeUp()
}

func (c *Certificates) wakeUp() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Run gets and renews certificates until ctx ends, and waits for what is under way. It always returns nil.
func (c *Certificates) Run(ctx context.Context) error {
	defer c.client.HTTPClient.CloseIdleConnections()
	var running sync.WaitGroup
	defer running.Wait()
	for {
		wait := time.NewTimer(c.start(ctx, &running))
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-c.wake:
		case <-wait.C:
		}
		wait.Stop()
	}
}

// start begins what is due, and returns how long there is nothing else to begin.
func (c *Certificates) start(ctx context.Context, running *sync.WaitGroup) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.forget(now)
	c.challenges.tidy(now)
	if c.lookUp(ctx, running) {
		return lookMost // it wakes us
	}
	var due []*name
	wait := lookMost
	for _, n := range c.names {
		if !n.wanted || n.refused != "" || n.busy {
			continue
		}
		if at := c.dueAt(n); at.After(now) {
			wait = min(wait, at.Sub(now))
		} else {
			due = append(due, n)
		}
	}
	slices.SortFunc(due, urgency)
	for _, n := range due {
		if c.running == atOnce {
			break // one that ends wakes us
		}
		n.busy = true
		c.running++
		running.Go(func() { c.work(ctx, n.text) })
	}
	return wait
}

// lookUp has the certificates of names that are new read from the storage, all at once before anything is ordered. It is true while that
// goes on.
func (c *Certificates) lookUp(ctx context.Context, running *sync.WaitGroup) bool {
	if c.looking {
		return true
	}
	var list []string
	for _, n := range c.names {
		if n.wanted && n.refused == "" && !n.looked {
			list = append(list, n.text)
		}
	}
	if len(list) == 0 || time.Now().Before(c.storage.until) {
		return false
	}
	c.looking = true
	slices.Sort(list)
	running.Go(func() { c.read(ctx, list) })
	return true
}

// solvers answer the challenges for which there are listeners.
func (c *Certificates) solvers() map[string]acmez.Solver {
	out := map[string]acmez.Solver{}
	if c.o.HTTP {
		out[protocol.ChallengeTypeHTTP01] = solver{c.challenges}
	}
	if c.o.TLS {
		out[protocol.ChallengeTypeTLSALPN01] = solver{c.challenges}
	}
	return out
}
