package acme

import (
	"crypto"
	"encoding/pem"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// A process that is started again and again orders no more than one that runs on.
func TestOrdersInAnHourOutliveARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, h, _ := newCertificates(t, nil)
		again := func() *Certificates {
			c, _, _ := newCertificates(t, func(o *Options) { o.Storage = h })
			return c
		}
		began := time.Now()
		for i := range perHour {
			if err := again().takeOrder(t.Context()); err != nil {
				t.Fatalf("order %d: %v", i, err)
			}
			time.Sleep(time.Minute)
		}
		var later laterError
		if err := again().takeOrder(t.Context()); !errors.As(err, &later) || !later.until.Equal(began.Add(time.Hour)) {
			t.Errorf("%v", err)
		}
		c := again()
		c.giveBackOrder(t.Context())
		if err := c.takeOrder(t.Context()); err != nil {
			t.Errorf("what was given back can't be taken: %v", err)
		}
		h.values[c.ordersKey()] = []byte("junk")
		if err := c.takeOrder(t.Context()); err != nil {
			t.Errorf("junk stands in the way: %v", err)
		}
		h.fails(fmt.Errorf("the disk is full"))
		if err := c.takeOrder(t.Context()); !errors.As(err, new(storageError)) {
			t.Errorf("%v", err)
		}
	})
}

func TestFailuresOutliveARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, h, _ := newCertificates(t, nil)
		before, err := c.loadFailure(t.Context(), "a.example")
		if err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= 3; n++ {
			var failed failedError
			if err := c.keepFailure(t.Context(), "a.example", before, errors.New("nobody answers")); !errors.As(err, &failed) || !failed.now || failed.Failures != n {
				t.Fatalf("%v", err)
			}
			c, _, _ = newCertificates(t, func(o *Options) { o.Storage = h })
			c.Want([]Wanted{{Name: "a.example"}})
			_, ordered, err := c.obtain(t.Context(), "a.example")
			if !errors.As(err, &failed) || failed.now || failed.Fault != "nobody answers" || ordered {
				t.Errorf("ordered in spite of the failure before: %v", err)
			}
			c.fails(c.names["a.example"], err)
			if at := c.dueAt(c.names["a.example"]); !at.Equal(failed.Until) || at.Before(time.Now().Add(nameBackOff.first<<(n-1))) {
				t.Errorf("failure %d: the next order at %s", n, at)
			}
			time.Sleep(time.Until(failed.Until))
			if before, err = c.loadFailure(t.Context(), "a.example"); err != nil || before.Failures != n {
				t.Errorf("%+v %v", before, err)
			}
		}
		c.dropFailure(t.Context(), "a.example", before)
		if before, err = c.loadFailure(t.Context(), "a.example"); err != nil || before.Failures != 0 {
			t.Errorf("%+v %v", before, err)
		}
		h.values[c.failureKey("b.example")] = []byte(`{"failures":1,"until":"2999-01-01T00:00:00Z"}`) // by a clock that was wrong
		if _, err := c.loadFailure(t.Context(), "b.example"); err != nil {
			t.Errorf("%v", err)
		}
	})
}

// A certificate that can't be stored is in use at once, and stored as soon as that is possible, unless the storage has a newer one by then.
func TestACertificateIsStoredLate(t *testing.T) {
	pair, _ := fixture.Certificate(t, "a.example")
	chain, key := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), pair.PrivateKey.(crypto.Signer)
	for _, taken := range []bool{false, true} {
		c, h, _ := newCertificates(t, nil)
		c.Want([]Wanted{{Name: "a.example"}})
		h.fails(fmt.Errorf("the disk is full"))
		cert, err := c.keep(t.Context(), "a.example", chain, key)
		if cert == nil || !errors.As(err, new(storageError)) {
			t.Fatalf("%v", err)
		}
		n := c.names["a.example"]
		n.cert = cert
		c.fails(n, err)
		if at := c.dueAt(n); !at.Equal(c.storage.until) || at.After(time.Now().Add(time.Minute)) {
			t.Errorf("tried again at %s", at)
		}
		if _, _, err := c.obtain(t.Context(), "a.example"); !errors.As(err, new(storageError)) {
			t.Errorf("%v", err)
		}
		h.fails(nil)
		if taken {
			if h.values[c.certificateKey("a.example")], err = encode(chain, key); err != nil {
				t.Fatal(err)
			}
		}
		stored, _ := c.load(t.Context(), "a.example")
		if done, err := c.keepLate(t.Context(), "a.example", stored); err != nil || done == taken {
			t.Errorf("stored: %t, %v", done, err)
		}
		if stored, err := c.load(t.Context(), "a.example"); err != nil || !stored.Leaf.Equal(cert.Leaf) || n.unstored != nil {
			t.Errorf("%v", err)
		}
	}
}

func TestACorruptAccountIsNoFaultOfTheStorage(t *testing.T) {
	c, h, _ := newCertificates(t, nil)
	for _, text := range []string{"junk", "{}", `{"location":"https://ca.invalid/1","key":"junk"}`} {
		h.values[c.accountKey()] = []byte(text)
		if _, err := c.loadAccount(t.Context()); !errors.As(err, new(corruptError)) {
			t.Errorf("%s: %v", text, err)
		}
		if _, err := c.useAccount(t.Context()); !errors.As(err, new(caError)) { // it asked the CA for another one, which is not there
			t.Errorf("%s: %v", text, err)
		}
	}
}
