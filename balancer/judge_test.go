package balancer

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// crew are the instances of one route.
type crew struct {
	ways []*Way
	t    *testing.T
}

func newCrew(t *testing.T, n int) *crew {
	c := &crew{t: t}
	for range n {
		w := NewUpstream("s", "a:80").Way(WayKey{})
		w.ObserveAnswer(0, time.Millisecond)
		c.ways = append(c.ways, w)
	}
	return c
}

func (c *crew) others(of *Way) Others {
	return func(now time.Time, alone bool) (n int, share float64) {
		for _, w := range c.ways {
			if w != of && w.Usable() {
				n++
				share += w.Share(now, alone)
			}
		}
		return n, share / float64(max(1, n))
	}
}

// fails is a request that failed at instance i and was answered well by another one.
func (c *crew) fails(i int, r Reason) (Ejection, bool) {
	w := c.ways[i]
	return w.Judge(Failing{Reason: r, Trial: w.Out()}, time.Now(), c.others(w), false)
}

// failsAlone is one that could not be tried elsewhere.
func (c *crew) failsAlone(i int, client string) bool {
	_, ok := c.ways[i].Judge(Failing{Reason: ReasonStatus, Client: netip.MustParseAddr(client)}, time.Now(), c.others(c.ways[i]), false)
	return ok
}

func (c *crew) answers(i, n int) {
	for range n {
		c.ways[i].upstream.ObserveHead(0, time.Now(), true)
	}
}

func TestThreeRequestsThatSucceedElsewhereEject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, 3)
		c.answers(0, 1000) // before the first failure: they say nothing of now
		for n := range 2 {
			if _, ok := c.fails(0, ReasonReset); ok {
				t.Fatalf("ejected after %d", n+1)
			}
		}
		e, ok := c.fails(0, ReasonReset)
		if !ok || c.ways[0].Usable() || e.Failed != 3 || e.Others != 2 || e.For != firstEjection || e.Times != 1 {
			t.Fatalf("%+v %v", e, ok)
		}
		if _, ok := c.ways[0].Judge(Failing{Reason: ReasonReset}, time.Now(), c.others(c.ways[0]), false); ok {
			t.Error("what was on its way ejects it twice")
		}
	})
}

func TestAFewFailuresAmongManyAnswersEjectNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, 2)
		for range 500 {
			c.answers(0, 19)
			if _, ok := c.fails(0, ReasonStatus); ok {
				t.Fatal("ejected with a twentieth")
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

func TestFailuresOfHalfAMinuteAgoAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, 2)
		for range 50 {
			if _, ok := c.fails(0, ReasonStatus); ok {
				t.Fatal("ejected")
			}
			time.Sleep(lately/2 + time.Second)
		}
	})
}

func TestAnEjectionGrowsAndEndsByATrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, 2)
		w := c.ways[0]
		for range 3 {
			c.fails(0, ReasonCut)
		}
		want := firstEjection
		for range 8 {
			if w.TakeTrial(time.Now()) {
				t.Fatal("a trial before its time")
			}
			time.Sleep(want)
			if w.Usable() {
				t.Error("in use before a safe request has tried it")
			}
			if !w.TakeTrial(time.Now()) || w.TakeTrial(time.Now()) {
				t.Fatal("not exactly one trial")
			}
			e, ok := c.fails(0, ReasonCut)
			if want = min(2*want, lastEjection); !ok || !e.Trial || e.For != want {
				t.Fatalf("after a trial that failed: %+v %v, want %v", e, ok, want)
			}
		}
		time.Sleep(want)
		if !w.TakeTrial(time.Now()) || !w.Readmit(true, time.Now()) || w.Readmit(true, time.Now()) || !w.Usable() {
			t.Fatal("not back after a trial that succeeded")
		}
		m := Member{Way: w, Weight: 1}
		took := func(n int) (taken int) {
			for range n {
				if m.may(0, &Want{}) == chanceNow {
					taken++
				}
			}
			return taken
		}
		if n := took(100); n < 9 || n > 12 {
			t.Errorf("%d of its first 100 turns taken, want a tenth", n)
		}
		time.Sleep(mostReturn)
		if n := took(100); n != 100 {
			t.Errorf("%d of 100 turns at the end of its way back", n)
		}
		time.Sleep(forgetAfter)
		for range 3 {
			c.fails(0, ReasonCut)
		}
		if at := w.TrialAt(); time.Until(at) != firstEjection {
			t.Errorf("an ejection long after: %v", time.Until(at))
		}
	})
}

