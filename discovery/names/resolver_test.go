package names

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/pointsman/pointsman/discovery"
)

// script answers look-ups.
type script struct {
	mu    sync.Mutex
	list  string // addresses with blanks
	ttl   time.Duration
	err   error
	asked int
	told  []string // what was published: of each name its host and addresses
	log   bytes.Buffer
}

func (s *script) lookup(context.Context, string) ([]netip.Addr, time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	var list []netip.Addr
	for text := range strings.FieldsSeq(s.list) {
		list = append(list, netip.MustParseAddr(text))
	}
	return list, s.ttl, s.err
}

func (s *script) publish(list []*discovery.Name) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := ""
	for _, n := range list {
		text += n.Host
		for _, a := range n.Addresses {
			text += " " + a.String()
		}
	}
	s.told = append(s.told, text)
}

func (s *script) set(list string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list, s.err = list, err
}

// count is how many look-ups there were.
func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// tells checks what was published since the last time.
func (s *script) tells(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.Join(s.told, "|") != strings.Join(want, "|") {
		t.Errorf("told %q, want %q", s.told, want)
	}
	s.told = nil
}

func follow(t *testing.T, s *script, body func(r *Resolver)) {
	synctest.Test(t, func(t *testing.T) {
		r := NewResolver(s.lookup, s.publish, zerolog.New(&s.log))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		r.Follow([]string{"db"})
		body(r)
		cancel()
		<-done
	})
}

func TestANameIsLookedUpAgainByItsTTL(t *testing.T) {
	s := &script{list: "10.0.0.2 10.0.0.1 ::ffff:10.0.0.2", ttl: 30 * time.Second}
	follow(t, s, func(r *Resolver) {
		s.tells(t, "db 10.0.0.1 10.0.0.2")
		s.set("10.0.0.1 10.0.0.2", nil)
		time.Sleep(29 * time.Second)
		if s.count() != 1 {
			t.Errorf("asked %d times", s.count())
		}
		time.Sleep(2 * time.Second)
		s.tells(t) // the same, in another order
		s.set("10.0.0.3", nil)
		time.Sleep(30 * time.Second)
		s.tells(t, "db 10.0.0.3")
		r.Follow(nil)
		asked := s.count()
		time.Sleep(time.Hour)
		if s.count() != asked {
			t.Error("asked for what is not followed")
		}
	})
}

func TestATTLIsBounded(t *testing.T) {
	for ttl, most := range map[time.Duration]int{0: 361, time.Millisecond: 3601, 24 * time.Hour: 13} {
		s := &script{list: "10.0.0.1", ttl: ttl}
		follow(t, s, func(*Resolver) {
			time.Sleep(time.Hour)
			if s.count() > most || s.count() < most-2 {
				t.Errorf("TTL %s: asked %d times in an hour", ttl, s.count())
			}
		})
	}
}

func TestAnErrorKeepsAddresses(t *testing.T) {
	s := &script{list: "10.0.0.1", ttl: time.Second}
	follow(t, s, func(*Resolver) {
		s.tells(t, "db 10.0.0.1")
		s.set("", errors.New("no answer"))
		asked := s.count()
		time.Sleep(time.Hour)
		s.tells(t)
		if n := s.count() - asked; n > 130 {
			t.Errorf("asked %d times", n)
		}
		if n := strings.Count(s.log.String(), "failed"); n != 1 {
			t.Errorf("said %d times", n)
		}
		s.set("10.0.0.2", nil)
		time.Sleep(retryLast)
		s.tells(t, "db 10.0.0.2")
		s.set("", &net.DNSError{IsNotFound: true})
		time.Sleep(notFoundHold - 2*time.Second)
		s.tells(t)
		time.Sleep(time.Minute)
		s.tells(t, "db")
		s.set("10.0.0.2", nil)
		time.Sleep(retryLast)
		s.tells(t, "db 10.0.0.2")
	})
}

// Where one family of addresses could not be asked for, its addresses stay; those of the other one are as the answer says.
func TestAPartOfAnAnswerTakesNothingFromTheOtherFamily(t *testing.T) {
	s := &script{list: "10.0.0.1 10.0.0.2 fd00::1", ttl: time.Second}
	follow(t, s, func(*Resolver) {
		s.tells(t, "db 10.0.0.1 10.0.0.2 fd00::1")
		s.set("10.0.0.3", errors.New("no answer about its IPv6 addresses"))
		time.Sleep(time.Minute)
		s.tells(t, "db 10.0.0.3 fd00::1")
		if n := strings.Count(s.log.String(), "in part"); n != 1 {
			t.Errorf("said %d times", n)
		}
		s.set("10.0.0.3", nil)
		time.Sleep(2 * time.Second)
		s.tells(t, "db 10.0.0.3")
	})
}

