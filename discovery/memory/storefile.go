package memory

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
)

// storeFile is the file's content. Values are in base64.
type storeFile struct {
	Values map[string][]byte `json:"values"`
}

// maxStoreFile bounds the file in bytes: what a Store has room for, in base64, with its keys.
const maxStoreFile = 2*discovery.MaxValueBytes + 600*discovery.MaxValues

// readStore is what the file holds; nothing where there is none.
func readStore(path string) (map[string][]byte, error) {
	if path == "" {
		return map[string][]byte{}, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string][]byte{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	defer f.Close()
	if at, err := f.Stat(); err != nil || !at.Mode().IsRegular() { // a pipe would never end
		return nil, fmt.Errorf("open the store: %s is no regular file", path)
	}
	var content storeFile
	if err := json.NewDecoder(io.LimitReader(f, maxStoreFile)).Decode(&content); err != nil {
		return nil, fmt.Errorf("read the store %s: %w; remove the file to begin with none", path, err)
	}
	out := make(map[string][]byte, len(content.Values))
	for key, value := range content.Values {
		if err := outside.CheckKey(key); err != nil {
			return nil, fmt.Errorf("read the store %s: %w; remove the file to begin with none", path, err)
		}
		out[key] = value
	}
	return out, nil
}

func writeStore(path string, values map[string][]byte) error {
	if path == "" {
		return nil
	}
	if err := discovery.ReplaceFile(path, storeFile{Values: values}); err != nil {
		return fmt.Errorf("write the store: %w", err)
	}
	return nil
}
