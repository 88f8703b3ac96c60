package routing

import "github.com/pointsman/pointsman/balancer"

// Look tells which members the next n requests would go to, by position, and takes nobody's turn.
func (r *Route) Look(w balancer.Want, n int) balancer.Outlook { return balancer.Look(r.picker, w, n) }

// Look is as Route.Look, among the set's members.
func (s *Set) Look(w balancer.Want, n int) balancer.Outlook { return balancer.Look(s.picker, w, n) }

// LookAtRest tells the chances of members where nobody can be picked, see Route.Rest.
func LookAtRest(members []Member) (o balancer.Outlook) {
	for _, away := range [...]bool{false, true} {
		var out []int
		for i := range members {
			if m := &members[i]; m.Away == away && !m.Way.Usable() && m.Way.Reachable() {
				out = append(out, i)
			}
		}
		if len(out) == 0 {
			continue
		}
		o.Chances = make(map[int]float64, len(out))
		for _, i := range out { // of which the next one from a random one on is taken: about the same for all
			o.Chances[i] = 1 / float64(len(out))
		}
		return o
	}
	return o
}
