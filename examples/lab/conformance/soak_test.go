package conformance

import (
	"bufio"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// How much more a listener may use at the end of a soak than at its beginning. What is kept for the next request (buffers, pipes) differs
// a little from one pause to the next.
const (
	spareFiles      = 12
	spareGoroutines = 8
	spareMemory     = 6 << 20
)

// quarter is how long the load goes on between two pauses.
func quarter() time.Duration {
	if lab.Long() {
		return 45 * time.Second
	}
	return 2200 * time.Millisecond
}

// Full load of all kinds while instances come, go and die all the time leaves nothing behind: whenever it pauses, descriptors, goroutines
// and heap are what they were, and memory does not grow meanwhile. No answer is wrong, and nothing is lost but what was under way to an
// instance that died, and must not be sent twice.
func TestSoak(t *testing.T) {
	// Neither beside the other tests, which are measured, nor, where there is time, beside one another.
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			if !lab.Long() {
				t.Parallel()
			}
			newSoak(t, k).run()
		})
	}
}

// soak is one listener under load.
type soak struct {
	t     testing.TB
	a     *alone
	calm  *crew // they leave in good order: nothing may be lost
	rough *crew // they die
	ids   atomic.Int64
	over  atomic.Bool // the present quarter is
	posts sync.Map    // ids of the POSTs that reached an instance

	requests, lost, aborted, tunnelled, swaps, came, died atomic.Int64
}

// crew is the instances of one service.
type crew struct {
	service string
	list    []member
}

type member struct {
	*script
	discovery.Instance
}

func newSoak(t testing.TB, k *kind) *soak {
	s := &soak{t: t, a: startTold(t, k, work{}), calm: &crew{service: "calm"}, rough: &crew{service: "rough"}}
	for range 3 {
		s.join(s.calm, "127.0.0.1:0")
		s.join(s.rough, "127.0.0.1:0")
	}
	return s
}

func (s *soak) run() {
	s.load(quarter() / 2)
	base := s.pause(nil)
	heaviest := base
	began, requests := time.Now(), s.requests.Load()
	var memory []int64
	for range 4 {
		memory = append(memory, s.load(quarter())...)
		v := s.pause(&base)
		heaviest = vitals{max(v.Goroutines, heaviest.Goroutines), max(v.Files, heaviest.Files), max(v.Heap, heaviest.Heap), 0}
	}
	took := time.Since(began)
	early, late := median(memory[len(memory)/6:len(memory)/3]), median(memory[2*len(memory)/3:])
	n := s.requests.Load() - requests
	s.t.Logf("%d requests in %v (%.0f/s), %d lost of those that may be, %d aborted, %d tunnels; %d tables, %d instances came and %d of them died; "+
		"in pauses %d descriptors, then at most %d, %d goroutines, then %d, %d KiB of heap, then %d; under load %d KiB in memory, then %d",
		n, took.Round(time.Second), float64(n)/took.Seconds(), s.lost.Load(), s.aborted.Load(), s.tunnelled.Load(), s.swaps.Load(), s.came.Load(), s.died.Load(),
		base.Files, heaviest.Files, base.Goroutines, heaviest.Goroutines, base.Heap>>10, heaviest.Heap>>10, early>>10, late>>10)
	spare := int64(spareMemory)
	if !lab.Long() { // so short a load leaves as much in memory as the machine lets come at once
		spare *= 6
	}
	if late > early+early/10+spare && !lab.Raced {
		s.t.Errorf("memory grows: %d KiB, then %d", early>>10, late>>10)
	}
	if s.died.Load() == 0 || s.aborted.Load() == 0 || s.tunnelled.Load() == 0 || n < 100 {
		s.t.Error("the test proved nothing")
	}
}

// load is everything at once for a while. It returns what the listener's process had in memory meanwhile.
func (s *soak) load(d time.Duration) (memory []int64) {
	s.over.Store(false)
	s.apply()
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() { s.keeps(s.calm) })
		all.Go(func() { s.keeps(s.rough) })
	}
	for range 2 {
		all.Go(s.comesAnew)
		all.Go(s.aborts)
		all.Go(s.tunnels)
	}
	all.Go(s.churn)
	for began := time.Now(); time.Since(began) < d && !s.t.Failed(); time.Sleep(d / 100) {
		now, _ := s.a.memory(s.t)
		memory = append(memory, now)
	}
	s.over.Store(true)
	all.Wait()
	return memory
}

