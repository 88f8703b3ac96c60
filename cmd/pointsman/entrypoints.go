package main

import "github.com/pointsman/pointsman/proxy/dialect"

// entryPoints is a flag that may be repeated, or hold a list with commas, of NAME=LISTENER.
type entryPoints struct {
	text  string
	value *dialect.EntryPoints
}

const entryPointsHelp = "`NAMES` of other languages for listeners: NAME=LISTENER, with commas; NAME= takes one away. web and http are the listener http; websecure, https and secure are https; see pointsman help entry-points"

func (e *entryPoints) String() string { return e.value.String() }

func (e *entryPoints) Set(s string) error {
	text := s
	if e.text != "" {
		text = e.text + "," + s
	}
	parsed, err := dialect.ParseEntryPoints(text)
	if err == nil {
		e.text, e.value = text, parsed
	}
	return err
}
