package http1_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pointsman/pointsman/proxy/http1"
)

// A head is found in what has arrived, parsed where it lies, and says how the end of its body is told. The strings of a Request are views
// into the bytes: they are good for as long as the bytes stay.
func ExampleRequest_Parse() {
	arrived := []byte("POST /orders?id=7 HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 5\r\n\r\nhello")

	var head http1.Head
	n, err := head.Find(arrived, 32<<10)
	if err != nil || n == 0 {
		return // refused, or more bytes are needed
	}
	var r http1.Request
	if err := r.Parse(arrived[:n], http1.Limits{HeadBytes: 32 << 10, Fields: 128}); err != nil {
		return
	}
	fmt.Println(r.Method, r.Target, "for", r.Host)
	fmt.Println("body of", r.Framing.Length, "bytes:", string(arrived[n:]))
	// Output:
	// POST /orders?id=7 for shop.example
	// body of 5 bytes: hello
}

// What is refused says which status the client gets. Two lengths have two meanings, one for us and one for who reads behind us.
func ExampleError() {
	var r http1.Request
	err := r.Parse([]byte("GET / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"), http1.Limits{})

	var refused *http1.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Status, refused.Text)
	}
	// Output:
	// 400 more than one Content-Length field
}

// A body is decoded as it arrives, in pieces of any size. Next keeps nothing: what it did not use must be there again at the next call,
// with more behind it.
func ExampleBody() {
	var body http1.Body
	body.Start(http1.Framing{Kind: http1.Chunked})

	pieces := []string{"5\r\nhel", "lo\r\n6\r\n wo", "rld\r\n0\r\nDigest: x\r\n", "\r\n"}
	var waiting []byte
	for _, piece := range pieces {
		waiting = append(waiting, piece...)
		for !body.Done() {
			data, n, err := body.Next(waiting)
			if err != nil {
				fmt.Println(err)
				return
			}
			fmt.Print(string(data))
			waiting = waiting[n:]
			if n == 0 {
				break // more bytes are needed
			}
		}
	}
	for _, f := range body.Trailers() {
		fmt.Printf("\n%s: %s\n", f.Name, f.Value)
	}
	// Output:
	// hello world
	// Digest: x
}

// A head is written by appending its parts; the framing is one of them, and stands there once.
func ExampleAppendFraming() {
	dst := http1.AppendStatusLine(nil, 200, "OK")
	dst = http1.AppendField(dst, http1.NewField("Content-Type", "text/plain"))
	dst = http1.AppendFraming(dst, http1.Framing{Kind: http1.Sized, Length: 6})
	dst = append(dst, "\r\nhello\n"...)
	fmt.Print(strings.ReplaceAll(string(dst), "\r\n", "\n"))
	// Output:
	// HTTP/1.1 200 OK
	// Content-Type: text/plain
	// Content-Length: 6
	//
	// hello
}