func TestWhatIsNeverAnsweredIsTold(t *testing.T) {
	s := &script{err: errors.New("no answer")}
	follow(t, s, func(*Resolver) { s.tells(t, "db") })
}

func TestTheLowestTTLCounts(t *testing.T) {
	name := dnsmessage.MustNewName("db.example.")
	message := dnsmessage.Message{
		Header:    dnsmessage.Header{Response: true},
		Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
		Answers: []dnsmessage.Resource{
			{Header: dnsmessage.ResourceHeader{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 90}, Body: &dnsmessage.AResource{A: [4]byte{10, 0, 0, 1}}},
			{Header: dnsmessage.ResourceHeader{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 7}, Body: &dnsmessage.AResource{A: [4]byte{10, 0, 0, 2}}},
		},
	}
	packed, err := message.Pack()
	if err != nil {
		t.Fatal(err)
	}
	var l talk
	l.answer([]byte("junk"))
	if l.ttl() != 0 {
		t.Errorf("junk has a TTL of %s", l.ttl())
	}
	l.answer(packed[:len(packed)-3]) // cut
	l.answer(packed)
	if l.ttl() != 7*time.Second {
		t.Errorf("TTL %s", l.ttl())
	}
}

func FuzzLook(f *testing.F) {
	f.Add([]byte("\x00\x01\x81\x80\x00\x00\x00\x01\x00\x00\x00\x00"))
	f.Fuzz(func(_ *testing.T, message []byte) {
		var seen talk
		seen.question(message)
		seen.answer(message)
	})
}

// The system's own look-up finds what /etc/hosts has, whatever DNS there is.
func TestLocalhostIsFound(t *testing.T) {
	list, ttl, err := dns((&net.Dialer{}).DialContext)(t.Context(), "localhost")
	if err != nil || len(list) == 0 || !list[0].IsLoopback() || ttl != 0 {
		t.Errorf("%v %s %v", list, ttl, err)
	}
}

// A server that answers about one family and fails about the other has told a part.
func TestARealAnswerAboutOneFamily(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	var fails atomic.Bool
	fails.Store(true)
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(b[:n]) != nil {
				continue
			}
			m.Response, m.Additionals = true, nil
			switch q := m.Questions[0]; {
			case q.Type == dnsmessage.TypeA:
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 42},
					Body: &dnsmessage.AResource{A: [4]byte{10, 0, 0, 1}}})
			case fails.Load():
				m.RCode = dnsmessage.RCodeServerFailure
			}
			packed, _ := m.Pack()
			_, _ = server.WriteTo(packed, from)
		}
	}()
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.LocalAddr().String())
	}
	list, ttl, err := dns(dial)(t.Context(), "db.example.")
	if err == nil || !strings.Contains(err.Error(), "IPv6") || len(list) != 1 || ttl != 42*time.Second {
		t.Errorf("%v %s %v", list, ttl, err)
	}
	fails.Store(false) // there is none, which is an answer
	if list, _, err = dns(dial)(t.Context(), "db.example."); err != nil || len(list) != 1 {
		t.Errorf("%v %v", list, err)
	}
}

// A server of our own tells addresses and TTLs over UDP, and the rest over TCP.
func TestTheTTLOfARealAnswer(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(b[:n]) != nil {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				for i, ttl := range []uint32{42, 60} {
					m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: ttl},
						Body: &dnsmessage.AResource{A: [4]byte{10, 0, 0, byte(i)}}})
				}
			}
			packed, _ := m.Pack()
			_, _ = server.WriteTo(packed, from)
		}
	}()
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.LocalAddr().String())
	}
	list, ttl, err := dns(dial)(t.Context(), "db.example.")
	if err != nil || len(list) != 2 || ttl != 42*time.Second {
		t.Errorf("%v %s %v", list, ttl, err)
	}
}

// Names that are answered at one time are told one list after another, the newest last.
func TestListsAreToldInTheirOrder(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var s script
	s.set("10.0.0.1", nil)
	s.ttl = time.Minute
	var telling, longest atomic.Int64
	told := make(chan int, lookups)
	r := NewResolver(s.lookup, func(list []*discovery.Name) {
		if telling.Add(1) > 1 || int64(len(list)) < longest.Load() {
			t.Errorf("%d names are told beside others, or after a longer list", len(list))
		}
		time.Sleep(2 * time.Millisecond) // not in a bubble: there, who waits for a lock stops the clock
		longest.Store(int64(len(list)))
		telling.Add(-1)
		told <- len(list)
	}, zerolog.Nop())
	r.Follow([]string{"a", "b", "c", "d", "e", "f", "g", "h"})
	done := make(chan struct{})
	go func() {
		_ = r.Run(ctx)
		close(done)
	}()
	last := 0
	for range lookups {
		last = <-told
	}
	if last != lookups {
		t.Errorf("%d names are told last", last)
	}
	cancel()
	<-done
}
