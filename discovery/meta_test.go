package discovery

import (
	"testing"

	"github.com/pointsman/pointsman/discovery/outside"
)

// What is no port is unknown: anybody may have written it.
func TestContainerPort(t *testing.T) {
	for text, want := range map[string]int{"80": 80, "65535": 65535, "65536": 0, "-1": 0, "": 0, "0": 0, "80x": 0, " 80": 0, "+80": 0, "99999999999999999999": 0} {
		i := Instance{Meta: map[string]string{outside.MetaPort: text}}
		if got := i.ContainerPort(); got != want {
			t.Errorf("%q is %d, want %d", text, got, want)
		}
	}
	if got := new(Instance).ContainerPort(); got != 0 {
		t.Errorf("no Meta: %d", got)
	}
}
