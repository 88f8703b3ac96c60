package lab

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// droppingProxy passes requests to an Upstream and closes the connection in place of every nth request.
func droppingProxy(t *testing.T, to string, nth int64) (address string, dropped *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var count atomic.Int64
	dropped = new(atomic.Int64)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				up, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer up.Close()
				go func() { _, _ = io.Copy(c, up); _ = c.Close() }()
				for in := bufio.NewReader(c); ; {
					req, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					if count.Add(1)%nth == 0 {
						dropped.Add(1)
						return
					}
					if req.Write(up) != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String(), dropped
}

func TestMeterReportsOneInAThousand(t *testing.T) {
	u := StartUpstream(t, nil)
	address, dropped := droppingProxy(t, u.Address, 1000)
	m := StartMeter(t, Load{Address: address, Rate: 600, PostIn: 2})
	time.Sleep(6 * time.Second)
	tally := m.Stop()
	sent, lost := tally.Sent(""), tally.Lost("")
	if sent < 3000 || lost < 3 || lost != int(dropped.Load()) || tally.Of("", EOF)+tally.Of("", Reset) != lost {
		t.Errorf("sent %d, lost %d, want %d (one in 1,000) as eof or reset: %s", sent, lost, dropped.Load(), tally)
	}
	if n := len(u.Ledger.Duplicates("")); n != 0 {
		t.Errorf("the meter repeated %d requests", n)
	}
	if len(tally.Losses()) != lost {
		t.Errorf("%d losses kept of %d", len(tally.Losses()), lost)
	}
}

func TestMeterNamesWhatHappened(t *testing.T) {
	cases := map[Manner]Outcome{Polite: OK, CloseFirst: EOF, ResetAfter: Reset, CloseAfter: EOF, CutBody: Cut, ExtraBytes: Wrong, Silent: Timeout, Failing: Status5xx}
	for manner, want := range cases {
		t.Run(want.String(), func(t *testing.T) {
			u := StartUpstream(t, nil)
			u.Set(manner)
			load := Load{Address: u.Address, Clients: 1, PostIn: 2}
			if manner == Silent {
				load.Timeout = 200 * time.Millisecond
			}
			m := StartMeter(t, load)
			Eventually(t, time.Second, "two requests have ended", func() bool { return m.Sent("") >= 2 })
			tally := m.Stop()
			got := tally.Of("", want)
			if manner == CloseFirst {
				got += tally.Of("", Reset) // the request may arrive after the FIN was sent
			}
			if got == 0 || got != tally.Sent("") {
				t.Errorf("manner %d: %s, want only %s", manner, tally, want)
			}
		})
	}
	m := StartMeter(t, Load{Address: "127.0.0.1:1", Rate: 100})
	Eventually(t, time.Second, "refusals seen", func() bool { return m.Of("", Refused) > 0 })
	if tally := m.Stop(); tally.Of("", Refused) == 0 || tally.Of("", Refused) != tally.Sent("") {
		t.Errorf("nothing listens: %s", tally)
	}
}

func TestMeterCountsAStallAgainstEveryRequestDueInIt(t *testing.T) {
	u := StartUpstream(t, nil)
	f := Forward(t, u.Address)
	m := StartMeter(t, Load{Address: f.Address, Rate: 500})
	time.Sleep(300 * time.Millisecond)
	f.Set(Frozen)
	time.Sleep(500 * time.Millisecond)
	f.Set(Healthy)
	time.Sleep(300 * time.Millisecond)
	// Those that were due in its first 400 ms took 100 ms at least.
	if tally := m.Stop(); tally.Lost("") != 0 || tally.Slower(100*time.Millisecond) < 150 || Long() && tally.Quantile(1) > 2*time.Second {
		t.Errorf("a stall of 0.5 s in 1.1 s: %s, %d above 100 ms", tally, tally.Slower(100*time.Millisecond))
	}
}

func TestForwarderBreaks(t *testing.T) {
	u := StartUpstream(t, nil)
	f := Forward(t, u.Address)
	m := StartMeter(t, Load{Address: f.Address, Clients: 2, Timeout: 300 * time.Millisecond})
	time.Sleep(100 * time.Millisecond)
	f.Reset()
	Eventually(t, time.Second, "resets seen", func() bool { return m.Of("", Reset)+m.Of("", EOF)+m.Of("", Cut) > 0 })
	f.Down()
	f.Finish()
	Eventually(t, time.Second, "refusals seen", func() bool { return m.Of("", Refused) > 0 })
	f.Up(t)
	f.Set(DropReplies)
	Eventually(t, 2*time.Second, "time-outs seen", func() bool { return m.Of("", Timeout) > 0 })
	m.Stop()
}

func TestSocketsCountCuts(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		for kind, data, err := conn.Read(r.Context()); err == nil; kind, data, err = conn.Read(r.Context()) {
			_ = conn.Write(r.Context(), kind, data)
		}
	}))
	defer server.Close()
	f := Forward(t, server.Listener.Addr().String())
	s := HoldSockets(t, f.Address, "web.localhost", 5)
	Eventually(t, 2*time.Second, "echoes", func() bool { return s.Echoes() >= 5 })
	if s.Cut() != 0 {
		t.Errorf("%d cut before anything broke", s.Cut())
	}
	f.Reset()
	Eventually(t, 2*time.Second, "five cuts", func() bool { return s.Cut() == 5 })
	s.Stop()
}

func TestRecorderSeesWritesAndCanAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "real") }))
	defer server.Close()
	r := Record(t, server.Listener.Addr().String())
	before := time.Now()
	for _, method := range []string{"GET", "PUT"} {
		req, _ := http.NewRequest(method, "http://"+r.Address+"/v1/x?y", nil)
		if resp, err := http.DefaultClient.Do(req); err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
	}
	if all, writes := r.Calls(before, nil), r.Writes(before); len(all) != 2 || len(writes) != 1 || writes[0].Path != "/v1/x" {
		t.Errorf("%v %v", all, writes)
	}
	r.Answer(func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(500); return true })
	if resp, err := http.Get("http://" + r.Address); err != nil || resp.StatusCode != 500 {
		t.Error(resp, err)
	}
}
