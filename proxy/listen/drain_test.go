package listen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// diary is what happened, and when. It is a log, too.
type diary struct {
	start time.Time
	lines []string
}

func (d *diary) add(what string) {
	d.lines = append(d.lines, fmt.Sprint(time.Since(d.start).Round(time.Millisecond), " ", what))
}

func (d *diary) Write(p []byte) (int, error) {
	d.add(string(bytes.TrimSpace(p)))
	return len(p), nil
}

// fakeSocket has connections waiting until a time, which its server accepts then.
type fakeSocket struct {
	d     *diary
	deaf  bool // can't be quiesced
	until time.Time
}

func (f *fakeSocket) Quiesce() bool { f.d.add("quiesced"); return !f.deaf }
func (f *fakeSocket) Close() error  { f.d.add("closed"); return nil }
func (f *fakeSocket) Queued() int {
	if time.Now().Before(f.until) {
		return 1
	}
	return 0
}

// TestDrain holds the order in which a process ends, and how long each step may take.
func TestDrain(t *testing.T) {
	const wait, grace = 3 * time.Second, 10 * time.Second
	for _, c := range []struct {
		name   string
		deaf   bool
		queued time.Duration // after the start something still waits to be accepted
		open   time.Duration // after the start the last connection ends
		hurry  time.Duration // after the start; 0 is never
		ends   time.Duration
		want   []string
	}{
		{"nothing open", false, 0, 0, 0, wait + QuiesceFor,
			[]string{"0s unready", "3s quiesced", "3.2s closed", "3.2s draining 0"}},
		{"a socket that can't be quiesced", true, 0, 0, 0, wait,
			[]string{"0s unready", "3s quiesced", "3s closed", "3s draining 0"}},
		{"what waits is accepted first", false, 4 * time.Second, 0, 0, 4 * time.Second,
			[]string{"0s unready", "3s quiesced", "4s closed", "4s draining 0"}},
		{"what waits and is not accepted in its time", false, time.Hour, 0, 0, wait + grace,
			[]string{"0s unready", "3s quiesced", "13s closed", "13s draining 0"}},
		{"an answer under way", false, 0, 8 * time.Second, 0, 8 * time.Second,
			[]string{"0s unready", "3s quiesced", "3.2s closed", "3.2s draining 1"}},
		{"an answer without an end", false, 0, time.Hour, 0, wait + QuiesceFor + grace,
			[]string{"0s unready", "3s quiesced", "3.2s closed", "3.2s draining 1", "13.2s the grace period is over; closing open connections 1"}},
		{"told to hurry while it waits", false, 0, time.Hour, time.Second, time.Second,
			[]string{"0s unready", "1s quiesced", "1s closed", "1s draining 1", "1s told to stop at once; closing open connections 1"}},
		{"told to hurry in its grace", false, 0, time.Hour, 5 * time.Second, 5 * time.Second,
			[]string{"0s unready", "3s quiesced", "3.2s closed", "3.2s draining 1", "5s told to stop at once; closing open connections 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &diary{start: time.Now()}
				hurry, cut := context.WithCancel(t.Context())
				defer cut()
				s := NewShared(Options{DrainWait: wait, Grace: grace, OnDrain: func() { d.add("unready") }, Hurry: hurry, Log: zerolog.New(d)})
				if c.hurry > 0 {
					time.AfterFunc(c.hurry, cut)
				}
				if c.open > 0 {
					crowd := s.NewCrowd(0)
					a := crowd.Enter()
					time.AfterFunc(c.open, func() { crowd.Leave(a) })
				}
				ctx, stop := context.WithCancel(t.Context())
				stop()
				if err := s.Run(ctx, &fakeSocket{d, c.deaf, d.start.Add(c.queued)}); err != nil {
					t.Error(err)
				}
				if took := time.Since(d.start); took < c.ends || took > c.ends+2*drainPoll {
					t.Errorf("took %v, want %v", took, c.ends)
				}
				for i, line := range d.lines {
					d.lines[i] = short(line)
				}
				if !slices.Equal(d.lines, c.want) {
					t.Errorf("\n%s\nwant\n%s", strings.Join(d.lines, "\n"), strings.Join(c.want, "\n"))
				}
			})
		})
	}
}

// short is a line without JSON: what it says, and of how many connections.
func short(line string) string {
	at, text, logged := strings.Cut(line, " {")
	if !logged {
		return line
	}
	_, number, _ := strings.Cut(text, `"connections":`)
	number, _, _ = strings.Cut(number, ",")
	_, message, _ := strings.Cut(text, `"message":"`)
	return at + " " + strings.TrimSuffix(message, `"}`) + " " + number
}

// The servers of a process drain together, whichever of them is the first to hear of it, and all return when it is over.
func TestDrainIsCommon(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name  string
		begin func(s *Shared, stop func())
		want  error
	}{
		{"the first is told to end", func(_ *Shared, stop func()) { stop() }, nil},
		{"a listener is broken", func(s *Shared, _ func()) { s.Break(broken); s.Break(errors.New("another")) }, broken},
		{"a listener breaks after the end has begun", func(s *Shared, stop func()) { stop(); synctest.Wait(); s.Break(broken) }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &diary{start: time.Now()}
				s := NewShared(Options{DrainWait: time.Second, Grace: 5 * time.Second, OnDrain: func() { d.add("unready") }, Log: zerolog.New(d)})
				a := s.NewCrowd(0)
				admission := a.Enter()
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				errs := make(chan error, 2)
				go func() { errs <- s.Run(ctx, &fakeSocket{d: d, deaf: true}) }()
				go func() { errs <- s.Run(t.Context(), &fakeSocket{d: d, deaf: true}) }()
				time.Sleep(time.Minute)
				c.begin(s, stop)
				time.AfterFunc(3*time.Second, func() { a.Leave(admission) })
				for range 2 {
					if err := <-errs; err != c.want {
						t.Errorf("%v, want %v", err, c.want)
					}
				}
				if took := time.Since(d.start) - time.Minute; took < 3*time.Second || took > 3*time.Second+2*drainPoll {
					t.Errorf("over after %v", took)
				}
				for what, times := range map[string]int{"unready": 1, " closed\n": 2, `"draining"`: 1} {
					if got := strings.Count(strings.Join(d.lines, "\n"), what); got != times {
						t.Errorf("%s %d times, want %d:\n%s", what, got, times, strings.Join(d.lines, "\n"))
					}
				}
			})
		})
	}
}
