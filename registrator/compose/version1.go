package compose

import (
	"errors"
	"fmt"
)

// services are those of a file, as they stand there. A file without the key services whose top holds services is one of Compose's first version.
func services(top map[string]any) (out map[string]any, first bool, err error) {
	switch list := top["services"].(type) {
	case map[string]any:
		out = list
	case nil:
		if out = version1(top); out == nil {
			return nil, false, errors.New("it has no services")
		}
		first = true
	default:
		return nil, false, errors.New("services is no mapping")
	}
	if len(out) > maxServices {
		return nil, first, fmt.Errorf("it has more than %d services", maxServices)
	}
	return out, first, nil
}

// version1 are the services of a file of the first version, with its keys as they are called today; nil where it is none.
func version1(top map[string]any) map[string]any {
	out := map[string]any{}
	for name, raw := range top {
		service, ok := raw.(map[string]any)
		if !ok {
			continue
		}
		_, image := service["image"]
		_, build := service["build"]
		_, extends := service["extends"]
		if image || build || extends {
			renameVersion1(service)
			out[name] = service
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// renameVersion1 changes the keys that later versions have in another form. All of its containers are on Docker's own network.
func renameVersion1(service map[string]any) {
	if mode, ok := service["net"]; ok {
		service["network_mode"] = mode
	} else if _, ok := service["network_mode"]; !ok {
		service["network_mode"] = "bridge"
	}
	if file, ok := service["dockerfile"]; ok {
		service["build"] = map[string]any{"context": service["build"], "dockerfile": file}
	}
	for _, key := range [...]string{"net", "dockerfile", "log_driver", "log_opt", "volume_driver"} { // the last three say nothing of routes
		delete(service, key)
	}
}
