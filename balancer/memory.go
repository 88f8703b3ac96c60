package balancer

// Memory is what a route remembers by name beside its rotation and budget, as what its filters have counted. The writer of the route's
// tables alone uses it, while it builds one.
type Memory struct {
	lane *Lane
	next map[string]any
}

// Remember begins a new building of the route. Done ends it.
func (l *Lane) Remember() *Memory { return &Memory{lane: l, next: map[string]any{}} }

// Remembers says whether there is anything to remember.
func (l *Lane) Remembers() bool { return len(l.kept) > 0 }

// Keep is what the route remembers by a name, or what is made for it.
func (m *Memory) Keep(name string, create func() any) any {
	kept, ok := m.next[name]
	if !ok {
		kept, ok = m.lane.kept[name]
	}
	if !ok {
		kept = create()
	}
	m.next[name] = kept
	return kept
}

// Done forgets what nobody asked for this time.
func (m *Memory) Done() { m.lane.kept = m.next }
