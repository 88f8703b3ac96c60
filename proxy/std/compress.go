package std

import (
	"github.com/pointsman/pointsman/proxy/filter"
	"github.com/pointsman/pointsman/proxy/http1"
)

// compressing is a responseWriter in front of another one: it compresses the body. It flushes when it is told to, so that what the
// instance has sent is not held back, and ends the body in finish alone: a body that was cut is seen to be.
type compressing struct {
	responseWriter
	exchange *exchange
	encoder  *filter.Encoder
	pending  bool // something was written since the last flush
}

// compress puts the encoder in front of the client where the route and the answer are such.
func (e *exchange) compress() {
	if e.x.Route.Policy.Compress == nil {
		return
	}
	c := &compressing{responseWriter: e.response, exchange: e}
	if c.encoder = e.x.Compress(&e.answer, &e.server.encoders, c); c.encoder != nil {
		e.response, e.compressed = c, c
	}
}

// endCompression gives the encoder back. After a panic its state is nobody's guess, and it is lost.
func (e *exchange) endCompression(panicked bool) {
	if c := e.compressed; c != nil {
		e.response, e.compressed = c.responseWriter, nil
		if panicked {
			e.server.encoders.Drop(c.encoder)
		} else {
			e.server.encoders.Give(c.encoder)
		}
	}
}

// Write takes what the encoder makes.
func (c *compressing) Write(p []byte) (int, error) {
	if err := c.responseWriter.write(p); err != nil {
		return 0, err
	}
	c.exchange.x.Bytes += int64(len(p))
	return len(p), nil
}

// write is responseWriter's.
func (c *compressing) write(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	c.pending = true
	_, err := c.encoder.Write(data)
	return err
}

// flush is responseWriter's.
func (c *compressing) flush() error {
	if c.pending {
		c.pending = false
		if err := c.encoder.Flush(); err != nil {
			return err
		}
	}
	return c.responseWriter.flush()
}

// finish is responseWriter's.
func (c *compressing) finish(trailers []http1.Field) error {
	if err := c.encoder.Close(); err != nil {
		return err
	}
	return c.responseWriter.finish(trailers)
}
