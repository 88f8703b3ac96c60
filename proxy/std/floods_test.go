package std

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// floods are what a client can send without end. Each function sends one or a few frames.
func floods() map[string]func(p *peer) error {
	ping := func(p *peer) error { return p.WritePing(false, [8]byte{}) }
	held := func(frames func(p *peer, id uint32) error) func(p *peer) error { // on a stream that stays open
		id := uint32(0)
		return func(p *peer) error {
			if id == 0 {
				id = p.ask("POST", "/held", false)
			}
			return frames(p, id)
		}
	}
	return map[string]func(p *peer) error{
		"PING":     ping,
		"PING ack": func(p *peer) error { return p.WritePing(true, [8]byte{}) },
		"SETTINGS": func(p *peer) error { return p.WriteSettings() },
		"SETTINGS that change": func(p *peer) error {
			return p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20}, http2.Setting{ID: http2.SettingHeaderTableSize, Val: 0})
		},
		"PRIORITY":                  func(p *peer) error { return p.WritePriority(1<<20+1, http2.PriorityParam{StreamDep: 3}) },
		"unknown frame":             func(p *peer) error { return p.WriteRawFrame(0xee, 0, 0, nil) },
		"PRIORITY_UPDATE":           func(p *peer) error { return p.WriteRawFrame(0x10, 0, 0, []byte{0, 0, 0, 1, 'u', '=', '1'}) },
		"WINDOW_UPDATE, connection": func(p *peer) error { return p.WriteWindowUpdate(0, 1) },
		"WINDOW_UPDATE, large":      func(p *peer) error { return p.WriteWindowUpdate(0, 1000) },
		"WINDOW_UPDATE, stream":     held(func(p *peer, id uint32) error { return p.WriteWindowUpdate(id, 1) }),
		"empty DATA":                held(func(p *peer, id uint32) error { return p.WriteData(id, false, nil) }),
		"padding alone":             held(func(p *peer, id uint32) error { return p.WriteDataPadded(id, false, nil, make([]byte, 8)) }),
		"PRIORITY, open stream":     held(func(p *peer, id uint32) error { return p.WritePriority(id, http2.PriorityParam{Weight: 7}) }),
		"RST_STREAM, closed stream": func(p *peer) error { p.ask("GET", "/", true); return p.WriteRSTStream(1, http2.ErrCodeCancel) },
		"rapid reset":               func(p *peer) error { return p.WriteRSTStream(p.ask("GET", "/held", true), http2.ErrCodeCancel) },
		"requests without a method": func(p *peer) error { p.ask("", "/", true); return ping(p) },
		"DATA behind the end":       func(p *peer) error { p.ask("GET", "/", true); return p.WriteData(p.stream-2, false, []byte("x")) },
		"empty CONTINUATION": func() func(p *peer) error {
			begun := false
			return func(p *peer) error {
				if !begun {
					begun = true
					return p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: p.head(":method", "GET"), EndStream: true})
				}
				return p.WriteContinuation(1, false, nil)
			}
		}(),
		"dribble": func() func(p *peer) error { // each byte of window makes one frame
			id := uint32(0)
			return func(p *peer) error {
				if id == 0 {
					p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
					id = p.ask("GET", "/large", true)
				}
				return p.WriteWindowUpdate(id, 1)
			}
		}(),
	}
}

// floodApp is what all of these tests have behind the proxy.
func floodApp(t *testing.T) net.Addr {
	return fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/held":
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		case "/large":
			w.Write(make([]byte, 8<<20))
		case "/echo":
			http.NewResponseController(w).EnableFullDuplex()
			w.WriteHeader(200)
			buf := make([]byte, 4096)
			for {
				n, err := r.Body.Read(buf)
				w.Write(buf[:n])
				w.(http.Flusher).Flush()
				if err != nil {
					return
				}
			}
		default:
			io.WriteString(w, "ok")
		}
	})
}

// Frames that carry no request are bounded: who sends them without end is told to be calm, and the connection ends.
func TestHTTP2FloodsEnd(t *testing.T) {
	r := newRig(t, rigOptions{TLS: serverTLS(t)}, fixture.At(floodApp(t)))
	for _, secure := range []bool{false, true} {
		for name, flood := range floods() {
			t.Run(fmt.Sprintf("%s/tls=%v", name, secure), func(t *testing.T) {
				addr := r.addr
				if secure {
					addr = r.tlsAddr
				}
				p := dialHTTP2(t, addr, secure)
				ended := make(chan struct{})
				var code http2.ErrCode
				var said bool
				go func() {
					defer close(ended)
					code, said, _ = p.farewell()
				}()
				sent := 0
				for begun := time.Now(); ; sent++ {
					if err := flood(p); err != nil {
						break
					}
					select {
					case <-ended:
					default:
						if time.Since(begun) < time.Minute {
							continue
						}
						t.Fatalf("goes on after %d", sent)
					}
					break
				}
				p.Close()
				<-ended
				if said && code != http2.ErrCodeEnhanceYourCalm && code != http2.ErrCodeProtocol {
					t.Errorf("after %d: GOAWAY %v", sent, code)
				}
				t.Logf("ended after %d were sent, GOAWAY %v %v", sent, said, code)
			})
		}
	}
	if n := r.counter("pointsman_requests_total", "400"); n == 0 {
		t.Error("nothing was counted")
	}
	c, br := dial(t, r.addr)
	if code := ask(c, br); code != 200 {
		t.Errorf("afterwards: %d", code)
	}
}

