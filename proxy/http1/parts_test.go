package http1_test

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// Random bytes seldom become a message. These are made of parts that mean something, right and wrong ones, so that most of what
// is tried gets as far as the rules that decide about bodies.

var (
	requestStarts = []string{"GET / HTTP/1.1\r\n", "POST /p?q HTTP/1.1\r\n", "POST / HTTP/1.0\r\n", "HEAD http://h:80/x HTTP/1.1\r\n",
		"OPTIONS * HTTP/1.1\r\n", "PUT /%2e/a HTTP/1.1\r\n", "\r\nGET / HTTP/1.1\r\n", "get //x HTTP/1.0\r\n"}
	answerStarts = []string{"HTTP/1.1 200 OK\r\n", "HTTP/1.1 204 No Content\r\n", "HTTP/1.1 304 \r\n", "HTTP/1.0 200 OK\r\n", "HTTP/1.1 404\r\n",
		"HTTP/1.1 103 Early Hints\r\n", "HTTP/1.1 500 x y\r\n", "HTTP/1.1 101 Switching Protocols\r\n"}
	names = []string{"Host", "Content-Length", "content-length", "Transfer-Encoding", "TRANSFER-ENCODING", "Connection", "Trailer", "TE",
		"Upgrade", "Expect", "X-A", "x-a", "Pragma", "Cache-Control", "Keep-Alive", "X_B", "Content-Length ", "Transfer_Encoding", "Trailer"}
	values = []string{"h", "h:80", "5", "0", "05", "5, 5", "+5", "-1", "9223372036854775807", "9223372036854775808", "chunked", "Chunked", "gzip, chunked",
		"chunked, chunked", "identity", "chunked ", "close", "keep-alive", "x, close", "close;q=1", "Keep-Alive, CLOSE", "X-T", "x-t, X-U", "Content-Length",
		"trailers", "websocket", "100-continue", "", "no-cache", "a\tb", "\x80", "\"a, close\"", ",", "[::1]:8", "h/x", "\x0bchunked"}
	seams  = []string{":", ": ", ":\t", ":  ", " : ", ": \r\n "}
	ends   = []string{"\r\n", " \r\n", "\t\r\n", "\n", "\r\r\n", "\r\n\r\n"}
	bodies = []string{"", "hello", "hello, and more", "5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n", "0\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"5;e=f\r\nhello\r\n0;x\r\nX-T: 1\r\nX-U:2\r\nX-T: 3\r\n\r\nx", "5 ;e\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n", "5\nhello\r\n0\r\n\r\n", "05\r\nhello\r\n00\r\n\r\n",
		"A\r\n0123456789\r\n5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhello\r\n0\r\nX-T : 1\r\n\r\n", "5\r\nhello\r\n0\r\nX-T: 1\n\r\n", "-1\r\n"}
)

func pick(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

// mostly takes the first of a list, and now and then another.
func mostly(r *rand.Rand, list []string) string {
	if r.IntN(8) > 0 {
		return list[0]
	}
	return pick(r, list)
}

// messageOf makes a message of parts. What makes it one at all is mostly right.
func messageOf(seed uint64, starts []string) []byte {
	r := rand.New(rand.NewPCG(seed, 4))
	var b strings.Builder
	b.WriteString(pick(r, starts))
	if r.IntN(8) > 0 {
		b.WriteString("Host: h\r\n")
	}
	switch r.IntN(4) { // one message in two is framed well
	case 0:
		b.WriteString("Transfer-Encoding: chunked\r\n")
	case 1:
		b.WriteString("Content-Length: 5\r\n")
	}
	for range r.IntN(4) {
		b.WriteString(pick(r, names) + mostly(r, seams) + pick(r, values) + mostly(r, ends))
	}
	b.WriteString("\r\n" + pick(r, bodies))
	text := []byte(b.String())
	if r.IntN(4) == 0 {
		text[r.IntN(len(text))] = "\x00\t\n\r ,:;5aX\x7f\x80"[r.IntN(13)]
	}
	return text
}

// partSeeds is how many messages plain `go test` makes; fuzzing goes on from a few of them.
const (
	partSeeds = 4000
	fuzzSeeds = 64
)

func TestPartsAgree(t *testing.T) {
	for seed := range uint64(partSeeds) {
		checkRequest(t, messageOf(seed, requestStarts))
		checkAnswer(t, messageOf(seed, answerStarts), methods[seed%3])
	}
}

func FuzzRequestOfParts(f *testing.F) {
	for seed := range uint64(fuzzSeeds) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { checkRequest(t, messageOf(seed, requestStarts)) })
}

func FuzzResponseOfParts(f *testing.F) {
	for seed := range uint64(fuzzSeeds) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { checkAnswer(t, messageOf(seed, answerStarts), methods[seed%3]) })
}

// The parts are of use only while a good share of what is made of them is accepted, with bodies of every kind and fate.
func TestPartsMakeMessages(t *testing.T) {
	requests, answers := map[string]int{}, map[string]int{}
	for seed := range uint64(partSeeds) {
		if r, ok := accept(messageOf(seed, requestStarts), limits); ok {
			requests[describe(r.Framing, r.body)]++
		}
		if a, ok := acceptAnswer(messageOf(seed, answerStarts), "GET", limits); ok {
			answers[describe(a.Framing, a.body)]++
		}
	}
	for _, kind := range []string{"none whole", "sized whole", "sized cut", "chunked whole", "chunked cut", "chunked broken"} {
		if requests[kind] < 20 || answers[kind] < 20 {
			t.Errorf("%s: %d requests and %d answers", kind, requests[kind], answers[kind])
		}
	}
	if answers["until close whole"] < 20 {
		t.Errorf("%d answers until close", answers["until close whole"])
	}
}
