package discovery

import "time"

// takeHints has the services asked for at which an answer to a topic points.
func (v *view) takeHints(e event) {
	if v.tracking == nil {
		return
	}
	topic := e.from.trace.topic
	t := v.tracking.topics[topic]
	if t == nil || t.watch != e.from {
		return
	}
	if !v.note(e) {
		t.answered = 0
		v.cover()
		return
	}
	t.answered, t.known = time.Since(v.base), e.change.known
	if topic.Kind == TopicNodes {
		v.followNodes(e.change)
	} else {
		v.hintAll(e.change)
		if e.change.first {
			v.hintUnseen(topic)
		}
	}
	v.cover()
}

func (v *view) hintAll(c change) {
	for _, f := range c.facts {
		if f.Service == "" {
			v.hintNode(f.Node, c.floor)
		} else if s := v.subjects[f.Service]; s != nil {
			v.hint(s, c.floor)
		}
	}
}

func (v *view) hint(s *subject, floor uint64) {
	if s.watch != nil && !s.watched {
		v.asks.add(s.watch, floor)
	}
}

// hintNode has all services asked for that have an instance on a node.
func (v *view) hintNode(node string, floor uint64) {
	v.hintWhere(floor, func(i *Instance) bool { return i.Node == node })
}

// hintUnseen follows a topic's first answer. What changed between a service's own answer and that one left no trace: what is
// in the answer is hinted at as new, what is no longer in it is found here.
func (v *view) hintUnseen(topic Topic) {
	if topic.Kind == TopicNode {
		v.hintNode(topic.Node, 0)
		return
	}
	v.hintWhere(0, func(i *Instance) bool { return i.Status != Passing })
}

func (v *view) hintWhere(floor uint64, has func(*Instance) bool) {
	for _, s := range v.subjects {
		for i := range s.raw {
			if has(&s.raw[i]) {
				v.hint(s, floor)
				break
			}
		}
	}
}
