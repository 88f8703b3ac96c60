package compose

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"
)

// decode reads the first document of a file, whose top is a mapping.
func decode(text []byte) (map[string]any, error) {
	in := yaml.NewDecoder(bytes.NewReader(text))
	var node yaml.Node
	if err := in.Decode(&node); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the file is empty")
		}
		return nil, err
	}
	if in.Decode(&yaml.Node{}) != io.EOF {
		return nil, errors.New("the file has more than one document")
	}
	if (&sizer{known: map[*yaml.Node]int{}}).size(&node, 0) > maxParts {
		return nil, fmt.Errorf("the file has more than %d parts, its aliases counted as what they stand for, or is nested too deep", maxParts)
	}
	var top any
	if err := node.Decode(&top); err != nil {
		return nil, err
	}
	out, ok := texted(top).(map[string]any)
	if !ok {
		return nil, errors.New("it is no mapping at its top")
	}
	return out, nil
}

// sizer counts the parts of a document.
type sizer struct{ known map[*yaml.Node]int }

// maxDepth is far more than Compose's own structure has.
const maxDepth = 100

// size is how many parts a node has, each alias counted as what it stands for; more than maxParts for one that is too deep, or that holds itself.
func (s *sizer) size(n *yaml.Node, depth int) int {
	if depth > maxDepth {
		return maxParts + 1
	}
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return s.size(n.Alias, depth+1)
	}
	if known, ok := s.known[n]; ok {
		return known
	}
	sum := 1
	for _, part := range n.Content {
		if sum += s.size(part, depth+1); sum > maxParts {
			return maxParts + 1
		}
	}
	if n.Anchor != "" {
		s.known[n] = sum
	}
	return sum
}

// texted is a value of YAML whose mappings have texts for keys, as Compose has them.
func texted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = texted(v[key])
		}
	case map[any]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[fmt.Sprint(key)] = texted(value)
		}
		return out
	case []any:
		for i := range v {
			v[i] = texted(v[i])
		}
	}
	return v
}

// clone is a copy of a value of YAML.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[key] = clone(value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = clone(v[i])
		}
		return out
	}
	return v
}

// size is how many parts a value of YAML has.
func size(v any) int {
	sum := 1
	switch v := v.(type) {
	case map[string]any:
		for _, value := range v {
			sum += size(value)
		}
	case []any:
		for _, value := range v {
			sum += size(value)
		}
	}
	return sum
}

// oneLine is an error as one line.
func oneLine(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "..."
	}
	return text
}

// maxText bounds what is said of foreign text.
const maxText = 500

// shown quotes foreign text for people.
func shown(text string) string {
	if len(text) > maxText {
		text = text[:maxText]
	}
	return fmt.Sprintf("%q", text)
}
