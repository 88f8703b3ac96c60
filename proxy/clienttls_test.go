package proxy

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/http1"
)

// A subject is a field value, whatever an authority has put into it.
func TestSubjects(t *testing.T) {
	raw := func(n pkix.Name) []byte {
		der, err := asn1.Marshal(n.ToRDNSequence())
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	for _, c := range []struct {
		raw  []byte
		want string
		ok   bool
	}{
		{raw(pkix.Name{}), "", true},
		{raw(pkix.Name{CommonName: "anna", Organization: []string{"A, B"}, Country: []string{"DE"}}), `CN=anna,O=A\, B,C=DE`, true},
		{raw(pkix.Name{CommonName: "a\r\nX-Admin: 1"}), `CN=a\0D\0AX-Admin: 1`, true},
		{raw(pkix.Name{CommonName: "Jürgen"}), `CN=J\C3\BCrgen`, true},
		{raw(pkix.Name{CommonName: " a "}), `CN=\ a\ `, true},
		{raw(pkix.Name{CommonName: strings.Repeat("x", maxSubject)}), "", false},
		{[]byte("junk"), "", false},
		{nil, "", false},
	} {
		text, ok := subjectOf(&x509.Certificate{RawSubject: c.raw})
		if text != c.want || ok != c.ok {
			t.Errorf("%q, %v; want %q, %v", text, ok, c.want, c.ok)
		}
		if !http1.ValidValue(text) {
			t.Errorf("%q is no field value", text)
		}
	}
}

func FuzzSubject(f *testing.F) {
	for _, text := range []string{"anna", "a\r\nb", " ", "\x00", "ü"} {
		der, err := asn1.Marshal(pkix.Name{CommonName: text}.ToRDNSequence())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		if text, _ := subjectOf(&x509.Certificate{RawSubject: der}); !http1.ValidValue(text) || len(text) > maxSubject {
			t.Errorf("%q is no field value", text)
		}
	})
}
