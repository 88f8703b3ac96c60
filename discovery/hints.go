package discovery

import "context"

// Topic is a question about where in the catalogue something has changed. What has become of the services that an answer
// points at is asked afresh, service by service: an answer to a Topic is a hint and never content.
type Topic struct {
	Kind TopicKind
	Node string // the node of TopicNode; "" otherwise
}

// TopicKind says what a Topic is about.
type TopicKind uint8

// The topics. Together they cover all that an Answer tells: TopicNode what is registered on one node, the checks' topics
// which checks are not passing, and TopicNodes which nodes there are and where.
const (
	TopicNodes TopicKind = iota
	TopicNode
	TopicCritical
	TopicWarning
)

// String is for the log.
func (t Topic) String() string {
	switch t.Kind {
	case TopicNode:
		return "services of node " + t.Node
	case TopicCritical:
		return "critical checks"
	case TopicWarning:
		return "checks in warning"
	default:
		return "list of nodes"
	}
}

// Fact is one element of an answer to a Topic. Facts are compared as wholes: one that appears or goes is a change.
type Fact struct {
	// Node is where it is. Service is what it is about; "" means every service of the node.
	Node, Service string
	// ID tells facts of one service and node apart: the service ID, the check's ID, the node's address.
	ID string
	// Index is the modification index of what is registered; 0 for nodes and checks, whose changes without effect on
	// instances (a check's output) are no changes here.
	Index uint64
}

// Hints is a complete answer to a Topic.
type Hints struct {
	Facts []Fact
	// Unchanged says that nothing is newer than the index waited with; Facts is then empty.
	Unchanged bool
	// Bytes is the answer's size, 0 where unknown; the pace of the questions follows it.
	Bytes int
	Meta
}

// Hinter is a Catalogue that can tell where something has changed. One that can't, or whose questions cost no connection, is
// asked about each service all the time. What holds for a Catalogue's methods holds for Hints.
type Hinter interface {
	Hints(ctx context.Context, topic Topic, q Query) (Hints, error)
}
