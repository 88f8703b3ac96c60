package lab

import "reflect"

// Over is base with the fields of set that are not zero: a test says what it cares about, and the rest is as in a process.
func Over[T any](base, set T) T {
	to, from := reflect.ValueOf(&base).Elem(), reflect.ValueOf(set)
	for i := range from.NumField() {
		if f := from.Field(i); !f.IsZero() {
			to.Field(i).Set(f)
		}
	}
	return base
}
