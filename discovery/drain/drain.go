// Package drain takes an instance out of traffic on request, and finds out when no request is left on it.
//
// Both sides meet in the Store. Who asks writes a value at drains/INSTANCE, with an end, so that no drain lasts for ever. Each proxy keeps a
// value at proxies/ID for as long as it lives, follows drains/, and writes at drained/DRAIN/ID how many of its own requests are left there. The drain
// is complete when each proxy that lives has written 0. Whoever comes later reads drains/ before it takes its first request, and after its own
// value is there: it is waited for, or knows of the drain.
//
// Each drain has an ID of its own, and what is written about it stands below that, so that nothing about one counts for another one, or is
// removed with it. A value at drains/ is only replaced or removed by who knows which one it is (Store.Swap).
package drain

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
)

// Where values stand in the Store.
const (
	drainsAt  = "drains"
	answersAt = "drained"
	proxiesAt = "proxies"
	lockAt    = "locks/drains"
)

const (
	// Longest is how long a drain may last: one that was forgotten ends within a day.
	Longest = 24 * time.Hour
	// skew is how far clocks of hosts may be apart before an end is taken for nonsense.
	skew = time.Hour
	// maxValue bounds what is read of one value, in bytes.
	maxValue = 8 << 10
	// maxDrains bounds how many drains are in effect at once.
	maxDrains = 1000
)

// Drain is an instance that gets no new requests until a time.
type Drain struct {
	// ID is another one for each drain: answers carry it, so that those to an earlier drain of the instance count for nothing.
	ID string `json:"id"`
	// Service, Instance and Node are what the catalogue calls it.
	Service  string `json:"service"`
	Instance string `json:"instance"`
	Node     string `json:"node"`
	Address  string `json:"address"`
	Port     int    `json:"port"`
	Start    string `json:"start,omitempty"` // see discovery.Identity
	// By says who asked, for people: a host's name.
	By    string    `json:"by,omitempty"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	// Kept says of one that Begin has returned that somebody had asked for it before.
	Kept bool `json:"-"`
}

// newDrain is that of an instance.
func newDrain(in *discovery.Instance, until time.Time, by string) Drain {
	return Drain{ID: rand.Text(), Service: in.Service, Instance: in.ID, Node: in.Node, Address: in.Address, Port: in.Port, Start: in.Start, By: by,
		Since: time.Now().UTC(), Until: until.UTC()}
}

// name is the part of keys that stands for the instance.
func (d *Drain) name() string { return discovery.KeyOf(d.Instance) + "@" + discovery.KeyOf(d.Node) }

func (d *Drain) key() string { return drainsAt + "/" + d.name() }

// answers is below what proxies answer.
func (d *Drain) answers() string { return answersAt + "/" + d.ID }

// of is the drain as the Watcher takes it.
func (d *Drain) of() discovery.Drain {
	return discovery.Drain{Until: d.Until, Identity: discovery.Identity{Node: d.Node, ID: d.Instance, Address: d.Address, Port: d.Port, Start: d.Start}}
}

func (d *Drain) value() ([]byte, error) { return json.Marshal(d) }

// parse reads a value, which anybody may have written who may write to the Store.
func parse(key string, value []byte, now time.Time) (d Drain, err error) {
	if err := decode(value, &d); err != nil {
		return d, err
	}
	switch {
	case d.ID == "" || outside.CheckKey(d.ID) != nil || strings.Contains(d.ID, "/"):
		return d, errors.New("its id can't be used")
	case discovery.CheckName(d.Instance) != nil || discovery.CheckName(d.Service) != nil || d.Node != "" && discovery.CheckName(d.Node) != nil || len(d.By) > 512 || len(d.Start) > 512:
		return d, errors.New("it names no instance")
	case key != d.key():
		return d, errors.New("it stands at another instance's key")
	case d.Until.After(now.Add(Longest + skew)):
		return d, fmt.Errorf("it ends later than in %s", Longest)
	}
	if err := discovery.CheckAddress(d.Address, d.Port); err != nil {
		return d, err
	}
	return d, nil
}

func decode(value []byte, into any) error {
	if len(value) > maxValue {
		return fmt.Errorf("it has more than %d bytes", maxValue)
	}
	if err := json.NewDecoder(bytes.NewReader(value)).Decode(into); err != nil {
		return errors.New("it is no JSON of that kind")
	}
	return nil
}
