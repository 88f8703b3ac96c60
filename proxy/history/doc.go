// Package history remembers the last tables of a Switch: when each was published and why, what it changed, and how many requests were
// answered while it was current. For as many of them as fit into its memory it makes the table itself anew, so that people can ask where a
// request went, or take a service's lines from it.
//
// It follows the Switch in a goroutine of its own. Requests and those who publish tables never wait for it.
package history
