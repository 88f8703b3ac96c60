package conformance

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// framed is a client's HTTP/2 connection, frame by frame: it can say what no proper client says.
type framed struct {
	*conn
	framer *http2.Framer
	block  bytes.Buffer
	encode *hpack.Encoder
	stream uint32
}

// everyHTTP2 runs a test with the listeners that speak HTTP/2.
func everyHTTP2(t *testing.T, test func(t *testing.T, k *kind)) {
	every(t, func(t *testing.T, k *kind) {
		if k.name == "event" {
			t.Skip("without anyone to hand over to there is no HTTP/2")
		}
		test(t, k)
	})
}

// dialFramed opens an HTTP/2 connection that ends with the test.
func (r *rig) dialFramed(t testing.TB) *framed {
	t.Helper()
	c, err := dialPlain(t, r.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.tcp.Close() })
	if r.kind.secure {
		c.Conn = tls.Client(c.tcp, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{http2.NextProtoTLS}})
		c.in.Reset(c.Conn)
	}
	f := &framed{conn: c, framer: http2.NewFramer(c.Conn, c.in), stream: 1}
	f.framer.AllowIllegalWrites = true
	f.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	f.encode = hpack.NewEncoder(&f.block)
	f.send(http2.ClientPreface)
	if err := f.framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	return f
}

// ask sends a request's head, name by name and value by value, and its body where it is not empty. It returns the stream.
func (f *framed) ask(head []string, body string) uint32 {
	f.t.Helper()
	f.block.Reset()
	for i := 0; i+1 < len(head); i += 2 {
		if err := f.encode.WriteField(hpack.HeaderField{Name: head[i], Value: head[i+1]}); err != nil {
			f.t.Fatal(err)
		}
	}
	id := f.stream
	f.stream += 2
	_ = f.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: f.block.Bytes(), EndHeaders: true, EndStream: body == ""})
	if body != "" {
		_ = f.framer.WriteData(id, true, []byte(body))
	}
	return id
}

// outcome is how a stream ended: with an answer's status, or what ended it.
func (f *framed) outcome(id uint32) string {
	status := ""
	for {
		frame, err := f.framer.ReadFrame()
		if err != nil {
			if err == io.EOF {
				return "end of the connection"
			}
			return err.Error()
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = f.framer.WriteSettingsAck()
			}
		case *http2.GoAwayFrame:
			return fmt.Sprintf("GOAWAY %s", frame.ErrCode)
		case *http2.RSTStreamFrame:
			switch {
			case frame.StreamID != id:
			case status != "": // what is left of the request is not wanted
				return status
			default:
				return fmt.Sprintf("RST_STREAM %s", frame.ErrCode)
			}
		case *http2.MetaHeadersFrame:
			if frame.StreamID == id {
				status = frame.PseudoValue("status")
			}
		}
		if h := frame.Header(); h.StreamID == id && status != "" && (h.Type == http2.FrameHeaders || h.Type == http2.FrameData) && h.Flags.Has(http2.FlagDataEndStream) {
			return status
		}
	}
}
