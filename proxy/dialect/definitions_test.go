package dialect

import (
	"fmt"
	"testing"
)

func defines(owner, name string, tags ...string) *Definition {
	return &Definition{Name: name, Owner: owner, Tags: tags}
}

// found is the first tag of what a name means to a stranger.
func found(d *Definitions, name string) string {
	f, err := d.Find(name, "stranger", nil)
	if err != nil {
		return "refused"
	}
	return f.Tags[0]
}

func TestDefinitions(t *testing.T) {
	type list = []*Definition
	var d *Definitions
	state := map[string]list{}
	for i, c := range []struct {
		service string
		is      list
		changed int
		want    string
	}{
		{"a", nil, 0, "refused"},
		{"a", list{defines("a", "m", "1")}, 1, "1"},
		{"a", list{defines("a", "m", "1")}, 0, "1"},
		{"b", list{defines("b", "m", "1")}, 1, "1"},       // the same
		{"b", list{defines("b", "m", "2")}, 1, "refused"}, // another one
		{"c", list{defines("c", "n", "2")}, 1, "refused"},
		{"b", nil, 1, "1"},
		{"a", nil, 1, "1"}, // the last one
		{"c", list{defines("c", "m", "3")}, 2, "3"},
		{"c", nil, 1, "3"},
		{"a", list{defines("a", "m", "1"), defines("a", "m", "2")}, 1, "refused"}, // replicas that differ
		{"a", nil, 1, "refused"},
	} {
		e := d.Edit()
		e.Change(c.service, state[c.service], SortedDefinitions(c.is))
		next, changed := e.Done(nil)
		if len(changed) != c.changed || found(next, "m") != c.want {
			t.Errorf("%d: %d changed, m is %s; want %d, %s", i, len(changed), found(next, "m"), c.changed, c.want)
		}
		if before := d; i > 0 && c.changed == 0 && next != before {
			t.Errorf("%d: equal content made another one", i)
		}
		d, state[c.service] = next, c.is
	}
}

// An instance's own definition holds for it, whatever other replicas of the same owner say, and is refused where another owner's differs.
func TestOwnDefinition(t *testing.T) {
	one, two := defines("a", "m", "1"), defines("a", "m", "2")
	e := (*Definitions)(nil).Edit()
	e.Change("a-80", nil, []*Definition{one, two})
	e.Change("a-90", nil, []*Definition{two})
	d, _ := e.Done(nil)
	for _, own := range []*Definition{one, two} {
		if f, err := d.Find("m", "a", own); f != own || err != nil {
			t.Errorf("%v: %v, %v", own, f, err)
		}
	}
	if f, err := d.Find("m", "b", defines("b", "m", "1")); err == nil {
		t.Errorf("another owner's: %v", f)
	}
	if f, err := (*Definitions)(nil).Find("m", "a", one); f != one || err != nil {
		t.Errorf("alone: %v, %v", f, err)
	}
}

// What is kept of instances that went is bounded; what routes use goes last.
func TestDefinitionsThatAreKept(t *testing.T) {
	var d *Definitions
	for i := range maxGone + 10 {
		name := fmt.Sprintf("m%05d", i)
		for _, change := range [][2][]*Definition{{nil, {defines("a", name, "1")}}, {{defines("a", name, "1")}, nil}} {
			e := d.Edit()
			e.Change("a", change[0], change[1])
			d, _ = e.Done(func(name string) bool { return name == "m00000" })
		}
	}
	if d.gone != maxGone || len(d.names) != maxGone || found(d, "m00000") != "1" || found(d, "m00001") != "refused" {
		t.Errorf("%d kept, %d names, m00000 is %s, m00001 is %s", d.gone, len(d.names), found(d, "m00000"), found(d, "m00001"))
	}
	e := d.Edit()
	e.Change("b", nil, []*Definition{defines("b", "m00000", "1")})
	if d, _ = e.Done(nil); d.gone != maxGone-1 {
		t.Errorf("%d kept", d.gone)
	}
}
