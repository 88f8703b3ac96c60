package std

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy"
)

// peer is a client's HTTP/2 connection, frame by frame.
type peer struct {
	net.Conn
	*http2.Framer
	mu     sync.Mutex // of writes, where a test reads and writes at a time
	block  bytes.Buffer
	encode *hpack.Encoder
	stream uint32
}

// dialHTTP2 opens a connection that ends with the test.
func dialHTTP2(t *testing.T, addr string, secure bool) *peer {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if secure {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Minute))
	p := &peer{Conn: c, Framer: http2.NewFramer(c, c), stream: 1}
	p.encode = hpack.NewEncoder(&p.block)
	p.AllowIllegalWrites = true
	io.WriteString(c, http2Preface)
	p.WriteSettings()
	return p
}

func (p *peer) head(fields ...string) []byte {
	p.block.Reset()
	for i := 0; i+1 < len(fields); i += 2 {
		p.encode.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return p.block.Bytes()
}

// ask begins a request, and returns its stream.
func (p *peer) ask(method, path string, end bool) uint32 {
	id := p.stream
	p.stream += 2
	p.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: p.head(":method", method, ":scheme", "http", ":authority", "t", ":path", path), EndHeaders: true, EndStream: end})
	return id
}

// farewell reads to the end of the connection, and returns the code of the GOAWAY before it.
func (p *peer) farewell() (code http2.ErrCode, said bool, err error) {
	for {
		f, err := p.ReadFrame()
		if err != nil {
			return code, said, err
		}
		if away, ok := f.(*http2.GoAwayFrame); ok {
			code, said = away.ErrCode, true
		}
	}
}

// until reads frames until one is the last that is waited for.
func (p *peer) until(last func(f http2.Frame) bool) error {
	for {
		f, err := p.ReadFrame()
		if err != nil {
			return err
		}
		if away, ok := f.(*http2.GoAwayFrame); ok {
			return fmt.Errorf("GOAWAY %v", away.ErrCode)
		}
		if last(f) {
			return nil
		}
	}
}

// A head over HTTP/2 has the time that one over HTTP/1 has: the first from the connection's beginning, others from their own.
func TestHTTP2HeadsHaveTheirTime(t *testing.T) {
	const headTime = 2 * time.Second
	r := newRig(t, rigOptions{TLS: serverTLS(t), Limits: proxy.Limits{ReadHead: headTime}}, fixture.At(floodApp(t)))
	answered := func(p *peer) error {
		id := p.ask("GET", "/", true)
		return p.until(func(f http2.Frame) bool {
			return f.Header().StreamID == id && f.Header().Flags.Has(http2.FlagDataEndStream)
		})
	}
	for name, c := range map[string]struct {
		play func(p *peer) error
		ends bool
	}{
		"nothing":            {func(p *peer) error { return nil }, true},
		"a head without end": {func(p *peer) error { return p.beginHead() }, true},
		"half a frame":       {func(p *peer) error { _, err := io.WriteString(p, "\x00\x00\x40\x01"); return err }, true},
		"half a frame's bytes": {func(p *peer) error {
			_, err := io.WriteString(p, "\x00\x00\x40\x01\x05\x00\x00\x00\x01abc")
			return err
		}, true},
		"a request, then a head without end": {func(p *peer) error {
			return errors.Join(answered(p), p.beginHead())
		}, true},
		"a request, then half a frame": {func(p *peer) error {
			err := answered(p)
			_, e := io.WriteString(p, "\x00\x00\x08\x06")
			return errors.Join(err, e)
		}, true},
		"a request, then a pause": {answered, false},
		"a request, then a body that pauses": {func(p *peer) error {
			err := answered(p)
			p.ask("POST", "/held", false)
			_, e := io.WriteString(p, "\x00\x00\x40\x00\x00\x00\x00\x00\x03abc")
			return errors.Join(err, e)
		}, false},
		"a head in pieces, in time": {func(p *peer) error {
			err := answered(p)
			block := slices.Clone(p.head(":method", "GET", ":scheme", "http", ":authority", "t", ":path", "/"))
			err = errors.Join(err, p.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: block[:3], EndStream: true}))
			time.Sleep(headTime / 10)
			return errors.Join(err, p.WriteContinuation(3, true, block[3:]))
		}, false},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/tls=%v", name, secure), func(t *testing.T) {
				t.Parallel()
				addr := r.addr
				if secure {
					addr = r.tlsAddr
				}
				p := dialHTTP2(t, addr, secure)
				begun := time.Now()
				if err := c.play(p); err != nil {
					t.Fatal(err)
				}
				if !c.ends {
					p.SetReadDeadline(time.Now().Add(2 * headTime))
				}
				code, said, err := p.farewell()
				took := time.Since(begun)
				switch ended := !timedOut(err); {
				case ended != c.ends:
					t.Errorf("after %v: %v", took, err)
				case ended && (took < headTime*9/10 || took > headTime+20*time.Second || !said || code != http2.ErrCodeNo):
					t.Errorf("after %v: GOAWAY %v %v", took, said, code)
				}
			})
		}
	}
}

// beginHead sends a HEADERS frame that another one must follow.
func (p *peer) beginHead() error {
	p.stream += 2
	return p.WriteHeaders(http2.HeadersFrameParam{StreamID: p.stream, BlockFragment: p.head(":method", "GET"), EndStream: true})
}

// HTTP/2 over TLS 1.2 takes the cipher suites that RFC 9113 leaves, and no others; HTTP/1 takes what there is.
func TestHTTP2CipherSuites(t *testing.T) {
	r := newRig(t, rigOptions{TLS: serverTLS(t)}, fixture.At(floodApp(t)))
	for _, c := range []struct {
		suite uint16
		http2 bool
	}{{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, true}, {tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, false}} {
		for _, protocol := range []string{"h2", "http/1.1"} {
			conn, err := tls.Dial("tcp", r.tlsAddr, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{c.suite}, NextProtos: []string{protocol}})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(time.Minute))
			if protocol == "h2" {
				io.WriteString(conn, http2Preface)
				_ = http2.NewFramer(conn, nil).WriteSettings()
			} else {
				io.WriteString(conn, fixture.Get("/", ""))
			}
			_, err = conn.Read(make([]byte, 9))
			if served := err == nil; served != (c.http2 || protocol != "h2") || timedOut(err) {
				t.Errorf("%s over %s: %v", protocol, tls.CipherSuiteName(c.suite), err)
			}
		}
	}
}