// pause waits, without load and without instances, until no more is used than at the first pause, and returns what is.
func (s *soak) pause(base *vitals) (v vitals) {
	if s.t.Failed() {
		s.t.FailNow()
	}
	s.a.clear(s.t)
	for _, m := range append(slices.Clone(s.calm.list), s.rough.list...) {
		s.left(m)
	}
	within := lab.Within(2*patience, func() bool {
		v = s.a.vitals(s.t)
		if base == nil { // let what ends end
			return s.a.counter(s.t, "pointsman_requests_in_flight") == 0 && s.a.counter(s.t, "pointsman_tunnels") == 0
		}
		return v.Files <= base.Files+spareFiles && v.Goroutines <= base.Goroutines+spareGoroutines &&
			(lab.Raced || v.Heap <= base.Heap+base.Heap/10+spareMemory)
	})
	switch {
	case base == nil:
		time.Sleep(time.Second) // what lingers after an answer, see proxy.LingerTime
		v = s.a.vitals(s.t)
	case !within:
		s.t.Fatalf("a pause: %+v, at the first %+v", v, *base)
	}
	return v
}

// keeps is a client that sends one request after the other, of all kinds.
func (s *soak) keeps(to *crew) {
	for !s.done() {
		c, err := dialKind(s.t, s.a.kind, s.a.addr)
		if err != nil {
			s.t.Error(err)
			return
		}
		for range 200 {
			if s.done() || !s.some(c, to) {
				break
			}
		}
		_ = c.tcp.Close()
	}
}

func (s *soak) done() bool { return s.over.Load() || s.t.Failed() }

// some sends the next request, of any kind, and says whether the connection can go on.
func (s *soak) some(c *conn, to *crew) bool {
	id := s.ids.Add(1)
	safe := to == s.calm
	switch rand.IntN(16) {
	case 0:
		return s.ask(c, to, safe, "GET", "large", id, "", "")
	case 1, 2:
		return s.ask(c, to, safe, "POST", "small", id, "sized", body(id, 200<<10))
	case 3:
		return s.ask(c, to, safe, "POST", "small", id, chunkedField, body(id, 200<<10))
	case 4, 5:
		return s.ask(c, to, safe, "POST", "small", id, "sized", body(id, 2<<10))
	case 6:
		return s.ask(c, to, true, "PUT", "small", id, chunkedField, body(id, 20<<10))
	}
	return s.ask(c, to, true, "GET", "small", id, "", "")
}

// ask sends a request and checks its answer, which may be missing only where it is not safe.
func (s *soak) ask(c *conn, to *crew, safe bool, method, kind string, id int64, framing, body string) bool {
	path := fmt.Sprintf("/%s/%d", kind, id)
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, to.service)
	c.wait(2 * patience)
	switch framing {
	case "":
		c.send(head + "\r\n")
	case "sized":
		c.send(head+fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body)), body)
	default:
		c.send(head + framing + "\r\n")
		_ = sendChunks(c, strings.NewReader(body))
	}
	s.requests.Add(1)
	a, err := readAnswer(c.in, method)
	switch {
	case err == nil && a.status == 200 && a.body == s.wanted(method, kind, path, id, body):
		return !a.closes()
	case err == nil && a.status == 200:
		s.t.Errorf("a wrong answer to %s %s: %.100q", method, path, a.body)
	case safe:
		s.t.Errorf("lost: %s %s of %s: %.300v %v", method, path, to.service, a, err)
	default:
		s.lost.Add(1) // and the connection may end, where the rest of the body is too long to be read for nothing
	}
	return false
}

// comesAnew is a client that uses a connection once.
func (s *soak) comesAnew() {
	for !s.done() {
		c, err := dialKind(s.t, s.a.kind, s.a.addr)
		if err != nil {
			s.t.Error(err)
			return
		}
		s.ask(c, s.calm, true, "GET", "small", s.ids.Add(1), "", "")
		_ = c.tcp.Close()
	}
}

// aborts is a client that goes away in the middle of everything.
func (s *soak) aborts() {
	sends := []string{"", "GET / HTTP/1.1\r\nHo", "POST /small/0 HTTP/1.1\r\nHost: calm\r\nContent-Length: 900\r\n\r\nhalf",
		"POST /small/0 HTTP/1.1\r\nHost: calm\r\nContent-Length: 900000\r\n\r\n" + strings.Repeat("x", 90000),
		"POST /small/0 HTTP/1.1\r\nHost: calm\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nhalf",
		to("calm", "/slow/0"), to("calm", "/large/999"), to("calm", "/large/998") + to("calm", "/small/0"), strings.Replace(upgrade, "Host: t", "Host: calm", 1)}
	for i := 0; !s.done(); i++ {
		c, err := dialKind(s.t, s.a.kind, s.a.addr)
		if err != nil {
			s.t.Error(err)
			return
		}
		c.send(sends[i%len(sends)])
		time.Sleep(rand.N(4 * time.Millisecond))
		if i/len(sends)%2 == 0 {
			c.reset()
		} else {
			_ = c.tcp.Close()
		}
		s.aborted.Add(1)
	}
}

