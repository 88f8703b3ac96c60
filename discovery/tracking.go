package discovery

import (
	"context"
	"time"
)

const (
	// topicsBeside is how many topics there are beside one for each node.
	topicsBeside = 3
	// backShare, in quarters: services get watches of their own again when they need three quarters of what there is, so
	// that one service that comes and goes at the bound changes nothing.
	backShare = 3
)

// tracking is the way to follow more services than there may be watches: topics tell where something has changed, and the
// services there are asked for again.
type tracking struct {
	hinter  Hinter
	topics  map[Topic]*topicWatch
	turns   *turns
	covered bool // every topic has been answered, and none fails
	told    bool // of nodes that can't be asked about
	missing bool // likewise
}

type topicWatch struct {
	watch    *watch
	known    map[Fact]struct{}
	answered time.Duration // 0 before the first answer, and while it fails
}

// choose decides how n services are followed: a watch each, or by node. The view stays whatever is decided; every service is
// asked for afresh.
func (v *view) choose(n int) {
	hinter, can := v.o.Catalogue.(Hinter)
	switch {
	case v.o.Multiplexed || !can:
		return
	case v.tracking == nil && n > v.o.MaxWatches:
		v.o.Log.Info().Int("services", n).Int("watches", v.o.MaxWatches).
			Msg("more services than watches: changes are followed by node (the catalogue's HTTPS port has no such limit)")
		v.tracking = &tracking{hinter: hinter, topics: map[Topic]*topicWatch{},
			turns: &turns{slots: make(chan struct{}, max(v.o.MaxWatches-topicsBeside, 1)), rate: rotateRate}}
		for _, kind := range []TopicKind{TopicNodes, TopicCritical, TopicWarning} {
			v.startTopic(Topic{Kind: kind}, nil)
		}
	case v.tracking != nil && 4*n <= backShare*v.o.MaxWatches:
		v.o.Log.Info().Int("services", n).Int("watches", v.o.MaxWatches).Msg("each service has its own watch again")
		for topic := range v.tracking.topics {
			v.stopTopic(topic)
		}
		v.tracking = nil
	default:
		return
	}
	for _, s := range v.subjects {
		if s.watch != nil {
			v.stop(s)
			v.start(s)
		}
	}
}

// start gives a service a watch, or has it asked for once and then when there is a hint.
func (v *view) start(s *subject) {
	if s.in != v.realm {
		v.startRemote(s)
		return
	}
	s.watch = v.newServiceWatch(s)
	f := s.watch
	f.ctx, f.cancel = context.WithCancel(v.ctx)
	s.watched = v.tracking == nil
	s.age.hinted.Store(!s.watched)
	if s.watched {
		v.count.watched.Add(1)
		v.tasks.Go(func() { v.follow(f.ctx, f) })
		return
	}
	v.count.hinted.Add(1)
	v.planPatrol(s)
	v.asks.add(f, 0)
}

// stop ends what start began.
func (v *view) stop(s *subject) {
	if s.watch == nil {
		return
	}
	s.watch.cancel()
	if s.in != v.realm {
		v.stopRemote(s)
		return
	}
	if s.watched {
		v.count.watched.Add(-1)
	} else {
		v.count.hinted.Add(-1)
	}
	s.watch = nil
}

func (v *view) startTopic(topic Topic, known map[Fact]struct{}) {
	f := v.newWatch(make(chan struct{}, callSlots), cursor{})
	f.about, f.trace, f.bytes = topic.String(), &trace{topic: topic, known: known}, newBytes()
	if topic.Kind == TopicNode {
		f.turns = v.tracking.turns
		f.turns.sharing.Add(1)
		v.count.nodes.Add(1)
	}
	hinter := v.tracking.hinter
	f.ask = func(ctx context.Context, q Query) (reply, error) {
		h, err := hinter.Hints(ctx, topic, q)
		return reply{of: ofTopic, hints: h}, err
	}
	f.ctx, f.cancel = context.WithCancel(v.ctx)
	v.tracking.topics[topic] = &topicWatch{watch: f, known: known}
	v.tasks.Go(func() { v.follow(f.ctx, f) })
}

func (v *view) stopTopic(topic Topic) {
	t := v.tracking.topics[topic]
	t.watch.cancel()
	v.outage.answered(t.watch.about)
	if topic.Kind == TopicNode {
		v.tracking.turns.sharing.Add(-1)
		v.count.nodes.Add(-1)
	}
	delete(v.tracking.topics, topic)
}

// followNodes gives each node that there is a topic of its own. What was registered on one that is gone has changed; so has
// what is on one that is somewhere else now.
func (v *view) followNodes(c change) {
	there := make(map[string]bool, len(c.known))
	v.tracking.missing = false
	for f := range c.known {
		if CheckName(f.Node) != nil {
			v.tracking.missing = true
			continue
		}
		there[f.Node] = true
	}
	if v.tracking.missing && !v.tracking.told {
		v.tracking.told = true
		v.o.Log.Warn().Msg("nodes whose names are empty, too long or not printable can't be watched: all services are asked for in turn")
	}
	crowded := v.tracking.turns.crowded()
	for topic := range v.tracking.topics {
		if topic.Kind == TopicNode && !there[topic.Node] {
			v.hintNode(topic.Node, 0)
			v.stopTopic(topic)
		}
	}
	for node := range there {
		if topic := (Topic{Kind: TopicNode, Node: node}); v.tracking.topics[topic] == nil {
			v.startTopic(topic, nil)
		}
	}
	if now := v.tracking.turns.crowded(); now != crowded {
		v.crowd(now)
	}
	if !c.first {
		v.hintAll(c)
	}
}

// crowd begins or ends the taking of turns: questions under way were asked with the other wait.
func (v *view) crowd(now bool) {
	text := "each node has its own watch again"
	if now {
		text = "more nodes than watches: the nodes are watched in turn"
	}
	v.o.Log.Info().Int64("nodes", v.tracking.turns.sharing.Load()).Int("watches", cap(v.tracking.turns.slots)).Msg(text)
	for topic, t := range v.tracking.topics {
		if topic.Kind == TopicNode {
			v.stopTopic(topic)
			v.startTopic(topic, t.known)
		}
	}
}
