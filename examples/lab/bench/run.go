//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// bench is one run of everything.
type bench struct {
	rounds int
	span   time.Duration // of one measurement
	bins   string        // directory of the programs
	before string        // an old binary of served to compare with; "" for none
	dir    string        // for configurations, logs and answers
	out    io.Writer     // for people who wait
}

func (b *bench) bin(name string) string  { return filepath.Join(b.bins, name) }
func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.out, format+"\n", args...)
}

// unpack writes what wrk and TLS need.
func (b *bench) unpack() error {
	text, err := configs.ReadFile("configs/wrk.lua")
	if err != nil {
		return err
	}
	if err := os.WriteFile(b.path("wrk.lua"), text, 0o644); err != nil {
		return err
	}
	return writePEM(b.path(pemFile))
}

// run measures one case. A contender that can't be measured stays in the result with the reason; only what stands in everybody's
// way is an error.
func (b *bench) run(ctx context.Context, j *job) (*result, error) {
	b.say("%s: %s", j.Name, j.Title)
	if err := j.prepare(ctx, b); err != nil {
		return nil, fmt.Errorf("%s: %w", j.Name, err)
	}
	defer func() {
		j.upstream.stop()
		_ = os.RemoveAll(j.dir)
	}()
	if j.measure == nil {
		j.measure = byWrk
	}
	res := newResult(j)
	if j.fresh {
		b.renewed(ctx, j, res)
		return res, ctx.Err()
	}
	set := b.launchAll(ctx, j, res)
	defer func() {
		for row, r := range set {
			row.add(r.unlogged())
			r.end()
		}
	}()
	b.warm(ctx, j, set, res)
	b.interleave(ctx, j, set, res, j.measure)
	b.profileOurs(ctx, j, set, res)
	if base := res.find(res.base()); j.latency && base != nil && base.has(rps) {
		j.rate = base.median(rps) / 2
		for row := range set {
			if row.median(rps) < j.rate { // it could only fall behind
				row.add(set[row].unlogged())
				set[row].end()
				delete(set, row)
			}
		}
		b.interleave(ctx, j, set, res, latencyOnly)
	}
	return res, ctx.Err()
}

// limit is how many rounds a case gets.
func (b *bench) limit(j *job) int {
	if j.rounds > 0 {
		return min(j.rounds, b.rounds)
	}
	return b.rounds
}

// renewed measures contenders that must be new each time.
func (b *bench) renewed(ctx context.Context, j *job, res *result) {
	for round := range b.limit(j) {
		for i := range j.contenders {
			row := res.rows[(i+round)%len(res.rows)]
			if row.Problem != "" || ctx.Err() != nil {
				continue
			}
			r, err := j.launch(ctx, b, row.contender)
			if err != nil {
				b.problem(row, err)
				continue
			}
			b.take(ctx, r, row, j.measure)
			r.end()
		}
	}
}

// launchAll starts every contender; they run side by side, all but one of them idle.
func (b *bench) launchAll(ctx context.Context, j *job, res *result) map[*row]*running {
	set := map[*row]*running{}
	for _, row := range res.rows {
		r, err := j.launch(ctx, b, row.contender)
		if err != nil {
			b.problem(row, err)
			continue
		}
		set[row] = r
	}
	return set
}

// warm lets every contender open its connections and finds the rate of the open loop.
func (b *bench) warm(ctx context.Context, j *job, set map[*row]*running, res *result) {
	j.rate = float64(j.traffic.Rate)
	for _, row := range res.rows {
		r := set[row]
		if r == nil || ctx.Err() != nil {
			continue
		}
		seen, err := b.wrk(ctx, r, warmUp)
		if err != nil {
			b.problem(row, err)
			r.end()
			delete(set, row)
			continue
		}
		if j.traffic.HalfOfNginx && row.Kind == nginx {
			j.rate = float64(seen.Requests) * 1e6 / float64(seen.Micros) / 2
		}
	}
}

// interleave takes one measurement of each contender in turn; each round begins with another one.
func (b *bench) interleave(ctx context.Context, j *job, set map[*row]*running, res *result, m measure) {
	for round := range b.limit(j) {
		for i := range res.rows {
			row := res.rows[(i+round)%len(res.rows)]
			if r := set[row]; r != nil && row.Problem == "" && ctx.Err() == nil {
				b.take(ctx, r, row, m)
			}
		}
	}
}

// profileOurs looks where Pointsman's time goes, when the case is for that.
func (b *bench) profileOurs(ctx context.Context, j *job, set map[*row]*running, res *result) {
	r := set[res.find(the(event).Name)]
	if !j.profiled || r == nil || ctx.Err() != nil {
		return
	}
	var err error
	if res.profile, err = b.profile(ctx, r); err != nil {
		b.say("  no profile: %v", err)
	}
}

// latencyOnly is the open loop without its CPU time, which belongs to another load than the case's.
func latencyOnly(ctx context.Context, b *bench, r *running) (sample, error) {
	s, err := byMeter(ctx, b, r)
	delete(s, cpu)
	return s, err
}

func (b *bench) take(ctx context.Context, r *running, row *row, m measure) {
	s, err := m(ctx, b, r)
	if err != nil {
		b.problem(row, err)
		return
	}
	row.add(s)
	b.say("  %-46s %s", row.Name, s)
}

func (b *bench) problem(row *row, err error) {
	row.Problem = err.Error()
	b.say("  %-46s %v", row.Name, err)
}