// tunnels is a client that switches to another protocol.
func (s *soak) tunnels() {
	for !s.done() {
		c, err := dialKind(s.t, s.a.kind, s.a.addr)
		if err != nil {
			s.t.Error(err)
			return
		}
		c.wait(2 * patience)
		c.send(strings.Replace(upgrade, "Host: t", "Host: calm", 1))
		if a, err := readAnswer(c.in, "GET"); err != nil || a.status != 101 {
			s.t.Errorf("a tunnel: %+v %v", a, err)
		}
		text := body(s.ids.Add(1), 30<<10)
		go c.send(text)
		got := make([]byte, len(text))
		if _, err := io.ReadFull(c.in, got); err != nil || string(got) != text {
			s.t.Errorf("a tunnel of %d bytes: %v", len(text), err)
		}
		_ = c.tcp.Close()
		s.tunnelled.Add(1)
		time.Sleep(time.Millisecond)
	}
}

// churn changes the table all the time: instances come, leave in good order, and die and are replaced.
func (s *soak) churn() {
	var leaving sync.WaitGroup
	defer leaving.Wait()
	for i := 0; !s.done(); i++ {
		switch {
		case i%8 == 0:
			s.replace(i%16 == 0)
		case len(s.calm.list) < 3 || i%2 == 0 && len(s.calm.list) < 6:
			s.join(s.calm, "127.0.0.1:0")
		default:
			gone := s.calm.remove(rand.IntN(len(s.calm.list)))
			leaving.Go(func() { s.leave(gone) })
		}
		s.apply()
		time.Sleep(20 * time.Millisecond)
	}
}

// replace lets an instance die, as the table still has it, and another take its place, at times at its very address.
func (s *soak) replace(sameAddress bool) {
	dead := s.rough.remove(rand.IntN(len(s.rough.list)))
	dead.Die()
	s.died.Add(1)
	time.Sleep(10 * time.Millisecond)
	if sameAddress {
		s.join(s.rough, dead.Addr().String())
	} else {
		s.join(s.rough, "127.0.0.1:0")
	}
}

// leave ends an instance that no table has any more, once nobody needs it: requests that were on their way to it when the table changed
// still come.
func (s *soak) leave(m member) {
	time.Sleep(time.Second)
	s.left(m)
	m.Close()
}

// left checks that nothing is connected any more to an instance that no table has.
func (s *soak) left(m member) {
	if !lab.Within(2*patience, func() bool { return m.Live() == 0 }) {
		s.t.Errorf("%d connections to an instance that has left", m.Live())
	}
}

func (s *soak) join(to *crew, address string) {
	if l, err := net.Listen("tcp", address); err != nil {
		address = "127.0.0.1:0" // somebody else's connection has it
	} else {
		_ = l.Close()
	}
	n := s.came.Add(1)
	m := member{script: fixture.PlayOn(s.t, address, s.serve)}
	m.Instance = as(to.service, at(m.Addr(), "urlprefix-"+to.service+"/"))
	m.ID = fmt.Sprintf("%s-%d", to.service, n)
	to.list = append(to.list, m)
}

func (c *crew) remove(i int) member {
	m := c.list[i]
	c.list = slices.Delete(c.list, i, i+1)
	return m
}

// apply makes all instances of both services the table.
func (s *soak) apply() {
	var list []discovery.Instance
	for _, m := range append(slices.Clone(s.calm.list), s.rough.list...) {
		list = append(list, m.Instance)
	}
	s.a.apply(s.t, list...)
	s.swaps.Add(1)
}

// serve is an instance of a soak.
func (s *soak) serve(_ int64, c *net.TCPConn, in *bufio.Reader) {
	for {
		m, err := readMessage(in)
		if err != nil {
			return
		}
		kind, n := kindAndNumber(m.path())
		switch kind {
		case "ws":
			_, _ = io.WriteString(c, switching)
			_, _ = io.Copy(c, in)
			return
		case "slow":
			time.Sleep(20 * time.Millisecond)
		}
		if m.method() == "POST" {
			if _, twice := s.posts.LoadOrStore(n, true); twice {
				s.t.Errorf("POST %d came twice", n)
			}
		}
		text := s.wanted(m.method(), kind, m.path(), int64(n), m.body)
		if n%2 == 0 {
			text = fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", ok, len(text), text)
		} else {
			text = sized(text)
		}
		if _, err := io.WriteString(c, text); err != nil {
			return
		}
	}
}

// wanted is the body of the right answer.
func (s *soak) wanted(method, kind, path string, id int64, sent string) string {
	if kind == "large" {
		return body(id, 1<<20)
	}
	return fmt.Sprintf("%s %s %d %08x", method, path, len(sent), crc32.ChecksumIEEE([]byte(sent)))
}

// noise is what bodies are cut from.
var noise = sync.OnceValue(func() string {
	all, _ := io.ReadAll(stream(1, 2<<20))
	return string(all)
})

// body is the body that belongs to an id, of at most so many bytes: another one for each.
func body(id int64, most int) string {
	at := int(id*7919) % (1 << 20)
	return noise()[at:][:1+int(id*104729)%most]
}

func median(list []int64) int64 {
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)/2]
}
