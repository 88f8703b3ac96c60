package consul

import (
	"encoding/json"
	"testing"
)

func TestKindIsCarried(t *testing.T) {
	var answer []entry
	text := `[{"Node":{"Node":"n","Address":"10.0.0.1"},"Service":{"Kind":"connect-proxy","ID":"w-sidecar-proxy","Service":"web","Port":21000}}]`
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	if got, _, err := instances(answer, ""); err != nil || len(got) != 1 || got[0].Kind != "connect-proxy" {
		t.Errorf("%+v, %v", got, err)
	}
}
