package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// service is the state behind the answers.
type service struct {
	host   string
	config config
	log    *log.Logger
	faults faults
}

func newService(c config) (*service, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("read the host name: %w", err)
	}
	s := &service{host: host, config: c, log: log.New(io.Discard, "", log.LstdFlags)}
	if c.log != "" { // shared by all containers: each line is one write to its end
		f, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return nil, fmt.Errorf("open the log: %w", err)
		}
		s.log.SetOutput(f)
	}
	return s, nil
}

// handler serves the API. While a fault lasts, all but the way to end it fails.
func (s *service) handler(g *gate) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/ping", s.ping)
	mux.HandleFunc("/api/v1/status", s.status)
	failing := s.faults.around(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.log.Print(s.host, " ", r.Method, " ", r.RequestURI)
		if r.URL.Path == "/api/v1/fault" {
			s.faults.begin(w, r, g)
			return
		}
		failing.ServeHTTP(w, r)
	})
}

func (s *service) ping(w http.ResponseWriter, _ *http.Request) {
	s.send(w, `{"message": "pong", "host": %q}`, s.host)
}

// status asks both others. MySQL speaks first; Redis waits to be asked.
func (s *service) status(w http.ResponseWriter, _ *http.Request) {
	s.send(w, `{"mysql": %q, "redis": %q, "host": %q}`, say(s.config.mysql, "", greeting), say(s.config.redis, "PING\r\n", firstLine), s.host)
}

func (s *service) send(w http.ResponseWriter, format string, args ...any) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, format+"\n", args...)
}

// say connects, says something, and returns what read makes of the answer, or the error's text.
func say(address, text string, read func(*bufio.Reader) (string, error)) string {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(c, text); err != nil {
		return err.Error()
	}
	answer, err := read(bufio.NewReader(io.LimitReader(c, 1<<10)))
	if err != nil {
		return err.Error()
	}
	return answer
}

func firstLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadString('\n')
	return strings.TrimSpace(line), err
}

// greeting reads the version in MySQL's first packet: four bytes of header, the protocol's number, and a text that ends with 0.
func greeting(in *bufio.Reader) (string, error) {
	if _, err := in.Discard(5); err != nil {
		return "", err
	}
	version, err := in.ReadString(0)
	return strings.TrimSuffix(version, "\x00"), err
}
