// Command served is Pointsman as the benchmark runs it: the production listeners over tables from snapshots that are made up
// here, fed in where the watcher's would come.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/bench/layout"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/admin"
	"github.com/pointsman/pointsman/proxy/admin/crowd"
	"github.com/pointsman/pointsman/proxy/admin/live"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/fabio"
	"github.com/pointsman/pointsman/proxy/dialect/native"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
	"github.com/pointsman/pointsman/proxy/trace"
	"github.com/pointsman/pointsman/proxy/trace/otlp"
)

// settings is the command line.
type settings struct {
	listen, engine, access string
	admin, pem, collector  string
	sample                 float64
	loops, port            int
	churn                  time.Duration
	layout                 layout.Layout
}

func main() {
	var s settings
	flag.StringVar(&s.listen, "listen", "127.0.0.1:8080", "`ADDRESS` for plain HTTP")
	flag.StringVar(&s.admin, "admin", "", "`ADDRESS` of the admin API; none when empty")
	flag.StringVar(&s.pem, "tls-pem", "", "`FILE` with a certificate and its key, to serve TLS; plain HTTP when empty")
	flag.StringVar(&s.engine, "engine", "event", "event or std")
	flag.IntVar(&s.loops, "loops", 1, "event loops")
	flag.StringVar(&s.access, "access-log", "", "`FILE` for an access log in the combined format; none when empty")
	flag.StringVar(&s.collector, "otlp", "", "`URL` of a collector for traces; none when empty")
	flag.Float64Var(&s.sample, "trace-sample", 0.01, "`SHARE` of the requests that are traced")
	flag.IntVar(&s.port, "port", 0, "`PORT` of the upstream, on every address of the layout")
	flag.DurationVar(&s.churn, "churn", 0, "`INTERVAL` at which one service's instance is replaced; 0 for never")
	s.layout.Flags(flag.CommandLine)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "served:", err)
		os.Exit(1)
	}
}

// run is `pointsman proxy` without a catalogue.
func run(ctx context.Context, s settings) error {
	l, err := bind(ctx, s.listen)
	if err != nil {
		return err
	}
	var adminAt net.Listener
	if s.admin != "" {
		if adminAt, err = bind(ctx, s.admin); err != nil {
			return err
		}
	}
	access, err := accessLog(s.access)
	if err != nil {
		return err
	}
	reviver := balancer.NewReviver(nil)
	log := zerolog.New(os.Stderr).Level(zerolog.WarnLevel)
	table := routing.NewSwitch(routing.Options{Languages: dialect.Languages{native.Language(), fabio.Options{}.Language()}, Reviver: reviver, Log: log})
	source := newSource(s.layout, s.port)
	table.Apply(source.snapshot())
	tracer, export, err := tracing(s)
	if err != nil {
		return err
	}
	metrics := proxy.NewMetrics(prometheus.NewRegistry())
	serve, err := engine(s, &proxy.Shared{Switch: table, Limits: proxy.DefaultLimits(), Metrics: metrics, Access: access, Log: log, Tracer: tracer})
	if err != nil {
		return err
	}
	snapshots := make(chan *discovery.Snapshot)
	back, stopBack := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBack()
	var g errgroup.Group
	g.Go(func() error { return table.Run(back, snapshots) })
	g.Go(func() error { return reviver.Run(back) })
	if adminAt != nil {
		startAdmin(back, &g, adminAt, table, metrics)
	}
	g.Go(func() error { source.churn(back, s.churn, snapshots); return nil })
	if access != nil {
		g.Go(func() error { return access.Run(back) })
	}
	g.Go(func() error { return export(back) })
	err = serve(ctx, l)
	stopBack()
	_ = g.Wait()
	return err
}

func bind(ctx context.Context, address string) (net.Listener, error) {
	var plain net.ListenConfig
	plain.SetMultipathTCP(false) // as the proxy's own listeners
	return plain.Listen(ctx, "tcp", address)
}

// tracing is nil where no collector is given, and export then does nothing.
func tracing(s settings) (t *trace.Tracer, export func(context.Context) error, err error) {
	if s.collector == "" {
		return nil, func(context.Context) error { return nil }, nil
	}
	at, err := otlp.ParseURL(s.collector)
	if err != nil {
		return nil, nil, err
	}
	t = trace.New(trace.Options{Spans: true, Sample: s.sample})
	return t, otlp.New(otlp.Options{URL: at, Service: "served"}, t).Run, nil
}

func accessLog(path string) (*record.AccessLog, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return record.NewAccessLog(record.AccessCombined, f), nil
}

// startAdmin serves the admin API, with all that can be followed.
func startAdmin(ctx context.Context, g *errgroup.Group, l net.Listener, table *routing.Switch, metrics *record.Metrics) {
	feed, notices := admin.NewFeed(table), admin.NewNotices()
	now := live.NewSampler(live.Sources{Table: table.Load, Metrics: metrics, Age: func(string) (time.Duration, bool) { return 0, false }})
	g.Go(func() error { return feed.Run(ctx) })
	g.Go(func() error { return now.Run(ctx) })
	g.Go(func() error { return notices.Follow(ctx, table) })
	g.Go(func() error {
		return crowd.Serve(ctx, l, admin.Admin(admin.Options{Table: table.Load, Feed: feed, Live: now, Notices: notices}))
	})
}
