package e2e

import (
	"fmt"
	"net"
	"strings"

	"github.com/pointsman/pointsman/examples/lab"
)

// portNames are the variables by which the compose files and the demo know the ports of the commands.
var portNames = map[string][]string{"8080": {"PROXY_PORT"}, "8090": {"ADMIN_PORT"}, "8500": {"CONSUL_PORT"}, "8443": {"DISCOVERY_PORT", "TLS_PORT"},
	"8600": {"DNS_PORT"}, "9999": nil, "8000": nil, "9090": nil, "10000": {"WEBTEST_PORT"}, "10001": {"WEBTEST_PORT_1"}, "10002": {"WEBTEST_PORT_2"},
	"10003": {"WEBTEST_PORT_3"}}

// choosePorts puts other ports in the place of those in the commands: where asWritten, only of those that something else on this machine has.
func (r *reader) choosePorts(asWritten bool) {
	var swap []string
	for port, names := range portNames {
		if asWritten && unused(port) {
			continue
		}
		other := fmt.Sprint(lab.FreePort(r.t))
		if asWritten {
			r.t.Logf("port %s is taken here: using %s", port, other)
		}
		swap = append(swap, ":"+port, ":"+other, "PORT="+port, "PORT="+other)
		for _, name := range names {
			r.env = append(r.env, name+"="+other)
		}
		switch port {
		case "8080":
			r.env = append(r.env, "POINTSMAN_LISTEN=:"+other)
		case "8090":
			r.env = append(r.env, "POINTSMAN_ADMIN=127.0.0.1:"+other)
		}
	}
	r.ports = strings.NewReplacer(swap...)
}

func unused(port string) bool {
	l, err := net.Listen("tcp", ":"+port)
	if err == nil {
		l.Close()
	}
	return err == nil
}
