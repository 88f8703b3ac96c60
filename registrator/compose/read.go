package compose

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/consts"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// Options are what Compose takes from its command line and the environment. The zero value has no variables.
type Options struct {
	// EnvFiles take the place of the file .env beside the Compose file; of a variable in several of them the last one counts.
	EnvFiles []string
	// Environ are the process's variables as KEY=value; they go before those of files.
	Environ []string
	// Name is the project's; "" is the one that Compose would take.
	Name string
}

// Read reads a file. An error is about the file as a whole; what is wrong with one service stands in its Err. It reads the files that the
// file names (env_file, label_file, extends) and no others.
func Read(ctx context.Context, file string, o Options) (*Project, error) {
	text, err := readBounded(file)
	if err != nil {
		return nil, err
	}
	folder, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return parse(ctx, text, filepath.Join(folder, filepath.Base(file)), o)
}

// parse reads the text of a file that stands at path.
func parse(ctx context.Context, text []byte, path string, o Options) (*Project, error) {
	top, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %s", filepath.Base(path), oneLine(err))
	}
	r := &reader{path: path, folder: filepath.Dir(path), top: top, project: &Project{}}
	if r.env, err = environment(r.folder, o); err != nil {
		return nil, err
	}
	if r.services, r.project.Version1, err = services(top); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	if err := r.name(o.Name); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	if _, has := top["include"]; has && !r.project.Version1 {
		r.project.Notes = append(r.project.Notes, "include: the files that it names are not read; check them by themselves")
	}
	for _, name := range slices.Sorted(maps.Keys(r.services)) {
		r.project.Services = append(r.project.Services, r.service(ctx, name))
	}
	r.shareNetworks()
	return r.project, nil
}

// reader is the work on one file.
type reader struct {
	path, folder string
	top          map[string]any
	services     map[string]any
	env          types.Mapping
	project      *Project
	networks     map[string]int // the networks met, by their names in Docker, and their numbers
	made         int            // containers so far
	attached     int            // of those, in networks
	work         int            // parts of services read so far, with what they extend
	published    int            // ports of the host that Docker would choose, so far
}

// service reads one of them.
func (r *reader) service(ctx context.Context, name string) *Service {
	s := &Service{Name: name}
	config, err := r.load(ctx, s)
	if err == nil {
		err = r.fill(s, config)
	}
	if err != nil {
		return &Service{Name: name, Err: errors.New(r.plain(err))}
	}
	return s
}

// load has Compose's library read one service, and those of the file that it extends.
func (r *reader) load(ctx context.Context, s *Service) (*types.ServiceConfig, error) {
	parts, err := r.chain(s.Name)
	if err != nil {
		return nil, err
	}
	s.Notes = append(s.Notes, r.unset(parts)...)
	details := types.ConfigDetails{
		WorkingDir:  r.folder,
		ConfigFiles: []types.ConfigFile{{Filename: r.path, Config: map[string]any{"services": parts}}},
		Environment: maps.Clone(r.env),
	}
	details.Environment[consts.ComposeProjectName] = r.project.Name
	project, err := loader.LoadWithContext(ctx, details, func(o *loader.Options) {
		o.SetProjectName(r.project.Name, true)
		o.Interpolate.Substitute = substitute
		o.SkipConsistencyCheck, o.SkipInclude, o.SkipResolveEnvironment, o.SkipResolveLabels = true, true, true, true
		o.Profiles = []string{"*"}
		o.ResourceLoaders = []loader.ResourceLoader{boundedFiles{r.folder}}
	})
	if err != nil {
		return nil, err
	}
	for name := range project.Services {
		if name != s.Name {
			delete(project.Services, name)
		}
	}
	if err := r.dropFiles(s, project); err != nil {
		return nil, err
	}
	if project, err = project.WithServicesEnvironmentResolved(true); err != nil {
		return nil, err
	}
	if project, err = project.WithServicesLabelsResolved(true); err != nil {
		return nil, err
	}
	config, err := project.GetService(s.Name)
	return &config, err
}

// dropFiles takes files with variables or labels out that are not there: the rest of the service can be read without.
func (r *reader) dropFiles(s *Service, p *types.Project) error {
	config := p.Services[s.Name]
	var wrong error
	missing := func(what, file string, required bool) bool {
		err := checkFile(file)
		if errors.Is(err, os.ErrNotExist) {
			if required {
				s.Notes = append(s.Notes, fmt.Sprintf("%s: there is no file %s: what it holds is missing here, and Compose does not start the service without it", what, shown(r.relative(file))))
			}
			return true
		}
		wrong = errors.Join(wrong, err)
		return err != nil
	}
	config.EnvFiles = slices.DeleteFunc(slices.Clone(config.EnvFiles), func(f types.EnvFile) bool { return missing("env_file", f.Path, bool(f.Required)) })
	config.LabelFiles = slices.DeleteFunc(slices.Clone(config.LabelFiles), func(f string) bool { return missing("label_file", f, true) })
	p.Services[s.Name] = config
	return wrong
}

func (r *reader) relative(file string) string {
	if rest, ok := strings.CutPrefix(file, r.folder+string(filepath.Separator)); ok {
		return rest
	}
	return file
}

// chain is a service and those of the same file that it extends, each a copy that Compose's library may change.
func (r *reader) chain(name string) (map[string]any, error) {
	parts := map[string]any{}
	for next := name; next != ""; {
		if _, again := parts[next]; again || len(parts) == maxChain {
			return nil, fmt.Errorf("extends: %s extends itself, or more than %d services", shown(name), maxChain)
		}
		raw, ok := r.services[next]
		if !ok {
			return nil, fmt.Errorf("extends: there is no service %s", shown(next))
		}
		if r.work += size(raw); r.work > maxWork {
			return nil, fmt.Errorf("extends: the services of the file are more than %d parts, each counted with what it extends", maxWork)
		}
		if err := r.checkPorts(raw); err != nil {
			return nil, err
		}
		parts[next] = clone(raw)
		next = extended(raw)
	}
	return parts, nil
}

// plain is an error of Compose's library in one line, without what says nothing to who wrote the file.
func (r *reader) plain(err error) string {
	text := strings.TrimPrefix(oneLine(err), "validating "+r.path+": ")
	if key, ok := strings.CutSuffix(text, " false schema"); ok {
		text = key + " is no key that Compose knows"
	}
	return text
}

// extended is the service of the same file that one extends; "" for none.
func extended(raw any) string {
	service, _ := raw.(map[string]any)
	switch e := service["extends"].(type) {
	case string:
		return e
	case map[string]any:
		if name, ok := e["service"].(string); ok && e["file"] == nil {
			return name
		}
	}
	return ""
}
