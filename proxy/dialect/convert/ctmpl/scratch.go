package ctmpl

// scratchpad is what scratch returns. Nothing is kept: what a template gets out of it is not known, as if it were not set.
type scratchpad struct{ c catalogue }

// scratched is a value of the pad.
func (s scratchpad) scratched(name any) any { return s.c.outside("scratch", text(name)) }

// Key says whether there is one.
func (s scratchpad) Key(name any) any { return s.scratched(name) }

// Get is a value.
func (s scratchpad) Get(name any) any { return s.scratched(name) }

// Set would keep one.
func (scratchpad) Set(any, any) string { return "" }

// SetX would keep one where there is none.
func (scratchpad) SetX(any, any) string { return "" }

// MapSet would keep one under two names.
func (scratchpad) MapSet(any, any, any) string { return "" }

// MapSetX would keep one under two names where there is none.
func (scratchpad) MapSetX(any, any, any) string { return "" }

// MapValues are those under a name.
func (s scratchpad) MapValues(name any) any { return s.scratched(name) }
