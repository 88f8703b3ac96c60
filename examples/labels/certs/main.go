// Command certs writes the certificates of this example into a folder, unless they are there: an authority (ca.pem), one for the discovery
// API (server.pem, server-key.pem), and one for its clients (cert.pem, key.pem). They are for trying things out: whoever can read the folder has
// the keys.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: certs FOLDER")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "certs:", err)
		os.Exit(1)
	}
}

const year = 365 * 24 * time.Hour

// write writes the authority last: when it is there, all are.
func write(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "ca.pem")); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	ca := &x509.Certificate{Subject: pkix.Name{CommonName: "labels example"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	authority, err := sign(ca, nil)
	if err != nil {
		return err
	}
	server := &x509.Certificate{Subject: pkix.Name{CommonName: "proxy"}, DNSNames: []string{"proxy", "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	client := &x509.Certificate{Subject: pkix.Name{CommonName: "follow"}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	for _, c := range []struct {
		template  *x509.Certificate
		cert, key string
	}{{server, "server.pem", "server-key.pem"}, {client, "cert.pem", "key.pem"}} {
		made, err := sign(c.template, authority)
		if err == nil {
			err = made.write(filepath.Join(dir, c.cert), filepath.Join(dir, c.key))
		}
		if err != nil {
			return err
		}
	}
	return file(filepath.Join(dir, "ca.pem"), "CERTIFICATE", authority.der)
}

// pair is a certificate with its key.
type pair struct {
	*x509.Certificate
	der []byte
	key *ecdsa.PrivateKey
}

// sign makes a certificate of a template, signed by an authority; nil signs itself.
func sign(template *x509.Certificate, by *pair) (*pair, error) {
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(year)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if by == nil {
		by = &pair{Certificate: template, key: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.Certificate, &key.PublicKey, by.key)
	if err != nil {
		return nil, err
	}
	made, err := x509.ParseCertificate(der)
	return &pair{Certificate: made, der: der, key: key}, err
}

func (p *pair) write(cert, key string) error {
	private, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		return err
	}
	if err := file(key, "PRIVATE KEY", private); err != nil {
		return err
	}
	return file(cert, "CERTIFICATE", p.der)
}

// file is readable for everybody: the proxy runs as nobody.
func file(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o644)
}
