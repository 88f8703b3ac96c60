package acme

import (
	"bytes"
	"crypto"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/certs/storage"
)

// A certificate that is corrupt, as the storage says or as it shows, is ordered again, and the log says so. It costs no other name anything. A
// secret that is lost is another thing: then all is left as it is.
func TestACorruptCertificateCostsItsName(t *testing.T) {
	pair, _ := fixture.Certificate(t, "good.example")
	good, err := encode(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), pair.PrivateKey.(crypto.Signer))
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	c, h, a := newCertificates(t, func(o *Options) { o.Log = zerolog.New(zerolog.SyncWriter(&log)) })
	h.values[c.certificateKey("good.example")] = good
	h.values[c.certificateKey("junk.example")] = []byte("junk")
	h.values[c.certificateKey("other.example")] = good // of another name
	h.bad = map[string]error{
		c.certificateKey("sealed.example"): fmt.Errorf("open it: %w", storage.ErrCorrupt),
		c.certificateKey("secret.example"): fmt.Errorf("open it: %w", storage.ErrOtherSecret),
	}
	names := []string{"good.example", "junk.example", "other.example", "sealed.example", "secret.example"}
	var list []Wanted
	for _, name := range names {
		list = append(list, Wanted{Name: name})
	}
	c.Want(list)
	c.read(t.Context(), names)
	if len(a.of) != 1 || a.of["good.example"] == nil {
		t.Errorf("in use: %v", a.of)
	}
	for _, name := range names {
		if looked := name != "secret.example"; c.names[name].looked != looked {
			t.Errorf("%s: may be ordered: %t", name, !looked)
		}
		said := strings.Contains(log.String(), `"name":"`+name+`","message":"a stored certificate can't be used, ordering another one"`)
		if corrupt := name != "good.example" && name != "secret.example"; said != corrupt {
			t.Errorf("%s: the log says that it is corrupt: %t; %s", name, said, log.String())
		}
	}
	if _, err := c.load(t.Context(), "sealed.example"); !errors.As(err, new(corruptError)) {
		t.Errorf("%v", err)
	}
}