// One that asks, reads and gives up like a real client never passes a bound, however fast it does so.
func TestHTTP2BoundsSpareRealClients(t *testing.T) {
	r := newRig(t, rigOptions{}, fixture.At(floodApp(t)))
	for name, play := range map[string]func(t *testing.T, p *peer) error{
		"small messages both ways, each acknowledged": func(t *testing.T, p *peer) error {
			const messages, message = 5000, "a small message, as many are"
			id := p.ask("POST", "/echo", false)
			var answered atomic.Int64
			go func() {
				for i := range int64(messages) {
					for i-answered.Load()/int64(len(message)) > 64 { // in flight, as one that talks has
						time.Sleep(50 * time.Microsecond)
					}
					p.mu.Lock()
					p.WriteData(id, i == messages-1, []byte(message))
					p.mu.Unlock()
				}
			}()
			return p.until(func(f http2.Frame) bool {
				data, ok := f.(*http2.DataFrame)
				if ok && data.Length > 0 {
					answered.Add(int64(data.Length))
					p.mu.Lock()
					p.WritePing(false, [8]byte{1}) // measures the way, as gRPC does
					p.WriteWindowUpdate(0, max(smallWindow, data.Length))
					p.WriteWindowUpdate(id, max(smallWindow, data.Length))
					p.mu.Unlock()
				}
				return ok && data.StreamEnded()
			})
		},
		"a large answer, each frame acknowledged": func(t *testing.T, p *peer) error {
			id := p.ask("GET", "/large", true)
			return p.until(func(f http2.Frame) bool {
				data, ok := f.(*http2.DataFrame)
				if ok && data.Length > 0 {
					p.WriteWindowUpdate(0, data.Length)
					p.WriteWindowUpdate(id, data.Length)
				}
				return ok && data.StreamEnded()
			})
		},
		"many requests, each with priority and windows, given up when they are answered": func(t *testing.T, p *peer) error {
			const requests, open = 3000, 100
			begun, ended := 0, 0
			more := func() {
				for ; begun < requests && begun-ended < open; begun++ {
					id := p.ask("GET", "/", true)
					p.WritePriority(id, http2.PriorityParam{Weight: 1})
					p.WriteWindowUpdate(id, 1<<20)
				}
			}
			more()
			return p.until(func(f http2.Frame) bool {
				if h, ok := f.(*http2.HeadersFrame); ok {
					p.WriteRSTStream(h.StreamID, http2.ErrCodeCancel)
					ended++
					more()
				}
				return ended == requests
			})
		},
		"as many as may be open, all given up": func(t *testing.T, p *peer) error {
			for range 2 {
				first := p.stream
				for range 250 {
					p.ask("GET", "/held", true)
				}
				for id := first; id < p.stream; id += 2 {
					p.WriteRSTStream(id, http2.ErrCodeCancel)
				}
				time.Sleep(100 * time.Millisecond)
			}
			p.WritePing(false, [8]byte{7})
			return p.until(func(f http2.Frame) bool { ping, ok := f.(*http2.PingFrame); return ok && ping.Data == [8]byte{7} })
		},
		"an upload in small pieces": func(t *testing.T, p *peer) error {
			id := p.ask("POST", "/", false)
			go func() {
				for i := range 3000 {
					p.WriteData(id, i == 2999, []byte("x"))
				}
			}()
			return p.until(func(f http2.Frame) bool {
				return f.Header().Flags.Has(http2.FlagDataEndStream) && f.Header().StreamID == id
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := dialHTTP2(t, r.addr, false)
			if err := play(t, p); err != nil {
				t.Error(err)
			}
		})
	}
}

// Go's own client gives up answers that nobody reads, and measures the way each time.
func TestHTTP2BoundsSpareGoClient(t *testing.T) {
	r := newRig(t, rigOptions{}, fixture.At(floodApp(t)))
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetUnencryptedHTTP2(true)
	defer tr.CloseIdleConnections()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for i := range 40 {
				req, _ := http.NewRequestWithContext(t.Context(), "GET", r.url([]string{"/large", "/"}[i%2]), nil)
				resp, err := tr.RoundTrip(req)
				if err != nil {
					t.Error(err)
					return
				}
				_ = resp.Body.Close()
			}
		})
	}
	all.Wait()
	if n := r.counter("pointsman_requests_total", "400"); n != 0 {
		t.Errorf("%v connections were told to be calm", n)
	}
}