// An instance that hangs brings no verdict on a route whose requests wait: its trials become rarer, and its way back is as long as ever.
func TestTrialsWithoutAVerdictBecomeRarer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, 2)
		w := c.ways[0]
		for range 3 {
			c.fails(0, ReasonTimeout)
		}
		trials := 0
		for begun := time.Now(); time.Since(begun) < 10*time.Minute; time.Sleep(100 * time.Millisecond) {
			if w.TakeTrial(time.Now()) {
				trials++
			}
		}
		if trials < 20 || trials > 27 {
			t.Errorf("%d trials in ten minutes, want about two a minute", trials)
		}
		time.Sleep(lastEjection)
		if !w.TakeTrial(time.Now()) || !w.Readmit(true, time.Now()) {
			t.Fatal("not back")
		}
		if over := time.Duration(w.over.Load()); over != leastReturn {
			t.Errorf("its way back takes %v", over)
		}
	})
}

// Where no safe request comes, any other is the trial.
func TestWithoutSafeRequestsAnyIsATrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, 2)
		for range 3 {
			c.fails(0, ReasonStatus)
		}
		time.Sleep(2 * firstEjection)
		if !c.ways[0].Usable() || !c.ways[0].TakeTrial(time.Now()) || c.ways[0].Usable() {
			t.Error("no trial, or more than one")
		}
	})
}

func TestASilentInstanceIsOutUntilItAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, 2)
		w, sent := c.ways[0], time.Now()
		if d := w.Patience(0, 0); d != leastSilence {
			t.Errorf("patience %v", d)
		}
		time.Sleep(leastSilence)
		silent := Failing{Reason: ReasonSilent, Sent: sent}
		c.answers(0, 1)
		if _, ok := w.Judge(silent, time.Now(), c.others(w), false); ok {
			t.Error("ejected although it answers others")
		}
		sent = time.Now()
		time.Sleep(leastSilence)
		silent.Sent = sent.Add(time.Millisecond)
		if _, ok := w.Judge(silent, time.Now(), c.others(w), false); !ok || w.Usable() {
			t.Fatal("not ejected")
		}
		if w.Readmit(false, time.Now()); !w.Usable() {
			t.Error("not back although it answered")
		}
	})
}

func TestPatienceGrowsWithFailedTrials(t *testing.T) {
	c := newCrew(t, 2)
	w := c.ways[0]
	for range 3 {
		c.fails(0, ReasonCut)
	}
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 64} {
		if d := w.Patience(0, 0); d != want*leastSilence {
			t.Errorf("patience %v, want %v", d, want*leastSilence)
		}
		c.fails(0, ReasonCut)
	}
	if d := NewUpstream("s", "a:80").Way(WayKey{}).Patience(0, 0); d != firstSilence {
		t.Errorf("patience with an instance that nothing is known of: %v", d)
	}
	if d := NewUpstream("s", "a:80").Way(WayKey{}).Patience(0, 20*time.Millisecond); d != 200*time.Millisecond {
		t.Errorf("patience with one that is like another: %v", d)
	}
}

func TestClientsOfWhatCanNotBeTriedElsewhereCountOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, 2)
		for range 1000 {
			if c.failsAlone(0, "192.0.2.1") || c.failsAlone(0, "2001:db8::1") || c.failsAlone(0, "2001:db8::ffff:2") || c.failsAlone(0, "::ffff:192.0.2.1") {
				t.Fatal("two clients ejected an instance")
			}
		}
		c = newCrew(t, 2)
		for i, client := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"} {
			if got := c.failsAlone(0, client); got != (i == leastClients-1) {
				t.Errorf("client %d: ejected %v", i+1, got)
			}
		}
	})
}

func TestAShadowCarriesNothingOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, 2)
		w, reports := c.ways[0], 0
		for range 600 {
			if e, ok := w.Judge(Failing{Reason: ReasonReset}, time.Now(), c.others(w), true); ok {
				if reports++; !e.Shadow {
					t.Error("not marked")
				}
			}
			if !w.Usable() {
				t.Fatal("ejected")
			}
			time.Sleep(100 * time.Millisecond)
		}
		if reports != 2 {
			t.Errorf("%d reports in a minute, want one every half", reports)
		}
	})
}

// The last one that can be asked is never ejected, however bad it is.
func TestTheLastOneIsNeverEjected(t *testing.T) {
	c := newCrew(t, 3)
	for i := range c.ways {
		for range 50 {
			c.fails(i, ReasonStatus)
		}
	}
	if c.ways[0].Usable() || c.ways[1].Usable() || !c.ways[2].Usable() {
		t.Errorf("usable: %v %v %v", c.ways[0].Usable(), c.ways[1].Usable(), c.ways[2].Usable())
	}
}

