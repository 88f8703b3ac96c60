package registrator

import (
	"encoding/json"
	"os"
	"testing"
)

// The recorded cases: what git HEAD of Registrator sent to Consul for a container, key for key.
func TestHeadSendsTheRecordedBodies(t *testing.T) {
	text, err := os.ReadFile("testdata/registrations_head.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, Host, HostIP string
		Flags              []string
		Container          inspected
		Registrations      []map[string]any
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 40 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, tc := range cases {
		t.Run(tc.Name, func(t *testing.T) {
			o := withFlags(t, Options{Compat: CompatHEAD, Host: tc.Host, HostIP: tc.HostIP}, tc.Flags)
			got, complaints := Desired(tc.Container.container(), nil, o)
			if len(complaints) > 0 {
				t.Errorf("complaints: %v", complaints)
			}
			wantBodies(t, got, tc.Registrations)
			for _, r := range got {
				if r.Owner != (Owner{}) {
					t.Errorf("a mark: %+v", r.Owner)
				}
			}
		})
	}
}
