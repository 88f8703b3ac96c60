package e2e

import (
	"regexp"
	"testing"
)

// leftOut are commands that would run this test again, or measure for minutes.
var leftOut = regexp.MustCompile(`^make (test|test-long|fuzz|bench)\b|^go test .*-(bench|fuzz)\b`)

// changing are commands after which something is to come about, or which wait until it has begun to.
var changing = regexp.MustCompile(`docker-compose|docker (stop|start|cp|rm)|make |--retry|until |sleep |sed -i|\.sh\b|scale|action=break`)

// readingLogs are commands that read what has been written by now: lines reach an access log within a second.
var readingLogs = regexp.MustCompile(`(?m)^(tail|docker logs) `)

// removing are the commands by which a README ends: what they remove is gone with their end.
var removing = regexp.MustCompile(`(?m)^(docker-compose|make)( -\S+ \S+)* down\b`)

// making are commands that write into bin/, which all readers share.
var making = regexp.MustCompile(`\bmake (up|apps|images|build)\b|\bgo build\b`)

// onlyLooks says that whoever types the next commands at once sees what they would see later.
func onlyLooks(commands string) bool {
	return !changing.MatchString(commands) || removing.MatchString(commands)
}

func TestOnlyLooks(t *testing.T) {
	for commands, want := range map[string]bool{
		"curl -s http://localhost:8080/": true, "for i in $(seq 20); do curl -s http://x/; done | sort | uniq -c": true, "bin/pointsman check -tag 'x=a/'": true,
		"docker logs --tail 6 x": true, "cd x\ndocker-compose down -v\nrm -r pem": true, "docker-compose --profile more down": true, "docker-compose scale web=1\nmake down": true,
		"make up": false, "docker-compose up -d": false, "docker-compose stop down": false, "bin/pointsman scale web=5": false, "curl -fsS --retry 30 http://x/": false,
		"docker stop x": false, "./drill.sh 3 503 2s": false, "sed -i s/a/b/ x\ncurl x": false,
	} {
		if onlyLooks(commands) != want {
			t.Errorf("%q only looks: %t", commands, !want)
		}
	}
}
