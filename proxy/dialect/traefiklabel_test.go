package dialect

import "testing"

// The keys of Traefik 1 are told from those of later versions, and their properties from the names of segments.
func TestKeysOfTraefik1(t *testing.T) {
	for key, want := range map[string]string{
		"port": "/port", "backend": "/backend", "frontend.rule": "/frontend.rule", "backend.healthcheck.port": "/backend.healthcheck.port", "admin.port": "admin/port",
		"admin.frontend.auth.basic": "admin/frontend.auth.basic", "http.frontend.rule": "http/frontend.rule", "http.port": "http/port", "my.app.weight": "my.app/weight",
		"backend1.port": "backend1/port", "frontends.frontend.rule": "frontends/frontend.rule", "frontent.auth.basic": "/frontent.auth.basic", "x.fontend.rule": "x/fontend.rule",
		"enable": "", "docker.network": "", "tags": "", "http.routers.r.rule": "", "http.services.s.loadbalancer.server.port": "", "http.service.s.loadbalancer.server.port": "",
		"tcp.services.s.loadbalancer.server.port": "", "http.middlewares.frontend.headers.framedeny": "", "tls.stores.x": "", "frontend": "", "what": "",
	} {
		segment, property, ok := Traefik1(key)
		if got := segment + "/" + property; ok != (want != "") || ok && got != want {
			t.Errorf("%s: %s %t, want %s", key, got, ok, want)
		}
	}
}
