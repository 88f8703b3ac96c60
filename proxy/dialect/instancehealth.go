package dialect

import "time"

// InstanceHealth is how an instance is found failing, where that was written: by nginx's rule. The zero value leaves it to the process.
type InstanceHealth struct {
	// MaxFails is how many failures within FailTimeout take the instance out for as long; 0 is never. It counts where Fails is set.
	MaxFails int
	// Fails says that max-fails was written.
	Fails bool
	// FailTimeout is 0 where it was not written.
	FailTimeout time.Duration
}

// nginx's defaults, where only the other one was written.
const (
	usualMaxFails    = 1
	usualFailTimeout = 10 * time.Second
)

// Rule is what holds where one of the two was written; ok is false where none was.
func (h InstanceHealth) Rule() (maxFails int, failTimeout time.Duration, ok bool) {
	if !h.Fails && h.FailTimeout == 0 {
		return 0, 0, false
	}
	maxFails, failTimeout = usualMaxFails, usualFailTimeout
	if h.Fails {
		maxFails = h.MaxFails
	}
	if h.FailTimeout > 0 {
		failTimeout = h.FailTimeout
	}
	return maxFails, failTimeout, true
}
