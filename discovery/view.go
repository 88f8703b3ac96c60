package discovery

import (
	"context"
	"slices"
	"strings"
	"time"
)

// subject is one service as the view's goroutine knows it.
type subject struct {
	in       *realm
	name     string
	listed   bool       // the last list names it, and it is wanted; of another datacenter: somebody names it
	raw      []Instance // the last answer, cleaned; nil before the first
	block    *Service   // as published; nil before the first answer, or disk
	retained map[Identity]*retention
	doubt    doubt // what the list's answer says about the next answer
	// cursor and slots outlive the watch: another may take over.
	cursor  cursor
	slots   chan struct{}
	watch   *watch    // whose answers count; nil never
	watched bool      // all the time; else when there is a hint
	patrol  time.Time // when it is asked about without a hint
	refused int
	failing bool // the last question ended in an error
	age     *age
	remote  remote // of another datacenter
}

// realm is what is known of one datacenter: what there is in it, and what is in doubt, is judged by its own services alone.
type realm struct {
	name     string // "" is the datacenter that is watched
	subjects map[string]*subject
	blocks   []*Service // the subjects' blocks, sorted by name
	usable   int        // blocks with a usable instance
	down     map[string]int
	vanished map[string]vanishing
	mass     Decision // how many vanished together the last time
	outage   outage
}

func newRealm(name string, o *Options) *realm {
	return &realm{name: name, subjects: map[string]*subject{}, down: map[string]int{}, vanished: map[string]vanishing{}, outage: newOutage(name, o)}
}

// view is the state of one Run. Only its goroutine touches it.
type view struct {
	*Watcher
	*realm // that of the datacenter that is watched
	remotes
	ctx    context.Context
	list   *watch
	listed bool
	seen   departed
	leader bool
	// where the last Snapshot said that we are; what is not known does not replace it
	datacenter, node string

	disk     *disk           // nil where nothing is served from it, or no longer
	awaited  map[string]bool // services of the first list that have not answered
	complete bool
	limit    *time.Timer // the first view's
	sequence uint64
	dirty    bool
	causes   []string
	pace     pace
	due      *time.Timer // of a publication that must wait
	waiting  bool
	tracking *tracking // nil while each service has a watch

	services  map[string][]string // the last list
	named     map[string]bool     // by tags of other services
	lines     lines
	textIndex uint64  // of the last answer about texts
	draining  []Drain // as the blocks have them
	pins              // all of the Store
	silent    silence // of the Store
}

func newView(ctx context.Context, w *Watcher) *view {
	v := &view{
		Watcher: w, realm: newRealm("", &w.o), remotes: newRemotes(), ctx: ctx, list: w.newListWatch(), awaited: map[string]bool{}, pace: newPace(),
		limit: time.NewTimer(time.Hour), due: time.NewTimer(time.Hour), leader: true,
	}
	v.limit.Stop()
	v.due.Stop()
	return v
}

func (v *view) run() {
	patrol := time.NewTicker(patrolTick)
	defer patrol.Stop()
	defer v.limit.Stop()
	defer v.due.Stop()
	for {
		select {
		case <-v.ctx.Done():
			return
		case e := <-v.events:
			v.take(e)
			v.takeMore()
		case <-v.fed.wake:
			v.takeFed()
		case <-v.limit.C:
			v.giveUpWaiting()
		case <-v.due.C:
			v.waiting = false
			v.publish()
		case <-patrol.C:
			v.patrol()
			v.patrolRemotes()
			v.takeDrains() // one may have ended
		}
		v.judgeRemotes()
		v.publishWhenDue()
	}
}

// takeMore takes what has come meanwhile, so that it is published together.
func (v *view) takeMore() {
	for range eventRoom {
		select {
		case e := <-v.events:
			v.take(e)
		default:
			return
		}
	}
}

func (v *view) take(e event) {
	switch {
	case e.retention != nil:
		v.endRetention(e.subject, e.retention, e.gone)
	case e.from == v.list:
		if v.note(e) {
			v.takeList(e)
		}
	case e.from == v.lines.watch:
		v.takeTexts(e)
	case e.from.trace != nil:
		v.takeHints(e)
	default:
		s := e.from.subject
		if s.watch != e.from {
			return // a watch that was replaced: its successor asks afresh
		}
		s.cursor = e.cursor
		s.failing = !v.note(e)
		if !s.failing {
			v.takeAnswer(s, e)
		} else if s.in != v.realm {
			v.miss(s, e.err)
		}
	}
}

// note keeps the books of errors. It returns whether the event is an answer.
func (v *view) note(e event) bool {
	in := v.realm
	if s := e.from.subject; s != nil {
		in = s.in
	}
	if e.err != nil {
		v.count.failed(errorKind(e.err))
		in.outage.failed(e.from.about, e.err)
		return false
	}
	in.outage.answered(e.from.about)
	return true
}

func (v *view) ensure(name string) *subject {
	s := v.subjects[name]
	if s == nil {
		s = &subject{in: v.realm, name: name, slots: make(chan struct{}, callSlots), age: v.ages.add(name)}
		v.subjects[name] = s
	}
	return s
}

// drop forgets a service for good.
func (v *view) drop(s *subject) {
	v.stop(s)
	v.setBlock(s, nil)
	s.in.countDown(s.raw, -1)
	s.in.outage.answered(aboutService(s.name))
	v.ages.remove(s.key())
	delete(s.in.subjects, s.name)
	if s.in == v.realm {
		v.arrived(s.name)
	}
}

// setBlock puts a block into the sorted list, nil takes it out. The cause is for people.
func (v *view) setBlock(s *subject, b *Service) {
	in := s.in
	i, found := slices.BinarySearchFunc(in.blocks, s.name, func(b *Service, name string) int { return strings.Compare(b.Name, name) })
	switch {
	case found && b == nil:
		in.blocks = slices.Delete(in.blocks, i, i+1)
	case found:
		in.blocks[i] = b
	case b != nil:
		in.blocks = slices.Insert(in.blocks, i, b)
	default:
		return
	}
	had, has := s.block != nil && usable(s.block.Instances) > 0, b != nil && usable(b.Instances) > 0
	if had && !has {
		in.usable--
	} else if has && !had {
		in.usable++
	}
	v.changes(s.text(), s.block, b)
	s.block = b
}

// countDown counts the answers at hand that show a node's own check critical.
func (r *realm) countDown(raw []Instance, by int) {
	for i := range raw {
		if !raw[i].NodeDown {
			continue
		}
		r.down[raw[i].Node] += by
		if r.down[raw[i].Node] <= 0 {
			delete(r.down, raw[i].Node)
		}
	}
}
