package traefik

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v4"
)

// Bounds of a file: how deep it is, and how many values it holds.
const maxTree, maxValues = 16, 100_000

// tree is a file as labels: a key for each value.
type tree struct{ labels }

// readFile takes a file apart: TOML where its name ends so, else YAML (and JSON with it).
func readFile(name, content string) (*tree, error) {
	if strings.Contains(content, "{{") {
		return nil, errors.New("the file holds {{: templates are not filled in")
	}
	var root map[string]any
	var err error
	if strings.EqualFold(path.Ext(name), ".toml") {
		err = toml.Unmarshal([]byte(content), &root)
	} else {
		err = yaml.Unmarshal([]byte(content), &root)
	}
	if err != nil {
		return nil, fmt.Errorf("the file can't be read: %w", err)
	}
	t := &tree{labels: labels{routers: map[string]group{}, services: map[string]group{}, middlewares: map[string]group{}, plain: group{}}}
	for _, section := range sortedNames(root) {
		if err := t.section(section, root[section]); err != nil {
			return nil, err
		}
	}
	return t, checkFile(&t.labels)
}

// section takes one of the file's parts apart. Names of routers, services and middlewares may hold dots, which no label's can.
func (t *tree) section(name string, value any) error {
	of, ok, err := namesOf(value)
	if err != nil {
		return err
	}
	if !strings.EqualFold(name, "http") || !ok {
		return t.flatten(t.plain, strings.ToLower(name), strings.ToLower(name), value, 0)
	}
	for _, kind := range sortedNames(of) {
		groups := map[string]map[string]group{"routers": t.routers, "services": t.services, "middlewares": t.middlewares}[strings.ToLower(kind)]
		list, ok, err := namesOf(of[kind])
		if err != nil {
			return err
		}
		key := "http." + strings.ToLower(kind)
		if groups == nil || !ok {
			if err := t.flatten(t.plain, key, key, of[kind], 0); err != nil {
				return err
			}
			continue
		}
		for _, called := range sortedNames(list) {
			lower := strings.ToLower(called)
			if groups[lower] == nil {
				groups[lower] = group{}
			}
			if err := t.flatten(groups[lower], key+"."+lower, "", list[called], 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// flatten adds what stands below a key. A list of plain values is one value, with commas between.
func (t *tree) flatten(to group, key, option string, value any, depth int) error {
	if depth > maxTree || len(t.all) > maxValues {
		return errors.New("the file is too deep, or has too many values")
	}
	join := func(a, b string) string { return strings.TrimPrefix(a+"."+b, ".") }
	if names, ok, err := namesOf(value); err != nil {
		return err
	} else if ok {
		value = names
	}
	switch v := value.(type) {
	case map[string]any:
		if len(v) == 0 {
			t.leaf(to, key, option, "true")
		}
		for _, name := range sortedNames(v) {
			lower := strings.ToLower(name)
			if err := t.flatten(to, key+"."+lower, join(option, lower), v[name], depth+1); err != nil {
				return err
			}
		}
	case []any:
		texts := make([]string, len(v))
		for i, item := range v {
			switch item.(type) {
			case map[string]any, map[any]any, []any:
				at := "[" + strconv.Itoa(i) + "]"
				if err := t.flatten(to, key+at, option+at, item, depth+1); err != nil {
					return err
				}
			default:
				texts[i] = scalar(item)
			}
		}
		if text := strings.Join(texts, ","); strings.Trim(text, ",") != "" || len(v) == 0 {
			t.leaf(to, key, option, text)
		}
	default:
		t.leaf(to, key, option, scalar(v))
	}
	return nil
}

// namesOf is a value whose keys are names. YAML takes one such as 404 for a number, and such a map for one of any keys.
func namesOf(value any) (out map[string]any, ok bool, err error) {
	mixed, ok := value.(map[any]any)
	if !ok {
		out, ok = value.(map[string]any)
		return out, ok, nil
	}
	out = make(map[string]any, len(mixed))
	for key, one := range mixed {
		name := scalar(key)
		if _, twice := out[name]; twice {
			return nil, false, fmt.Errorf("the name %s is given twice", quoted(name))
		}
		out[name] = one
	}
	return out, true, nil
}

func (t *tree) leaf(to group, key, option, value string) {
	l := &label{tag: key + "=" + value, key: key, value: strings.TrimSpace(value)}
	if was := to[option]; was != nil {
		if was.value != l.value {
			was.twice = true
		}
	} else {
		to[option] = l
	}
	t.all = append(t.all, l)
}

func scalar(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case time.Time:
		return v.Format(time.RFC3339)
	}
	return fmt.Sprint(value)
}

func sortedNames[T any](of map[string]T) []string { return slices.Sorted(maps.Keys(of)) }
