//go:build linux

package event

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/reactor"
)

// noise is n random bytes, the same for the same seed.
func noise(seed, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(b)
	return b
}

// trickle gives and takes in odd pieces, with pauses.
type trickle struct {
	io.Reader
	random *rand.Rand
}

func (r trickle) Read(p []byte) (int, error) {
	if r.random.IntN(8) == 0 {
		time.Sleep(time.Millisecond)
	}
	return r.Reader.Read(p[:min(len(p), 1+r.random.IntN(70000))])
}

// Bodies of every size around the buffers' and the pipe's come through whole, both ways at once, chunked or not, to clients that read
// and write in odd pieces; and the connections are kept.
func TestBodiesOfAllSizes(t *testing.T) {
	a := fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		seed, _ := strconv.Atoi(r.Header.Get("Seed"))
		size, _ := strconv.Atoi(r.Header.Get("Size"))
		if err != nil || !bytes.Equal(got, noise(seed, size)) {
			t.Errorf("the instance got %d bytes of %d, %v", len(got), size, err)
		}
		answer := noise(seed+1, size)
		if seed%2 == 0 {
			w.Header().Set("Content-Length", strconv.Itoa(size))
		} else if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		io.Copy(w, trickle{bytes.NewReader(answer), rand.New(rand.NewPCG(uint64(seed), 1))})
	})
	r := newRig(t, Options{}, proxy.Limits{}, fixture.At(a))
	cl := fixture.Client(t)
	sizes := []int{0, 1, proxy.AheadBytes, proxy.AheadBytes + 1, reactor.SharedBytes - 1, reactor.SharedBytes, reactor.SharedBytes + 1, spliceFrom + reactor.SharedBytes, reactor.PipeBytes, reactor.PipeBytes + 1, 3 << 20}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i, size := range sizes {
				seed := worker*100 + i
				// Each side has its own: the transport may still be reading the body when the answer comes.
				body := io.Reader(trickle{bytes.NewReader(noise(seed, size)), rand.New(rand.NewPCG(uint64(seed), 7))})
				req, _ := http.NewRequest("PUT", r.url("/"), body)
				if worker%2 == 0 {
					req.ContentLength = int64(size)
				}
				req.Header.Set("Seed", strconv.Itoa(seed))
				req.Header.Set("Size", strconv.Itoa(size))
				resp, err := cl.Do(req)
				if err != nil {
					t.Errorf("%d bytes: %v", size, err)
					continue
				}
				got, err := io.ReadAll(trickle{resp.Body, rand.New(rand.NewPCG(uint64(seed), 8))})
				resp.Body.Close()
				if err != nil || !bytes.Equal(got, noise(seed+1, size)) {
					t.Errorf("worker %d: %d bytes of %d came back, %v", worker, len(got), size, err)
				}
			}
		})
	}
	wg.Wait()
	if n := r.counter("pointsman_upstream_connects_total"); n > 8 {
		t.Errorf("%v connects for 4 clients one after another", n)
	}
}

// A side that does not read holds the other up, and costs no memory.
func TestBackPressure(t *testing.T) {
	const size = 200 << 20
	var sent, taken atomic.Int64
	hold := make(chan struct{})
	a := fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "PUT" {
			<-hold
			n, _ := io.Copy(io.Discard, r.Body)
			taken.Store(n)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(size))
		piece := make([]byte, 1<<16)
		for range size >> 16 {
			n, err := w.Write(piece)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	r := newRig(t, Options{Loops: 1}, proxy.Limits{}, fixture.At(a))
	still := func(n *atomic.Int64) int64 {
		for last := int64(-1); ; time.Sleep(150 * time.Millisecond) {
			if now := n.Load(); now == last && now > 0 {
				return now
			} else {
				last = now
			}
		}
	}
	c, br := r.dial()
	c.SetDeadline(time.Now().Add(time.Minute))
	io.WriteString(c, fixture.Get("/", ""))
	if n := still(&sent); n > 64<<20 {
		t.Errorf("the instance could send %d bytes to a client that does not read", n)
	}
	var head bytes.Buffer
	for !bytes.HasSuffix(head.Bytes(), []byte("\r\n\r\n")) {
		b, err := br.ReadByte()
		if err != nil {
			t.Fatal(err)
		}
		head.WriteByte(b)
	}
	if n, err := io.Copy(io.Discard, io.LimitReader(br, size)); n != size || err != nil {
		t.Errorf("%d bytes came, %v", n, err)
	}
	var written atomic.Int64
	up, upReader := r.dial()
	up.SetDeadline(time.Now().Add(time.Minute))
	done := make(chan struct{})
	go func() {
		defer close(done)
		fmt.Fprintf(up, "PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n", size)
		piece := make([]byte, 1<<16)
		for range size >> 16 {
			n, err := up.Write(piece)
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	}()
	if n := still(&written); n > 64<<20 {
		t.Errorf("a client could send %d bytes to an instance that does not read", n)
	}
	close(hold)
	if got, err := fixture.ReadMessage(upReader); err != nil || taken.Load() != size {
		t.Errorf("%q %v, the instance took %d", got, err, taken.Load())
	}
	<-done
}
