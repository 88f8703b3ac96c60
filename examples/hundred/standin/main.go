// Command standin takes the place of what examples/hundred needs beside its own service, as far as it is asked there.
//
//	standin mysql    on port 3306: the greeting with which MySQL begins, before it is asked
//	standin redis    on port 6379: +PONG to PING, and an error to all else
//	standin sorry    on port 8080: HTTP, the same page to everybody
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const timeout = 10 * time.Second // for all that a connection does

func main() {
	what := ""
	if len(os.Args) == 2 {
		what = os.Args[1]
	}
	var err error
	switch what {
	case "mysql":
		err = serve(":3306", greet)
	case "redis":
		err = serve(":6379", pong)
	case "sorry":
		server := &http.Server{Addr: ":8080", Handler: http.HandlerFunc(sorry), ReadHeaderTimeout: timeout}
		err = server.ListenAndServe()
	default:
		err = fmt.Errorf("usage: standin mysql|redis|sorry")
	}
	fmt.Fprintln(os.Stderr, "standin:", err)
	os.Exit(1)
}

// serve handles each connection on its own, for as long as the process lives.
func serve(address string, handle func(net.Conn)) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		go func() {
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(timeout))
			handle(c)
		}()
	}
}

// greet sends the beginning of a packet of MySQL's protocol 10, and logs what the client says to it.
func greet(c net.Conn) {
	body := append([]byte{10}, "5.7.44-standin\x00"...)
	_, _ = c.Write(append([]byte{byte(len(body)), 0, 0, 0}, body...))
	note(c)
}

// note logs the first line that a client sends: nobody speaks HTTP to a database, unless something has led it there.
func note(c net.Conn) {
	line, err := bufio.NewReader(io.LimitReader(c, 1<<10)).ReadString('\n')
	if line != "" || err == nil {
		fmt.Printf("received %q\n", line)
	}
}

func pong(c net.Conn) {
	in := bufio.NewReader(io.LimitReader(c, 1<<20))
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		fmt.Printf("received %q\n", line)
		answer := "-ERR unknown command\r\n"
		if strings.EqualFold(strings.TrimSpace(line), "PING") {
			answer = "+PONG\r\n"
		}
		if _, err := io.WriteString(c, answer); err != nil {
			return
		}
	}
}

func sorry(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintln(w, `{"message": "todo is being repaired", "host": "sorry"}`)
}
