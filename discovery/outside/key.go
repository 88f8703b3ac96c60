package outside

import (
	"fmt"
	"io/fs"
	"regexp"
)

// goodKey leaves out what a path or a URL could be misled by. "." and ".." are refused apart.
var goodKey = regexp.MustCompile(`^[\w@.-]+(/[\w@.-]+)*$`)

// MaxKey is Consul's bound on a key (512 bytes are written to the Raft log without complaint), less what stands before it.
const MaxKey = 480

// CheckKey says why a text can't be the key of a value in a shared store: keys are names with slashes between them, without one at either end.
func CheckKey(key string) error {
	if key == "." || len(key) > MaxKey || !goodKey.MatchString(key) || !fs.ValidPath(key) {
		return fmt.Errorf("%.100q is no key", key)
	}
	return nil
}
