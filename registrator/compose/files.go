package compose

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// boundedFiles keeps Compose's library from files of extends that are none, or too large. All others it reads itself.
type boundedFiles struct{ folder string }

// Accept implements loader.ResourceLoader.
func (b boundedFiles) Accept(name string) bool {
	err := checkFile(b.absolute(name))
	return err != nil && !errors.Is(err, os.ErrNotExist)
}

// Load implements loader.ResourceLoader.
func (b boundedFiles) Load(_ context.Context, name string) (string, error) {
	return "", checkFile(b.absolute(name))
}

// Dir implements loader.ResourceLoader.
func (b boundedFiles) Dir(name string) string { return filepath.Dir(b.absolute(name)) }

func (b boundedFiles) absolute(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(b.folder, name)
}
