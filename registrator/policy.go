package registrator

// Policy is -deregister: what becomes of the registrations of a container that ended.
type Policy uint8

// The zero Policy is Registrator's default.
const (
	DeregisterAlways Policy = iota
	DeregisterOnSuccess
	DeregisterNever
)

// signalBit in an exit code says that a signal ended the process. Registrator looks at the bit alone, so 255 counts.
const signalBit = 0x80

// Removes tells whether the registrations of an ended container are removed. gone: Docker no longer knows the container;
// running: it runs, perhaps again. Where the inspect failed in another way, keep what is held and do not ask.
func (p Policy) Removes(gone, running bool, exitCode int) bool {
	switch {
	case p == DeregisterAlways:
		return true
	case p == DeregisterNever:
		return false
	case gone:
		return true
	case running:
		return false
	default:
		return exitCode == 0 || exitCode&signalBit != 0
	}
}
