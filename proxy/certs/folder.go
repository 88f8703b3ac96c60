package certs

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Files are a certificate with its chain and its key, in PEM; both may be in one file.
type Files struct{ Cert, Key string }

// maxFolder is how many entries of a folder are looked at.
const maxFolder = 20000

// load reads both files. The stamp is taken first: a write in between shows as a change next time.
func (f Files) load() (*tls.Certificate, [2]fileStamp, error) {
	stamp, err := f.stamp()
	if err != nil {
		return nil, stamp, fmt.Errorf("read certificate: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, stamp, fmt.Errorf("read certificate %s with key %s: %w", f.Cert, f.Key, err)
	}
	return &pair, stamp, nil
}

func (f Files) stamp() (stamp [2]fileStamp, err error) {
	for i, name := range [...]string{f.Cert, f.Key} {
		if stamp[i], err = stampOf(name); err != nil {
			return stamp, err
		}
	}
	return stamp, nil
}

// isDefault says whether the files' name is that of the default in a folder.
func (f Files) isDefault() bool {
	return trimKind(filepath.Base(f.Cert)) == "default" || filepath.Base(filepath.Dir(f.Cert)) == "default"
}

func trimKind(name string) string { return strings.TrimSuffix(name, filepath.Ext(name)) }

// inFolder are the names of a pair within a folder of its own, as programs that get certificates lay them; NAME stands for the folder's name.
var inFolder = []Files{
	{"fullchain.pem", "privkey.pem"}, // certbot
	{"fullchain.pem", "key.pem"},     // acme-companion, beside nginx-proxy
	{"fullchain.cer", "NAME.key"},    // acme.sh
	{"NAME.crt", "NAME.key"},         // Caddy
	{"tls.crt", "tls.key"},           // mounted secrets
	{"cert.pem", "key.pem"},
}

// list finds the pairs of a folder: NAME.crt, NAME.cer or NAME.pem with NAME.key or NAME-key.pem (nginx-proxy, lego, mkcert), NAME.pem with
// both (HAProxy), and a folder for each name one level down. What begins with a dot is passed over. For which names a certificate is, it
// says itself; how its file is called does not matter, but for "default".
func list(folder string) ([]Files, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	if len(entries) > maxFolder {
		return nil, fmt.Errorf("%s has %d entries, more than %d", folder, len(entries), maxFolder)
	}
	there := make(map[string]bool, len(entries))
	for _, e := range entries {
		there[e.Name()] = true
	}
	var out []Files
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") {
			continue
		}
		if key, ok := keyOf(name, there); ok {
			out = append(out, Files{filepath.Join(folder, name), filepath.Join(folder, key)})
			continue
		}
		if e.IsDir() || e.Type()&os.ModeSymlink != 0 {
			if f, ok := below(filepath.Join(folder, name), name); ok {
				out = append(out, f)
			}
		}
	}
	return out, nil
}

// keyOf is the file of the key that belongs to a certificate's file.
func keyOf(name string, there map[string]bool) (key string, ok bool) {
	base := trimKind(name)
	switch filepath.Ext(name) {
	case ".crt", ".cer":
		return base + ".key", there[base+".key"]
	case ".pem":
		for _, key := range []string{base + ".key", base + "-key.pem"} {
			if there[key] {
				return key, true
			}
		}
		return name, holdsBoth(name)
	}
	return "", false
}

// holdsBoth says whether a file that stands alone is taken for a certificate with its key: nginx-proxy lays .chain.pem and .dhparam.pem beside
// its pairs, which hold neither.
func holdsBoth(name string) bool {
	base := trimKind(name)
	for _, other := range []string{"chain", "fullchain", "dhparam", "cert", "key", "privkey"} {
		if base == other || strings.HasSuffix(base, "."+other) || strings.HasSuffix(base, "-"+other) {
			return false
		}
	}
	return true
}

// below finds the pair of a name's own folder.
func below(folder, name string) (Files, bool) {
	for _, of := range inFolder {
		f := Files{filepath.Join(folder, strings.Replace(of.Cert, "NAME", name, 1)), filepath.Join(folder, strings.Replace(of.Key, "NAME", name, 1))}
		if _, err := f.stamp(); err == nil {
			return f, true
		}
	}
	return Files{}, false
}

// files are all pairs, in the order in which the default is looked for.
func (s *Set) files() []Files { return slices.Concat(s.o.Pairs, s.more, s.folder) }

// readFolder lists the folder. One that can't be read keeps what was in it.
func (s *Set) readFolder() {
	if s.o.Folder == "" {
		return
	}
	found, err := list(s.o.Folder)
	if err != nil {
		if s.fault != err.Error() {
			s.fault = err.Error()
			s.o.Log.Warn().Err(err).Msg("the folder of certificates can't be read, keeping those that were in it")
		}
		return
	}
	s.folder, s.fault = found, ""
}

// drop forgets pairs that are no longer there.
func (s *Set) drop(files []Files, sure bool) (changed bool) {
	there := make(map[Files]bool, len(files))
	for _, f := range files {
		there[f] = true
	}
	s.leaving = s.leaving[:0]
	for f, h := range s.held {
		if there[f] {
			continue
		}
		if h.missing++; h.missing < goneAfter && !sure {
			s.leaving = append(s.leaving, f)
			continue
		}
		delete(s.held, f)
		if h.pair != nil {
			changed = true
			s.o.Log.Info().Str("file", f.Cert).Msg("certificate removed")
		}
	}
	return changed
}
