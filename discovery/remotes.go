package discovery

import (
	"context"
	"slices"
	"time"
)

// Services of other datacenters are asked for over lines that are slow, dear, and cut more often than those at home. So nothing waits for them
// for long, there is a bound on how many are followed, and what only stands by is not watched until it is needed.
const (
	// maxRemotes bounds how many are followed: whoever writes tags may name them.
	maxRemotes = 256
	// remoteWatches and remoteLooks are how many questions of either kind wait for an answer at the same time; with more, each takes its
	// turn, remoteRate a second. With those at home they stay below the connections that Consul's agent allows.
	remoteWatches, remoteLooks, remoteRate = 12, 4, 10
	// lookInterval is how old the answer at hand about a service on standby may be: a question a minute costs nothing, and what was
	// deployed before that is known when the service here dies. The first answer of the watch that then begins is a round trip away.
	lookInterval = time.Minute
	// watchFor is how long one is watched after it was needed last, so that a service that comes and goes begins no new watch each time.
	watchFor = 5 * time.Minute
	// standbyFor is how long one on standby is followed after the service here, whose tags name it, has left the catalogue: it serves in its
	// place, for as long as routes without instances stay, and a little longer.
	standbyFor = 15 * time.Minute
	// remotePatience is how long the first view waits for those that don't stand by.
	remotePatience = 2 * time.Second
)

// remote is what a subject of another datacenter has beside.
type remote struct {
	standby  bool
	watching bool
	answered bool      // or failed to be, the first time it was asked
	needed   time.Time // last; zero for never
	unnamed  time.Time // since when nobody names it; zero while somebody does
}

// remotes is what the view knows of other datacenters.
type remotes struct {
	realms    map[string]*realm // by name; those of which something is followed
	byTags    []Remote          // that tags name
	watch     *turns
	looks     *turns
	stored    map[string]*Service // from disk, by keyOf
	confirmed time.Time           // when that was written
	full      bool                // told
	since     time.Time           // when the first list came
}

func newRemotes() remotes {
	return remotes{realms: map[string]*realm{},
		watch: &turns{slots: make(chan struct{}, remoteWatches), rate: remoteRate},
		looks: &turns{slots: make(chan struct{}, remoteLooks), rate: remoteRate}}
}

// followRemotes follows the services of other datacenters that somebody names now. What the operator and KV name goes first, and takes the
// place of what tags name where there is no other.
func (v *view) followRemotes() {
	if v.listed && v.remotes.since.IsZero() {
		v.remotes.since = time.Now()
	}
	named, byLines := map[string]bool{}, map[string]bool{}
	for _, r := range v.lines.references.Remote {
		byLines[keyOf(r.Service, r.Datacenter)] = true
	}
	for _, r := range slices.Concat(v.lines.references.Remote, v.byTags) {
		if CheckName(r.Service) != nil || CheckName(r.Datacenter) != nil {
			continue
		}
		key := keyOf(r.Service, r.Datacenter)
		first := !named[key]
		named[key] = true
		if byLines[key] {
			v.makeRoom(r, byLines)
		}
		if s := v.remote(r); s != nil {
			s.remote.standby = r.Standby && (first || s.remote.standby)
			s.remote.unnamed = time.Time{}
		}
	}
	for s := range v.eachRemote {
		if named[s.key()] {
			continue
		}
		if s.remote.unnamed.IsZero() {
			s.remote.unnamed = time.Now()
		}
	}
	v.judgeRemotes()
}

// remote is the subject of a service that is named: the one that there is, or a new one; nil where there are too many.
func (v *view) remote(r Remote) *subject {
	in := v.realms[r.Datacenter]
	if in != nil && in.subjects[r.Service] != nil {
		return in.subjects[r.Service]
	}
	if v.remoteCount() >= maxRemotes {
		v.tellFull(r.Service + "@" + r.Datacenter)
		return nil
	}
	if in == nil {
		in = newRealm(r.Datacenter, &v.o)
		v.realms[r.Datacenter] = in
	}
	s := &subject{in: in, name: r.Service, listed: true, slots: make(chan struct{}, callSlots), remote: remote{standby: r.Standby, watching: !r.Standby}}
	s.age = v.ages.add(s.key())
	in.subjects[s.name] = s
	if b := v.stored[s.key()]; b != nil {
		s.age.answered.Store(int64(time.Since(v.base) - time.Since(v.confirmed)))
		v.setBlock(s, b)
	}
	v.start(s)
	return s
}

// dropRemote forgets one for good.
func (v *view) dropRemote(s *subject) {
	for _, h := range s.retained {
		h.cancel()
	}
	s.retained = nil
	v.drop(s)
	if len(s.in.subjects) == 0 {
		delete(v.realms, s.in.name)
	}
}

// startRemote watches one, or asks about it now and then.
func (v *view) startRemote(s *subject) {
	from, ok := v.o.Catalogue.(Federated)
	if !ok {
		v.miss(s, errAlone)
		return
	}
	f := v.newWatch(s.slots, s.cursor)
	f.subject, f.about, f.far, f.patient = s, aboutService(s.name), true, true
	f.ask = func(ctx context.Context, q Query) (reply, error) {
		a, err := from.InstancesIn(ctx, s.in.name, s.name, q)
		return reply{answer: a}, err
	}
	f.ctx, f.cancel = context.WithCancel(v.ctx)
	s.watch, s.watched = f, s.remote.watching
	if s.watched {
		f.turns = v.watch
		v.watch.sharing.Add(1)
		v.count.remoteWatched.Add(1)
	} else {
		f.turns, f.rest = v.looks, lookInterval
		v.count.remoteLooked.Add(1)
	}
	v.tasks.Go(func() { v.follow(f.ctx, f) })
}

// stopRemote keeps the books of what startRemote began; its watch is cancelled already.
func (v *view) stopRemote(s *subject) {
	if s.watched {
		v.watch.sharing.Add(-1)
		v.count.remoteWatched.Add(-1)
	} else {
		v.count.remoteLooked.Add(-1)
	}
	s.watch = nil
}
