package registrator

import "testing"

// Compose v2 lists an exposed port as "80" beside the image's "80/tcp".
func TestPortWithoutProtocolIsTheSamePort(t *testing.T) {
	c := Container{ID: "01cafecafeca0000", Name: "/web", Image: "web", NetworkMode: "bridge", IPAddress: "172.17.0.5",
		Exposed: []string{"80", "80/tcp"}, Env: []string{"SERVICE_NAME=web"}}
	c.State.Running = true
	registrations, complaints := Desired(c, nil, Options{Internal: true, Host: "h"})
	if len(registrations) != 1 || registrations[0].Name != "web" || registrations[0].Port != 80 || len(complaints) != 0 {
		t.Errorf("%+v %v, want one service web on port 80", registrations, complaints)
	}
}
