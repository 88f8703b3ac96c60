// Package convert holds what the converters of other programs' configuration files have in common: what they make of the files, as routes and
// options of the process, and what became of each directive. Subpackages read the files. Text goes in, a Result comes out; nothing here does
// I/O.
//
// A route is never more open than the file says: what restricts and can't be carried over makes a route that lets nobody in (Route.Close), and a
// directive that no converter marks is reported as not supported.
package convert

// File is one that is to be converted, or a part of one.
type File struct {
	// Name is what the report calls it.
	Name string
	Text string
	// Lines are the numbers that the report gives to the lines of Text; nil numbers them from 1.
	Lines []int
}

// Line is the number that the report gives to a line of the text, which counts from 1.
func (f *File) Line(number int) int {
	if number >= 1 && number <= len(f.Lines) {
		return f.Lines[number-1]
	}
	return number
}

// Result is what files become.
type Result struct {
	// Routes are in the order of the files.
	Routes []*Route
	// Options are those of the process.
	Options []Option
	// Report has a remark for each directive, in the order of the files.
	Report Report
}

// Option is one of the process: its name without the dash, and its value, "" where it has none.
type Option struct{ Name, Value string }

// AddOption adds an option of the process, once.
func (r *Result) AddOption(name, value string) {
	for _, o := range r.Options {
		if o == (Option{name, value}) {
			return
		}
	}
	r.Options = append(r.Options, Option{name, value})
}
