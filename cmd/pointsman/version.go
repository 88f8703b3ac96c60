package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker (-X main.version=...); empty in a plain build, which then tells its commit.
var version string

// versionText is the version, or for a plain build the commit, or "devel".
func versionText() string {
	if version != "" {
		return version
	}
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	for _, s := range b.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}

func runVersion(_ context.Context, p program) int {
	fs := newFlags(p, "version", "print the version", "")
	if code, done := fs.parse(0); done {
		return code
	}
	fmt.Fprintf(p.stdout, "pointsman %s (%s, %s/%s)\n", versionText(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return exitOK
}
