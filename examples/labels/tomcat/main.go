// Command tomcat stands in for the applications of this example, so that no image from a registry is needed.
//
//	tomcat                            an application: GET / answers one line, which says which container gave it
//	tomcat -front HOST[:PORT],HOST…   the front of other applications: GET / answers what they say, in turns
//	tomcat -database                  a database: it greets whoever connects, as MySQL does, and speaks no HTTP
//
// PORT says where it listens, on several ports with commas between (8080; the database 3306). With DATABASE=HOST:PORT an application connects to
// its database for each answer, and says whether that worked.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	front := flag.String("front", "", "the hosts of which it is the front, with commas between")
	database := flag.Bool("database", false, "greet as a database does")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	var err error
	switch {
	case *database:
		err = greet(ctx, ports("3306"))
	case *front != "":
		err = serve(ctx, ports("8080"), &turns{hosts: strings.Split(*front, ",")})
	default:
		err = serve(ctx, ports("8080"), newApplication(os.Getenv("DATABASE")))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tomcat:", err)
		os.Exit(1)
	}
}

// ports are those of PORT.
func ports(usual string) []string {
	if p := os.Getenv("PORT"); p != "" {
		usual = p
	}
	return strings.Split(usual, ",")
}

// lameDuck is how long it serves on after SIGTERM, so that the proxy has taken it out before it closes.
const lameDuck = time.Second

// serve answers on all ports until ctx ends.
func serve(ctx context.Context, ports []string, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, len(ports))
	for _, port := range ports {
		l, err := net.Listen("tcp", ":"+port)
		if err != nil {
			return err
		}
		go func() { failed <- server.Serve(l) }()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	time.Sleep(lameDuck)
	deadline, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return server.Shutdown(deadline)
}

// application answers which container it runs in.
type application struct {
	host, database string
	requests       atomic.Int64
}

func newApplication(database string) *application {
	host, _ := os.Hostname() // "" where there is none
	return &application{host: host, database: database}
}

func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/health" {
		fmt.Fprintln(w, "ok")
		return
	}
	port := ""
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		_, port, _ = net.SplitHostPort(local.String())
	}
	fmt.Fprintf(w, "tomcat host=%s port=%s requests=%d asked=%s%s", a.host, port, a.requests.Add(1), r.Host, r.URL.Path)
	if a.database != "" {
		fmt.Fprintf(w, " database=%s", a.connect())
	}
	fmt.Fprintln(w)
}

// connect says whether the database greets.
func (a *application) connect() string {
	c, err := net.DialTimeout("tcp", a.database, time.Second)
	if err != nil {
		return "away"
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(time.Second))
	if _, err := io.ReadFull(c, make([]byte, len(greeting))); err != nil {
		return "silent"
	}
	return "ok"
}

// turns is a front: it asks its hosts in turns.
type turns struct {
	hosts []string
	next  atomic.Int64
}

var client = &http.Client{Timeout: 10 * time.Second}

func (t *turns) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := t.hosts[(t.next.Add(1)-1)%int64(len(t.hosts))]
	ask, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://"+host+"/", nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer, err := client.Do(ask)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	w.WriteHeader(answer.StatusCode)
	fmt.Fprint(w, "front: ")
	_, _ = io.Copy(w, answer.Body) // the client may be gone
}

// greeting is what the database says first.
const greeting = "8.0.0-stand-in\n"

// greet greets whoever connects, until ctx ends.
func greet(ctx context.Context, ports []string) error {
	l, err := net.Listen("tcp", ":"+ports[0])
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { l.Close() })
	for {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		go func() {
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(10 * time.Second))
			_, _ = io.WriteString(c, greeting)
			_, _ = io.Copy(io.Discard, c) // until the client has gone
		}()
	}
}
