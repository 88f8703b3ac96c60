package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// site is a folder of certificates, a set over it, and what it has logged.
type site struct {
	t   *testing.T
	dir string
	log bytes.Buffer
	set *Set
}

func newSite(t *testing.T, o Options, put ...string) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir()}
	for _, name := range put {
		s.put(name, name, time.Hour)
	}
	o.Log = zerolog.New(zerolog.SyncWriter(&s.log))
	if o.Pairs == nil {
		o.Folder = s.dir
	}
	set, err := NewSet(o)
	if err != nil {
		t.Fatal(err)
	}
	s.set = set
	return s
}

// put writes base.crt and base.key, for names with commas between them.
func (s *site) put(base, names string, lasts time.Duration) {
	s.t.Helper()
	cert, key := fixture.PEM(s.t, time.Now().Add(lasts), strings.Split(names, ",")...)
	write(s.t, filepath.Join(s.dir, base+".crt"), cert)
	write(s.t, filepath.Join(s.dir, base+".key"), key)
}

func write(t testing.TB, path string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// shows is the first name of the certificate that a client gets, "" for none.
func (s *site) shows(name string) string {
	s.t.Helper()
	c, err := s.set.Choose(&tls.ClientHelloInfo{ServerName: name})
	if err != nil {
		s.t.Fatal(err)
	}
	if c == nil {
		return ""
	}
	return c.Leaf.DNSNames[0]
}

func (s *site) expect(when string, want map[string]string) {
	s.t.Helper()
	for name, of := range want {
		if got := s.shows(name); got != of {
			s.t.Errorf("%s: %q gets the certificate of %q, want %q", when, name, got, of)
		}
	}
}

func TestCertificatesByName(t *testing.T) {
	s := newSite(t, Options{}, "default", "a.example", "*.b.example", "x.b.example", "c.example,d.example")
	s.expect("at the start", map[string]string{
		"a.example": "a.example", "A.Example": "a.example", "d.example": "c.example", "y.b.example": "*.b.example", "x.b.example": "x.b.example",
		"b.example": "default", "z.y.b.example": "default", "": "default", "unknown": "default", strings.Repeat("a", 300): "default",
	})
	if n := s.set.Names(); n != 6 {
		t.Errorf("%d names", n)
	}
}

func TestUnknownNamesAreRefusedWhereAskedFor(t *testing.T) {
	s := newSite(t, Options{Alert: true}, "default", "a.example")
	s.expect("alert", map[string]string{"unknown": "", "": "default", "a.example": "a.example"})
	none := newSite(t, Options{}, "a.example")
	none.expect("no default", map[string]string{"unknown": "", "": "", "a.example": "a.example"})
	if !strings.Contains(none.log.String(), "there is no default certificate") {
		t.Error(none.log.String())
	}
	err := shake(t, s.set, "unknown.example", nil)
	if err == nil || !strings.Contains(err.Error(), "unrecognized name") {
		t.Errorf("%v, want unrecognized_name", err)
	}
}

// shake is a real handshake for a name.
func shake(t testing.TB, c Chooser, name string, roots *x509.CertPool) error {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", Config(c))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if conn, err := l.Accept(); err == nil {
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close()
		}
	}()
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", l.Addr().String(), &tls.Config{ServerName: name, RootCAs: roots, InsecureSkipVerify: roots == nil})
	if err == nil {
		_ = conn.Close()
	}
	return err
}

// Of several certificates for a name the one that is valid longest is shown, and one that has expired only where there is no other.
func TestTheLongestValidCertificateIsShown(t *testing.T) {
	s := newSite(t, Options{})
	serial := func(name string) time.Duration {
		c, _ := s.set.Choose(&tls.ClientHelloInfo{ServerName: name, SupportedVersions: []uint16{tls.VersionTLS13},
			SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}, CipherSuites: []uint16{tls.TLS_AES_128_GCM_SHA256}})
		return time.Until(c.Leaf.NotAfter).Round(time.Hour)
	}
	s.put("a", "a.example", 2*time.Hour)
	s.put("b", "a.example", 5*time.Hour)
	s.put("c", "a.example", 3*time.Hour)
	s.put("old", "b.example", -time.Hour)
	s.set.refresh(true)
	if got := serial("a.example"); got != 5*time.Hour {
		t.Errorf("valid for %s", got)
	}
	if got := serial("b.example"); got != -time.Hour {
		t.Errorf("valid for %s", got)
	}
	s.put("wild", "*.example", time.Hour)
	s.set.refresh(true)
	if got := serial("b.example"); got != time.Hour {
		t.Errorf("valid for %s, though a pattern covers it", got)
	}
	if n := strings.Count(s.log.String(), "a certificate has expired"); n != 1 {
		t.Errorf("said %d times that one has expired", n)
	}
}

