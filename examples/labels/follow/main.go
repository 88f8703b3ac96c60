// Command follow follows a service over the discovery API and prints a line of nginx's for each of its containers, again after each
// change. It shows a client certificate.
//
//	follow -certs FOLDER https://HOST:PORT/services/NAME
//
// The folder has ca.pem, cert.pem and key.pem. Behind the lines stands one that says how many they are; where the connection ends, it
// connects again.
package main

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

func main() {
	certs := flag.String("certs", "pem", "the folder of ca.pem, cert.pem and key.pem")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: follow -certs FOLDER https://HOST:PORT/services/NAME")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	for ctx.Err() == nil {
		err := follow(ctx, *certs, flag.Arg(0), os.Stdout)
		if ctx.Err() != nil {
			return
		}
		fmt.Fprintln(os.Stderr, "follow:", err)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// silence is how long the API may say nothing: it sends an empty line every 15 s.
const silence = time.Minute

// follow prints what the API says until the connection ends.
func follow(ctx context.Context, certs, url string, out io.Writer) error {
	config, err := identity(certs)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(silence, func() { cancel(errors.New("nothing came for a minute")) })
	defer watchdog.Stop()
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"?watch=true", nil)
	if err != nil {
		return err
	}
	answer, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: config}}).Do(ask)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1024))
		return fmt.Errorf("%s: %s", answer.Status, text)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		watchdog.Reset(silence)
		if len(lines.Bytes()) == 0 {
			continue
		}
		if err := show(out, lines.Bytes()); err != nil {
			return err
		}
	}
	return cmp.Or(context.Cause(ctx), lines.Err(), io.ErrUnexpectedEOF)
}

// identity is what the client shows, and whom it believes.
func identity(dir string) (*tls.Config, error) {
	own, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return &tls.Config{Certificates: []tls.Certificate{own}, RootCAs: pool}, nil
}

// service is what is read of an answer.
type service struct {
	Containers map[string]struct {
		Name, IP, Health string
		Port             int
	}
}

// show prints the containers that are well, in one piece.
func show(out io.Writer, line []byte) error {
	var s service
	if err := json.Unmarshal(line, &s); err != nil {
		return err
	}
	var text []byte
	n := 0
	for _, id := range slices.Sorted(maps.Keys(s.Containers)) {
		if c := s.Containers[id]; c.Health == "success" {
			n++
			text = fmt.Appendf(text, "server %s;\n", net.JoinHostPort(c.IP, strconv.Itoa(c.Port)))
		}
	}
	_, err := out.Write(fmt.Appendf(text, "# %d\n", n))
	return err
}
