package acme

import (
	"fmt"
	"testing"
	"time"
)

// refusals are why nothing is ordered, by name.
func (c *Certificates) refusals() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]string{}
	for _, n := range c.names {
		if n.wanted && n.refused != "" {
			out[n.text] = n.refused
		}
	}
	return out
}

func TestAContainerGetsFiveNames(t *testing.T) {
	c, _, _ := newCertificates(t, nil)
	var list []Wanted
	for i := range 7 {
		list = append(list, Wanted{Name: fmt.Sprintf("a%d.example", i), Owners: []string{"one"}}, Wanted{Name: fmt.Sprintf("o%d.example", i)})
	}
	list = append(list, Wanted{Name: "z.example", Owners: []string{"one", "two"}})
	c.Want(list)
	got := c.refusals()
	if len(got) != 2 || got["a5.example"] == "" || got["a6.example"] == "" {
		t.Errorf("%v", got)
	}
	c.Want(list[2:]) // one of the first five is gone: the next one may
	if got := c.refusals(); len(got) != 1 || got["a6.example"] == "" {
		t.Errorf("%v", got)
	}
	c.Want(nil)
	if got := c.Statuses(); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestNamesThatMayNotBeOrdered(t *testing.T) {
	c, _, _ := newCertificates(t, func(o *Options) { o.Allowed = func(name string) bool { return name == "a.example" } })
	c.Want([]Wanted{{Name: "a.example"}, {Name: "b.example"}})
	if got := c.refusals(); len(got) != 1 || got["b.example"] == "" {
		t.Errorf("%v", got)
	}
	public, _, _ := newCertificates(t, func(o *Options) { o.Directory = LetsEncrypt })
	public.Want([]Wanted{{Name: "localhost"}, {Name: "web.localhost"}, {Name: "db.local"}, {Name: "shop.example.com"}})
	if got := public.refusals(); len(got) != 3 || got["shop.example.com"] != "" {
		t.Errorf("%v", got)
	}
}

func TestOrdersInAnHour(t *testing.T) {
	var w window
	now := time.Unix(1e9, 0)
	for i := range perHour {
		if _, ok := w.take(now.Add(time.Duration(i) * time.Minute)); !ok {
			t.Fatalf("order %d", i)
		}
	}
	from, ok := w.take(now.Add(30 * time.Minute))
	if ok || !from.Equal(now.Add(time.Hour)) {
		t.Errorf("%s %t", from, ok)
	}
	w.giveBack()
	if _, ok := w.take(now.Add(30 * time.Minute)); !ok {
		t.Error("what was given back can't be taken")
	}
	for i := range 2 * perHour { // never more than perHour in any hour
		w.take(now.Add(time.Hour + time.Duration(i)*time.Second))
	}
	if len(w) > perHour {
		t.Errorf("%d", len(w))
	}
}

func TestBackOff(t *testing.T) {
	b, now := nameBackOff, time.Unix(1e9, 0)
	tries, told := 0, 0
	for end := now.Add(time.Hour); now.Before(end); now = b.until {
		tries++
		if b.fail(now) {
			told++
		}
	}
	if tries > 5 || told != 1 {
		t.Errorf("%d tries and %d lines within the first hour", tries, told)
	}
	for range 100 {
		b.fail(now)
	}
	if wait := b.until.Sub(now); wait < b.most || wait > b.most+b.most/7 {
		t.Errorf("%s", wait)
	}
	if !b.succeed() || b.succeed() || b.failures != 0 || !b.until.IsZero() {
		t.Errorf("%+v", b)
	}
}