func TestFilesAreFollowed(t *testing.T) {
	s := newSite(t, Options{}, "default", "a.example", "b.example")
	a, _ := s.set.Choose(&tls.ClientHelloInfo{ServerName: "a.example"})
	look := func(times int) {
		for range times {
			s.set.refresh(false)
		}
	}
	lines := func(text string, want int) {
		t.Helper()
		if n := strings.Count(s.log.String(), text); n != want {
			t.Errorf("%d lines with %q, want %d: %s", n, text, want, s.log.String())
		}
	}
	write(t, filepath.Join(s.dir, "a.example.crt"), []byte("half a file"))
	look(1)
	lines("can't be used", 0) // it may be on its way
	look(5)
	lines("keeping the last one", 1)
	if now, _ := s.set.Choose(&tls.ClientHelloInfo{ServerName: "a.example"}); now != a {
		t.Error("the last good one is not in use")
	}
	if _, err := s.set.Reload(); err == nil || !strings.Contains(err.Error(), "a.example.crt") {
		t.Errorf("%v", err)
	}
	s.put("a.example", "a.example", -time.Minute) // has expired, and the one in use has not
	look(3)
	if now, _ := s.set.Choose(&tls.ClientHelloInfo{ServerName: "a.example"}); now != a {
		t.Error("an expired certificate has replaced one that has not")
	}
	other, key := fixture.PEM(t, time.Now().Add(time.Hour), "b.example")
	write(t, filepath.Join(s.dir, "b.example.crt"), other) // with the key of another one
	look(3)
	s.expect("beside a key that does not fit", map[string]string{"b.example": "b.example"})
	write(t, filepath.Join(s.dir, "b.example.key"), key)
	s.put("new", "new.example", time.Hour)
	look(1)
	s.expect("a new one", map[string]string{"new.example": "new.example"})
	lines(`"names":["b.example"]`, 1)
	if err := os.Remove(filepath.Join(s.dir, "new.key")); err != nil {
		t.Fatal(err)
	}
	look(1)
	s.put("more", "more.example", time.Hour)
	look(1)
	s.expect("missing for two looks", map[string]string{"new.example": "new.example", "more.example": "more.example"})
	look(2)
	s.expect("removed", map[string]string{"new.example": "default"})
	lines("certificate removed", 1)
	if err := os.Rename(s.dir, s.dir+".away"); err != nil {
		t.Fatal(err)
	}
	look(5)
	s.expect("the folder is gone", map[string]string{"more.example": "more.example"})
	lines("the folder of certificates can't be read", 1)
	if err := os.Rename(s.dir+".away", s.dir); err != nil {
		t.Fatal(err)
	}
	look(1)
	if changed, err := s.set.Reload(); changed || !strings.Contains(fmt.Sprint(err), "it has expired at") {
		t.Errorf("%v %v", changed, err)
	}
}

