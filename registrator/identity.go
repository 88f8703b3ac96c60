package registrator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
)

// RegistratorID takes an ID of Registrator's form apart: host:name:port, with :udp at the end for UDP. The name is at
// least two letters, digits, '_', '.' or '-'; the host is whatever stands before it.
func RegistratorID(id string) (host, name string, port int, udp, ok bool) {
	rest, udp := strings.CutSuffix(id, ":udp")
	rest, number, found := cutLast(rest)
	if !found || number == "" || strings.Trim(number, "0123456789") != "" {
		return "", "", 0, false, false
	}
	host, name, found = cutLast(rest)
	if !found || host == "" || len(name) < 2 || strings.ContainsFunc(name, notContainerName) {
		return "", "", 0, false, false
	}
	port, err := strconv.Atoi(number)
	if err != nil {
		return "", "", 0, false, false
	}
	return host, name, port, udp, true
}

// HasIDForm tells whether an ID has Registrator's form.
func HasIDForm(id string) bool {
	_, _, _, _, ok := RegistratorID(id)
	return ok
}

func cutLast(s string) (before, after string, found bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func notContainerName(r rune) bool { return notMetaKey(r) && r != '.' }

// digestLength is enough of a SHA-256 in hex that two definitions of one service's checks do not meet by chance.
const digestLength = 16

// Digest is a short stable hash of check definitions, for the adapter to keep beside a registration: the catalogue
// does not give definitions back as they were sent. It leaves out what changes while a check lives: status and output
// of the HEALTHCHECK mirror. No checks have a digest too.
func Digest(checks []Check) string {
	plain := make([]Check, 0, len(checks))
	for _, c := range checks {
		if c.ID != "" {
			c.Status, c.Output = "", ""
		}
		if len(c.Header) == 0 {
			c.Header = nil
		}
		if len(c.Script) == 0 {
			c.Script = nil
		}
		plain = append(plain, c)
	}
	// Of strings, bools, and maps and slices of strings: Marshal cannot fail, and sorts the maps.
	text, _ := json.Marshal(plain)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:digestLength]
}
