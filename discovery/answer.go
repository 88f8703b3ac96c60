package discovery

import (
	"context"
	"time"
)

// vanishWindow is what "together" means for services that lose their last usable instance: the answers of watches that one
// event woke arrive within it.
const vanishWindow = time.Second

// vanishing remembers what a service lost with its last usable instance.
type vanishing struct {
	at   time.Time
	lost []loss
}

// takeAnswer brings one service's complete answer into the view.
func (v *view) takeAnswer(s *subject, e event) {
	s.age.answered.Store(int64(time.Since(v.base)))
	v.planPatrol(s)
	for i := range e.reply.answer.Instances {
		e.reply.answer.Instances[i].Datacenter = s.in.name
	}
	raw, refused := clean(e.reply.answer.Instances)
	if refused > 0 && s.refused == 0 {
		v.o.Log.Warn().Str("service", s.text()).Int("instances", refused).Msg("instances with an invalid address or port are ignored")
	}
	s.refused = refused
	d := e.doubt
	if s.doubt != sure {
		d, s.doubt = s.doubt, sure
	}
	v.stamp(s, raw)
	s.in.countDown(s.raw, -1)
	s.in.countDown(raw, +1)
	if raw == nil {
		raw = []Instance{}
	}
	s.raw = raw
	v.release(s)
	if s.block != nil {
		v.weigh(s, d)
	}
	v.refresh(s, e.cursor.last)
	if s.in != v.realm {
		v.outcome(s)
		return
	}
	v.arrived(s.name)
	if v.canForget(s) {
		v.drop(s)
	}
}

// stamp carries over when each instance was first seen.
func (v *view) stamp(s *subject, raw []Instance) {
	fresh := v.complete && !v.awaited[s.name] && s.in == v.realm
	for i := range raw {
		n := &raw[i]
		if s.block != nil {
			if was := find(s.block.Instances, n.Identity); was != nil {
				n.Seen, n.SinceStart = was.Seen, was.SinceStart
				continue
			}
		}
		if was, ok := v.seen.take(n.Identity); ok {
			n.Seen, n.SinceStart = was.at, was.sinceStart
			continue
		}
		n.Seen, n.SinceStart = time.Now(), fresh
	}
}

// release ends the retentions that the answer has decided: listed as good again, put into maintenance, or replaced.
func (v *view) release(s *subject) {
	if len(s.retained) == 0 {
		return
	}
	at := usableAt(s.raw)
	for id, h := range s.retained {
		now := find(s.raw, id)
		if at[hostPortOf(&h.was)] > 0 || now != nil && now.Status == Maintenance {
			h.cancel()
			v.decisions.add(Decision{Why: "the catalogue lists it, or another one in its place"}, &h.was)
			delete(s.retained, id)
			if len(s.retained) == 0 {
				v.o.Log.Info().Str("service", s.name).Msg("the catalogue lists the retained instances again")
			}
		}
	}
}

// weigh judges what is missing in the new answer and holds back what is in doubt.
func (v *view) weigh(s *subject, d doubt) {
	lost := losses(s.block.Instances, assemble(s.raw, s.retained), func(node string) bool { return s.in.down[node] > 0 })
	if len(lost) == 0 {
		return
	}
	var believed []loss
	for _, l := range lost {
		if why := judge(l, d); why != sure {
			v.retain(s, l, why)
		} else {
			believed = append(believed, l)
		}
	}
	if len(believed) > 0 && usable(assemble(s.raw, s.retained)) == 0 {
		v.vanish(s, believed)
	}
}

// vanish notes that s has lost its last usable instance, and looks whether too many services did so together: then all of
// them come back and are probed, those that were published as gone a moment ago too.
func (v *view) vanish(s *subject, lost []loss) {
	in := s.in
	in.forgetVanished(s)
	in.vanished[s.name] = vanishing{time.Now(), lost}
	others := in.usable - 1 // s is still counted: its block is the old one
	if all := len(in.vanished) + others; vanishedTogether(len(in.vanished), all) {
		v.disbelieve(in, s, len(in.vanished), all)
	}
}

