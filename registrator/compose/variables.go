package compose

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/consts"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
)

// environment are the variables that a file may name: those of the process, and behind them those of .env or of the files given instead.
func environment(folder string, o Options) (types.Mapping, error) {
	own := map[string]string{}
	for _, line := range o.Environ {
		if key, value, ok := strings.Cut(line, "="); ok {
			own[key] = value
		}
	}
	files := o.EnvFiles
	if files == nil {
		if usual := filepath.Join(folder, ".env"); checkFile(usual) == nil {
			files = []string{usual}
		}
	}
	for _, file := range files {
		if err := checkFile(file); err != nil {
			return nil, err
		}
	}
	all, err := dotenv.GetEnvFromFile(own, files)
	if err != nil {
		return nil, errors.New(oneLine(err))
	}
	maps.Copy(all, own)
	return all, nil
}

// substitute replaces the variables of a text, without a log of its own.
func substitute(text string, mapping template.Mapping) (string, error) {
	return template.SubstituteWithOptions(text, mapping, template.WithoutLogging)
}

// unset tells which variables a service names that have no value: Compose puts nothing in their place.
func (r *reader) unset(parts map[string]any) (out []string) {
	names := map[string]bool{}
	r.eachUnset(parts, names)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		out = append(out, fmt.Sprintf("the variable %s has no value: nothing stands in its place", shown(name)))
	}
	return out[:min(len(out), maxPorts)]
}

// eachUnset adds the variables without a value in the texts of v. A default of one text is none of another.
func (r *reader) eachUnset(v any, names map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for _, value := range v {
			r.eachUnset(value, names)
		}
	case []any:
		for _, value := range v {
			r.eachUnset(value, names)
		}
	case string:
		if !strings.Contains(v, "$") {
			return
		}
		for name, found := range template.ExtractVariables(map[string]any{"": v}, nil) {
			if _, set := r.env[name]; !set && !found.Required && found.DefaultValue == "" && found.PresenceValue == "" && !emptyDefault(v, name) {
				names[name] = true
			}
		}
	}
}

// emptyDefault says whether a text has ${NAME:-} or the like: then nothing is what its author put there.
func emptyDefault(text, name string) bool {
	return slices.ContainsFunc([]string{":-", "-", ":+", "+"}, func(word string) bool { return strings.Contains(text, "${"+name+word) })
}

// name finds the project's name, as Compose does: given, COMPOSE_PROJECT_NAME, the key name, the folder's name.
func (r *reader) name(given string) error {
	if given == "" {
		given = r.env[consts.ComposeProjectName]
	}
	if own, ok := r.top["name"].(string); given == "" && ok && !r.project.Version1 {
		text, err := substitute(own, r.lookup)
		if err != nil {
			return fmt.Errorf("name: %s", oneLine(err))
		}
		given = text
	}
	if given == "" {
		given = filepath.Base(r.folder)
	}
	if r.project.Name = loader.NormalizeProjectName(given); r.project.Name == "" {
		r.project.Name = "default"
	}
	return nil
}

func (r *reader) lookup(name string) (string, bool) {
	value, ok := r.env[name]
	return value, ok
}

// checkFile says why a file that is named somewhere is not read.
func checkFile(name string) error {
	at, err := os.Stat(name)
	switch {
	case err != nil:
		return err
	case !at.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file", shown(name))
	case at.Size() > maxFile:
		return fmt.Errorf("%s is larger than %d bytes", shown(name), maxFile)
	}
	return nil
}

func readBounded(name string) ([]byte, error) {
	if err := checkFile(name); err != nil {
		return nil, err
	}
	return os.ReadFile(name)
}
