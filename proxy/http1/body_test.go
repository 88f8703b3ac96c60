package http1

import "testing"

// decode runs a body over src in pieces of the given sizes, the last for all that remains.
func decode(f Framing, src string) (content string, used int, b *Body, err error) {
	b = new(Body)
	b.Start(f)
	rest := []byte(src)
	for {
		data, n, err := b.Next(rest)
		content += string(data)
		rest = rest[n:]
		used += n
		if err != nil || n == 0 || b.Done() {
			return content, used, b, err
		}
	}
}

func TestChunkedBody(t *testing.T) {
	const whole = "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX-T: 1\r\n\r\n"
	content, used, b, err := decode(Framing{Kind: Chunked}, whole+"GET")
	if content != "hello world" || used != len(whole) || err != nil || !b.Done() || len(b.Trailers()) != 1 || b.Trailers()[0].Value != "1" {
		t.Errorf("%q %d %v %v", content, used, err, b.Trailers())
	}
}
