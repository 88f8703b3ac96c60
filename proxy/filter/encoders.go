package filter

import (
	"bufio"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// window is how far back encoders look, in bytes: gzip's is 32 KiB and can't be changed, the others' decides how much memory they hold.
const window, windowBits = 256 << 10, 18

// The levels: what a proxy can afford for every response anew.
const (
	gzipLevel   = 5
	brotliLevel = 4
)

// EncoderBytes is about what all encoders of a process may hold together.
const EncoderBytes = 64 << 20

// costs are what an encoder holds, in bytes, measured with the levels and the window above.
var costs = [codings]int64{Gzip: 1100 << 10, Zstd: 1200 << 10, Brotli: 3700 << 10}

// keepIdle is how many encoders of each coding are kept that nobody uses: a burst's are given back to the collector.
const keepIdle = 4

// Encoders hands encoders out, and no more than EncoderBytes have room for. Safe for concurrent use; the zero value is ready.
type Encoders struct {
	mu   sync.Mutex
	idle [codings][]*Encoder
	held int64 // bytes, of those in use and idle ones
}

// Encoder compresses one body at a time. It is an io.Writer; what it writes is gathered until Flush or Close.
type Encoder struct {
	Coding Coding
	format format
	out    *bufio.Writer
}

// format is what the libraries have in common.
type format interface {
	io.WriteCloser
	Flush() error
	Reset(w io.Writer)
}

// Take hands out an encoder of the first of these codings for which there is room, which writes to out; nil where there is none.
func (p *Encoders) Take(out io.Writer, list ...Coding) *Encoder {
	for _, k := range list {
		if e := p.take(k); e != nil {
			e.out.Reset(out)
			e.format.Reset(e.out)
			return e
		}
	}
	return nil
}

func (p *Encoders) take(k Coding) *Encoder {
	p.mu.Lock()
	if n := len(p.idle[k]); n > 0 {
		e := p.idle[k][n-1]
		p.idle[k] = p.idle[k][:n-1]
		p.mu.Unlock()
		return e
	}
	p.makeRoom(costs[k])
	room := p.held+costs[k] <= EncoderBytes
	if room {
		p.held += costs[k]
	}
	p.mu.Unlock()
	if !room {
		return nil
	}
	return newEncoder(k)
}

// makeRoom drops idle encoders where more bytes are needed. It needs p.mu.
func (p *Encoders) makeRoom(need int64) {
	for k := range p.idle {
		for n := len(p.idle[k]); n > 0 && p.held+need > EncoderBytes; n-- {
			p.idle[k] = p.idle[k][:n-1]
			p.held -= costs[k]
		}
	}
}

// Give takes an encoder back, whatever state it is in.
func (p *Encoders) Give(e *Encoder) {
	e.out.Reset(io.Discard) // nothing of the request is held
	e.format.Reset(io.Discard)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle[e.Coding]) < keepIdle {
		p.idle[e.Coding] = append(p.idle[e.Coding], e)
	} else {
		p.held -= costs[e.Coding]
	}
}

// Drop gives up an encoder whose state is not known.
func (p *Encoders) Drop(e *Encoder) {
	p.mu.Lock()
	p.held -= costs[e.Coding]
	p.mu.Unlock()
}

func newEncoder(k Coding) *Encoder {
	const gather = 4 << 10 // the libraries write a few bytes at a time, too
	return &Encoder{Coding: k, format: newFormat(k), out: bufio.NewWriterSize(io.Discard, gather)}
}

func newFormat(k Coding) format {
	switch k {
	case Zstd:
		w, err := zstd.NewWriter(io.Discard, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true),
			zstd.WithEncoderLevel(zstd.SpeedFastest))
		if err != nil {
			panic(err) // an option of ours is wrong
		}
		return w
	case Brotli:
		return brotli.NewWriterOptions(io.Discard, brotli.WriterOptions{Quality: brotliLevel, LGWin: windowBits})
	}
	w, err := gzip.NewWriterLevel(io.Discard, gzipLevel)
	if err != nil {
		panic(err) // the level is wrong
	}
	return w
}

// Write compresses a part of the body.
func (e *Encoder) Write(p []byte) (int, error) { return e.format.Write(p) }

// Flush sends on what was written so far, so that the client can read all of it.
func (e *Encoder) Flush() error {
	if err := e.format.Flush(); err != nil {
		return err
	}
	return e.out.Flush()
}

// Close ends the body.
func (e *Encoder) Close() error {
	if err := e.format.Close(); err != nil {
		return err
	}
	return e.out.Flush()
}
