package consul

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

const (
	// connectTimeout: an agent is on this host or on this network.
	connectTimeout = 3 * time.Second
	// A peer that answers no probe for keepIdle + keepCount*keepInterval is gone. Blocking queries are silent for minutes, and
	// without probes a partition would go unnoticed until the kernel gives up retransmitting, some 15 minutes later.
	keepIdle, keepInterval, keepCount = 10 * time.Second, 5 * time.Second, 3
	// userTimeout bounds unacknowledged data likewise (TCP_USER_TIMEOUT, Linux).
	userTimeout = keepIdle + keepCount*keepInterval
	// idleTimeout outlasts the pause between two full passes of a registrator (30 s), so that they share connections.
	idleTimeout = 90 * time.Second
	// maxHead bounds an answer's head in bytes; Consul's is below 1 KiB.
	maxHead = 64 << 10
)

// newTransport opens at most connections connections over HTTP/1.1. Consul's agent allows 200 from one address; HTTP/2, where
// the agent speaks TLS, carries 250 questions on each.
func newTransport(config Config, p agentAddress, connections int) (*http.Transport, error) {
	dialer := &net.Dialer{
		Timeout:         connectTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepIdle, Interval: keepInterval, Count: keepCount},
		Control:         setUserTimeout,
	}
	t := &http.Transport{
		Proxy:                  config.Proxy,
		DialContext:            dialer.DialContext,
		MaxConnsPerHost:        connections,
		MaxIdleConnsPerHost:    connections,
		IdleConnTimeout:        idleTimeout,
		TLSHandshakeTimeout:    callTimeout,
		MaxResponseHeaderBytes: maxHead,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // it costs both sides more than the way to an agent on this host or network
		// Pings find a dead connection as the keep-alive probes do.
		HTTP2: &http.HTTP2Config{SendPingTimeout: keepIdle, PingTimeout: keepCount * keepInterval},
	}
	if p.socket != "" {
		t.Proxy = nil
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: connectTimeout}).DialContext(ctx, "unix", p.socket)
		}
	}
	if p.scheme == "https" {
		var err error
		if t.TLSClientConfig, err = tlsConfig(config); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func tlsConfig(config Config) (*tls.Config, error) {
	out := &tls.Config{ServerName: config.ServerName, InsecureSkipVerify: config.Insecure, MinVersion: tls.VersionTLS12}
	var err error
	if out.RootCAs, err = authorities(config); err != nil {
		return nil, err
	}
	if config.CertFile == "" && config.KeyFile == "" {
		return out, nil
	}
	if config.CertFile == "" || config.KeyFile == "" {
		return nil, errors.New("a client certificate needs both a certificate file and a key file")
	}
	// Read at each handshake: a renewed certificate is used without a restart.
	load := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(config.CertFile, config.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("load client certificate: %w", err)
		}
		return &pair, nil
	}
	if _, err := load(); err != nil {
		return nil, err
	}
	out.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() }
	return out, nil
}

// authorities are the files of CAFile, else all of CAPath, else nil: the system's.
func authorities(config Config) (*x509.CertPool, error) {
	files := []string{config.CAFile}
	if config.CAFile == "" {
		if config.CAPath == "" {
			return nil, nil
		}
		names, err := os.ReadDir(config.CAPath)
		if err != nil {
			return nil, fmt.Errorf("read CA directory: %w", err)
		}
		files = files[:0]
		for _, name := range names {
			if !name.IsDir() {
				files = append(files, filepath.Join(config.CAPath, name.Name()))
			}
		}
	}
	pool, found := x509.NewCertPool(), false
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read CA file: %w", err)
		}
		found = pool.AppendCertsFromPEM(text) || found
	}
	if !found {
		return nil, errors.New("the CA files hold no certificate")
	}
	return pool, nil
}