// The layouts of those who lay certificates, each with its way to name files, and what lies beside them.
func TestLayouts(t *testing.T) {
	dir := t.TempDir()
	file := func(name, of string) (cert, key []byte) { return fixture.PEM(t, time.Now().Add(time.Hour), of) }
	for layout, files := range map[string][2]string{
		"proxy": {"proxy.example.crt", "proxy.example.key"}, "local": {"local.example.pem", "local.example-key.pem"},
		"bot": {"bot.example/fullchain.pem", "bot.example/privkey.pem"}, "companion": {"companion.example/fullchain.pem", "companion.example/key.pem"},
		"caddy": {"caddy.example/caddy.example.crt", "caddy.example/caddy.example.key"}, "sh": {"sh.example/fullchain.cer", "sh.example/sh.example.key"},
		"mounted": {"mounted/tls.crt", "mounted/tls.key"},
	} {
		cert, key := file(layout, layout+".example")
		write(t, filepath.Join(dir, files[0]), cert)
		write(t, filepath.Join(dir, files[1]), key)
	}
	cert, key := file("both", "both.example")
	write(t, filepath.Join(dir, "both.example.pem"), append(cert, key...))
	write(t, filepath.Join(dir, "proxy.example.chain.pem"), cert)
	write(t, filepath.Join(dir, "proxy.example.dhparam.pem"), []byte("parameters"))
	write(t, filepath.Join(dir, "dhparam.pem"), []byte("parameters"))
	write(t, filepath.Join(dir, "README"), []byte("text"))
	write(t, filepath.Join(dir, ".hidden.crt"), []byte("x"))
	write(t, filepath.Join(dir, ".hidden.key"), []byte("x"))
	write(t, filepath.Join(dir, "empty", "README"), nil)
	if err := os.Symlink(filepath.Join(dir, "bot.example"), filepath.Join(dir, "linked.example")); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	set, err := NewSet(Options{Folder: dir, Log: zerolog.New(&log)})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, set: set}
	for _, name := range []string{"proxy", "local", "bot", "companion", "caddy", "sh", "mounted", "both"} {
		s.expect(name, map[string]string{name + ".example": name + ".example"})
	}
	if strings.Contains(log.String(), "can't be used") {
		t.Error(log.String())
	}
}

func TestCertificatesAtTheStart(t *testing.T) {
	dir := t.TempDir()
	cert, key := fixture.WriteCertificate(t, dir, "one")
	junk := filepath.Join(dir, "junk")
	write(t, junk, []byte("junk"))
	for want, o := range map[string]Options{
		"":                   {Pairs: []Files{{cert, key}}},
		"no such file":       {Pairs: []Files{{cert, key}, {"/nonexistent", key}}},
		"failed to find any": {Pairs: []Files{{cert, junk}}},
		"not a directory":    {Folder: junk},
	} {
		if _, err := NewSet(o); (err == nil) != (want == "") || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestRunLooksEachSecond(t *testing.T) {
	s := newSite(t, Options{}, "default")
	synctest.Test(t, func(t *testing.T) {
		go s.set.Run(t.Context())
		synctest.Wait()
		s.put("late", "late.example", time.Hour)
		time.Sleep(lookEvery + time.Millisecond)
		synctest.Wait()
		s.expect("a second later", map[string]string{"late.example": "late.example"})
	})
}

func TestChoiceAllocatesNothing(t *testing.T) {
	s := newSite(t, Options{}, "a.example", "*.b.example")
	for _, name := range []string{"A.example", "x.b.example", "unknown.example"} {
		hello := &tls.ClientHelloInfo{ServerName: name}
		if n := testing.AllocsPerRun(100, func() { _, _ = s.set.Choose(hello) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// BenchmarkCertificates is 2,000 names: reading them, what they hold, and choosing one.
func BenchmarkCertificates(b *testing.B) {
	dir := b.TempDir()
	for n := range 2000 {
		cert, key := fixture.PEM(b, time.Now().Add(time.Hour), fmt.Sprintf("host%d.example", n))
		write(b, filepath.Join(dir, fmt.Sprintf("host%d.example.crt", n)), cert)
		write(b, filepath.Join(dir, fmt.Sprintf("host%d.example.key", n)), key)
	}
	b.Run("read", func(b *testing.B) {
		var before, after runtime.MemStats
		for b.Loop() {
			runtime.GC()
			runtime.ReadMemStats(&before)
			set, err := NewSet(Options{Folder: dir})
			if err != nil || set.Names() != 2000 {
				b.Fatal(err)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/2000, "B/name")
			runtime.KeepAlive(set)
		}
	})
	set, err := NewSet(Options{Folder: dir})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("choose", func(b *testing.B) {
		hello := &tls.ClientHelloInfo{ServerName: "host1234.example"}
		b.ReportAllocs()
		for b.Loop() {
			if c, _ := set.Choose(hello); c == nil {
				b.Fatal("none")
			}
		}
	})
	b.Run("look", func(b *testing.B) {
		for b.Loop() {
			set.refresh(false)
		}
	})
}