// One client that asks for what always fails, in whatever mix with what does not, at whichever instance it likes, beside others or alone,
// ejects nobody: such a request succeeds nowhere, and what can't be tried elsewhere counts once.
func TestNoClientEjectsByWhatAlwaysFails(t *testing.T) {
	for seed := range uint64(50) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 9))
			c := newCrew(t, 2+random.IntN(4))
			clients := []string{"192.0.2.1", "192.0.2.2"}[:1+random.IntN(2)]
			bad, aimed := random.Float64(), random.IntN(3)
			for range 2000 {
				i := random.IntN(len(c.ways))
				switch {
				case random.Float64() > bad:
					c.answers(i, 1)
				case random.IntN(2) == 0: // a safe one: it fails everywhere, so that nothing is told
				default: // another one, aimed as the client likes
					if aimed > 0 {
						i = 0
					}
					if c.failsAlone(i, clients[random.IntN(len(clients))]) {
						t.Fatalf("seed %d: instance %d ejected", seed, i)
					}
				}
				time.Sleep(time.Duration(random.IntN(50)) * time.Millisecond)
			}
		})
	}
}

// What fails at random, but alike at all instances, ejects none.
func TestWhatFailsAlikeEverywhereEjectsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		c := newCrew(t, 3)
		out := 0
		for range 20000 {
			i := random.IntN(3)
			if random.IntN(3) == 0 {
				if _, ok := c.fails(i, ReasonStatus); ok {
					out++
					c.ways[i].Readmit(true, time.Now())
				}
			} else {
				c.answers(i, 1)
			}
			time.Sleep(5 * time.Millisecond)
		}
		if out > 3 {
			t.Errorf("%d ejections, though all are alike", out)
		}
	})
}

// A trial that fails only once another one has brought the instance back is a failure as any.
func TestAStaleTrialEjectsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, 2)
		w := c.ways[0]
		for range 3 {
			c.fails(0, ReasonReset)
		}
		time.Sleep(firstEjection)
		if !w.TakeTrial(time.Now()) || !w.Readmit(true, time.Now()) {
			t.Fatal("not back")
		}
		if e, ok := w.Judge(Failing{Reason: ReasonTimeout, Trial: true}, time.Now(), c.others(w), false); ok || w.Out() {
			t.Errorf("%+v", e)
		}
		w, rule := c.ways[1], MaxFails{Fails: 1, Timeout: time.Second}
		w.Fail(rule, false, time.Now(), func() int { return 1 })
		time.Sleep(rule.Timeout)
		if !w.TakeTrial(time.Now()) || !w.Readmit(true, time.Now()) {
			t.Fatal("not back by max-fails")
		}
		if e, ok := w.Fail(rule, true, time.Now(), func() int { return 0 }); ok || w.Out() { // the last one is never out
			t.Errorf("by max-fails: %+v", e)
		}
	})
}

func TestMaxFailsIsNginxs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, 2)
		w, rule := c.ways[0], MaxFails{Fails: 3, Timeout: 10 * time.Second}
		others := func() int { return 1 }
		fail := func(trial bool) bool { _, ok := w.Fail(rule, trial, time.Now(), others); return ok }
		twice := func() bool { first := fail(false); return fail(false) || first }
		for range 5 { // two failures, and an answer once the time has passed
			if twice() {
				t.Fatal("out")
			}
			time.Sleep(rule.Timeout + time.Millisecond)
			c.answers(0, 1)
		}
		fail(false)
		time.Sleep(rule.Timeout + time.Millisecond) // no answer comes meanwhile: they go on counting
		if first := fail(false); first || !fail(false) || w.Usable() {
			t.Fatal("not out after the third")
		}
		for range 3 { // no growth
			time.Sleep(rule.Timeout - time.Nanosecond)
			if w.Usable() {
				t.Fatal("back too early")
			}
			time.Sleep(time.Nanosecond)
			if !w.Usable() || !w.TakeTrial(time.Now()) || w.Usable() {
				t.Fatal("not one request may try it")
			}
			if !fail(true) {
				t.Fatal("not out again")
			}
		}
		time.Sleep(rule.Timeout)
		if !w.TakeTrial(time.Now()) || !w.Readmit(true, time.Now()) {
			t.Fatal("not back")
		}
		if m := (Member{Way: w}); m.may(0, &Want{}) != chanceNow {
			t.Error("it comes back gradually")
		}
		if m := (Member{Way: w, SlowStart: time.Minute}); m.Way.part(m.SlowStart) == whole {
			t.Error("it comes back at once where the route asks for a slow start")
		}
		if twice() {
			t.Error("failures before the trial count")
		}
		none := MaxFails{Timeout: rule.Timeout}
		for range 100 {
			if _, ok := w.Fail(none, false, time.Now(), others); ok {
				t.Fatal("max-fails=0 is never")
			}
		}
		last := c.ways[1]
		for range 100 {
			if _, ok := last.Fail(rule, false, time.Now(), func() int { return 0 }); ok {
				t.Fatal("the last one is out")
			}
		}
	})
}
