package routing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// Balance is what a choice among a route's instances hangs on besides their load. The zero value looks at no request.
type Balance struct {
	// Key is what of a request is hashed, KeyName its name; 0 is nothing.
	Key     dialect.Key
	KeyName string
	// Cookies are the names of the cookies in which clients name their instance; nil where the route is not sticky.
	Cookies *Cookies
	// Timed says that it hangs on how long answers take.
	Timed bool
	// Limited says that instances have limits of their own, see Member.MaxConns.
	Limited bool
	// Zoned says that an own zone is preferred.
	Zoned bool
}

// Cookies are names of cookies, one for each service of a route at most.
type Cookies struct{ Names []string }

// cookieDigits are those of a cookie's value: 64 bits in hexadecimal.
const cookieDigits = 16

// ParseCookie is the instance that the value of such a cookie names, as Member.Sticky; 0 for none.
func ParseCookie(value string) uint64 {
	if len(value) != cookieDigits {
		return 0
	}
	id, err := strconv.ParseUint(value, 16, 64)
	if err != nil {
		return 0
	}
	return id
}

// chooserOf is the policy for members of one rank.
func chooserOf(b *dialect.Balance) balancer.Policy {
	switch b.Method {
	case dialect.MethodLeastConnections:
		return balancer.LeastConnections{}
	case dialect.MethodLeastTime:
		return balancer.LeastTime{}
	case dialect.MethodHash:
		return balancer.Hash{Most: b.Bound}
	}
	return balancer.RoundRobin{}
}

// chooser is how the oldest of the route's rules wants an instance to be chosen, else how the process does.
func (r *Route) chooser(o *Options) (balancer.Policy, dialect.Balance) {
	asked := r.Rules[0].Policy.Balance
	own := asked.Method != dialect.MethodDefault
	if !own {
		asked.Method, asked.Key, asked.KeyName = o.Balancing.Method, o.Balancing.Key, o.Balancing.KeyName
		own = asked.Method == dialect.MethodHash && asked.Bound > 0
	}
	if own {
		return chooserOf(&asked), asked
	}
	return o.Balance, asked
}

// balance builds the route's picker, and says in the policy what its choices hang on.
func (r *Route) balance(o *Options) {
	chooser, asked := r.chooser(o)
	b := Balance{Key: asked.Key, KeyName: asked.KeyName, Timed: asked.Method == dialect.MethodLeastTime, Zoned: o.Zone != ""}
	for i := range r.Members {
		m := &r.Members[i]
		if asked.Sticky {
			m.Sticky = numberOf(m)
			m.cookie(asked.Cookie, &b)
		}
		b.Limited = b.Limited || m.Rule.Options.Balance.MaxConns > 0
	}
	r.picker = pickerOf(o.zoned(chooser, r.Members, r.missing()...), r.Members, r.Lane, asked.Method == dialect.MethodHash)
	if b != r.Policy.Balance {
		own := *r.Policy
		own.Balance = b
		r.Policy = &own
	}
}

// pickerOf builds a picker over members, to which their index and weight are known. Hashed says that keys are hashed with them.
func pickerOf(chooser balancer.Policy, members []Member, lane *balancer.Lane, hashed bool) balancer.Picker {
	list := make([]balancer.Member, len(members))
	for i := range members {
		m := &members[i]
		own := &m.Rule.Options.Balance
		m.MaxConns = own.MaxConns
		list[i] = balancer.Member{Way: m.Way, Weight: m.Weight, Sticky: m.Sticky, Backup: own.Backup, Away: m.Away, MaxConns: own.MaxConns, SlowStart: own.SlowStart}
		if hashed {
			list[i].ID = numberOf(m)
		}
	}
	return balancer.Build(chooser, list, lane)
}

// numberOf is what a member's instance is called where keys are hashed, and in cookies: the same in every process and table, and no more than
// a number to who does not know service, node and ID.
func numberOf(m *Member) uint64 {
	h := hmac.New(sha256.New, []byte(m.Upstream.Service()))
	if in := m.Instance; in != nil {
		h.Write([]byte(in.Node + "\x00" + in.ID))
	} else {
		h.Write([]byte(m.Upstream.Address()))
	}
	var sum [sha256.Size]byte
	return max(1, binary.BigEndian.Uint64(h.Sum(sum[:0])))
}

// cookie gives a member of a sticky route its cookie: of the name that was asked for, else of one that its service's routes share and no
// other's, so that services on one host don't take each other's cookies away.
func (m *Member) cookie(name string, b *Balance) {
	if name == "" {
		sum := sha256.Sum256([]byte("cookie\x00" + m.Upstream.Service()))
		name = "pointsman-" + hex.EncodeToString(sum[:4])
	}
	var id [8]byte
	binary.BigEndian.PutUint64(id[:], m.Sticky)
	m.Cookie = name + "=" + hex.EncodeToString(id[:])
	if b.Cookies == nil {
		b.Cookies = &Cookies{}
	}
	if !slices.Contains(b.Cookies.Names, name) {
		b.Cookies.Names = append(b.Cookies.Names, name)
	}
}

// Has says whether one of the route's instances is that which a cookie names, see ParseCookie; 0 names none.
func (r *Route) Has(sticky uint64) bool {
	return sticky != 0 && slices.ContainsFunc(r.Members, func(m Member) bool { return m.Sticky == sticky })
}

// Full says whether an instance could be chosen if it had not as many requests as it may.
func (r *Route) Full() bool {
	for i := range r.Members {
		if m := &r.Members[i]; m.MaxConns > 0 && m.Way.Usable() && m.Upstream.InFlight() >= int64(m.MaxConns) {
			return true
		}
	}
	return false
}
