//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"strings"
	"time"
)

// pemFile is the certificate and its key that all contenders have, below the benchmark's directory.
const pemFile = "site.pem"

// writePEM makes a certificate with an ECDSA P-256 key, which most sites have, for the time that a run may take. Nobody verifies it.
func writePEM(path string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"bench.test"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(7 * 24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return os.WriteFile(path, append(text, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private})...), 0o600)
}

// streams is how many requests are under way on a connection of HTTP/2 at the same time, as a page's are.
const streams = 8

// byH2load is byWrk over HTTP/2. The handshakes of its few connections are among what is measured.
func byH2load(ctx context.Context, b *bench, r *running) (sample, error) {
	before, err := r.cpuTime()
	if err != nil {
		return nil, err
	}
	seen, err := b.h2load(ctx, r, b.span)
	if err != nil {
		return nil, err
	}
	after, err := r.cpuTime()
	if err != nil {
		return nil, err
	}
	return sample{
		cpu: micros(after-before) / float64(seen.Requests), rps: float64(seen.Requests) * 1e6 / float64(seen.Micros), failed: float64(seen.Errors),
	}, nil
}

// h2load runs h2load for a while.
func (b *bench) h2load(ctx context.Context, r *running, span time.Duration) (closedLoop, error) {
	t := r.job.traffic
	uri := "https://" + r.job.hosts()[0] + "/" + strings.TrimPrefix(t.Path, "/")
	out, err := r.job.loadCommand(ctx, b, "h2load", "-t", "1", "-c", fmt.Sprint(t.Connections), "-m", fmt.Sprint(streams),
		"-D", fmt.Sprint(max(1, int(span.Seconds()))), "--connect-to="+r.address, uri).Output()
	if err != nil {
		return closedLoop{}, fmt.Errorf("h2load: %w: %s", withStderr(err), out)
	}
	c, err := readH2load(out)
	r.sent += c.Requests
	return c, err
}

// readH2load reads what h2load says at its end. Requests that were under way at the end are none of those done; what failed for another reason
// is an error, an answer of another status than 2xx too.
func readH2load(out []byte) (c closedLoop, err error) {
	for line := range bytes.Lines(out) {
		var total, started, done, succeeded, bad, errored, timeouts int
		text := string(line)
		if rest, ok := strings.CutPrefix(text, "finished in "); ok {
			took, _, _ := strings.Cut(rest, ",")
			d, err := time.ParseDuration(took)
			if err != nil {
				return c, fmt.Errorf("h2load says %q: %w", text, err)
			}
			c.Micros = int(d.Microseconds())
		}
		if n, _ := fmt.Sscanf(text, "requests: %d total, %d started, %d done, %d succeeded, %d failed, %d errored, %d timeout", &total, &started, &done, &succeeded, &bad,
			&errored, &timeouts); n == 7 {
			c.Requests, c.Errors = succeeded, bad
		}
	}
	if c.Requests == 0 || c.Micros == 0 {
		return c, fmt.Errorf("h2load completed nothing: %s", out)
	}
	return c, nil
}