// disbelieve tells that so many services of all in a datacenter vanished together, and brings them back; for s see bringBack.
func (v *view) disbelieve(in *realm, s *subject, vanished, all int) {
	in.mass = Decision{Vanished: vanished, Services: all}
	v.count.massRemovals.Add(1)
	v.o.Log.Warn().Str("datacenter", in.name).Int("vanished", vanished).Int("services", all).
		Msg("so many services lost all their instances together that the catalogue is not believed: they are kept while they accept connections")
	v.bringBack(in, s)
}

// forgetVanished leaves those that vanished within the window and have not come back; what the view holds of s is old.
func (r *realm) forgetVanished(s *subject) {
	for name, o := range r.vanished {
		t := r.subjects[name]
		back := t != nil && t != s && t.block != nil && usable(t.block.Instances) > 0
		if back || time.Since(o.at) > vanishWindow {
			delete(r.vanished, name)
		}
	}
}

// bringBack retains all that has vanished; the answer of s, if there is one, is being taken.
func (v *view) bringBack(in *realm, s *subject) {
	for name, o := range in.vanished {
		t := in.subjects[name]
		if t == nil && in != v.realm { // nobody names it any more
			continue
		} else if t == nil {
			t = v.ensure(name)
		}
		for _, l := range o.lost {
			if now := find(t.raw, l.was.Identity); now != nil && now.Usable() {
				continue
			}
			if judge(l, massVanish) != sure {
				v.retain(t, l, massVanish)
			}
		}
		if t.watch == nil {
			v.start(t)
		}
		if t != s {
			v.refresh(t, t.cursor.last)
		}
	}
	clear(in.vanished)
}

// retain keeps a lost instance in the view until its probes decide.
func (v *view) retain(s *subject, l loss, why doubt) {
	if s.retained[l.was.Identity] != nil {
		return
	}
	if len(s.retained) == 0 {
		s.retained = map[Identity]*retention{}
		v.o.Log.Warn().Str("service", s.text()).Str("instance", l.was.ID).Str("why", why.String()).
			Msg("retaining instances that the catalogue no longer lists as passing, while they accept connections")
	}
	ctx, cancel := context.WithCancel(v.ctx)
	h := &retention{was: l.was, why: why, cancel: cancel}
	s.retained[l.was.Identity] = h
	v.count.retained.Add(1)
	d := Decision{Kept: true, Why: why.String()}
	if why == massVanish {
		d.Vanished, d.Services = s.in.mass.Vanished, s.in.mass.Services
	}
	v.decisions.add(d, &l.was)
	v.tasks.Go(func() { v.probeRetained(ctx, s, h) })
}

// endRetention lets a retained instance go the way that the catalogue said.
func (v *view) endRetention(s *subject, h *retention, gone string) {
	h.cancel()
	if s.in.subjects[s.name] != s || s.retained[h.was.Identity] != h {
		return
	}
	delete(s.retained, h.was.Identity)
	v.decisions.add(Decision{Removed: true, Why: gone}, &h.was)
	if len(s.retained) == 0 {
		v.o.Log.Warn().Str("service", s.text()).Str("instance", h.was.ID).Str("reason", gone).Msg("a retained instance is removed")
	}
	v.refresh(s, s.cursor.last)
	if s.in == v.realm && v.canForget(s) {
		v.drop(s)
	}
}

// refresh makes a new block when the content has changed.
func (v *view) refresh(s *subject, index uint64) {
	out := v.drained(s.in, assemble(s.raw, s.retained))
	if s.block != nil && s.block.Missing == "" && same(s.block.Instances, out) {
		return
	}
	if s.block != nil {
		v.seen.leave(s.block.Instances, out)
	}
	v.setBlock(s, &Service{Name: s.name, Datacenter: s.in.name, Instances: out, Index: index})
}
