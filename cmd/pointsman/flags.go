package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// flags is a subcommand's command line: Go's flag syntax, with POINTSMAN_<FLAG> in the environment standing in for a flag
// that was not given.
type flags struct {
	*flag.FlagSet
	p                program
	summary, operand string
	// hint ends every complaint.
	hint string
	// noVariables says that no option is set by the environment.
	noVariables bool
}

// newFlags makes the command line of a subcommand. operand names what follows the options, "" for nothing.
func newFlags(p program, name, summary, operand string) *flags {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	return &flags{FlagSet: fs, p: p, summary: summary, operand: operand, hint: "; see pointsman " + name + " -help"}
}

// parse reads arguments and environment and wants exactly n operands, any number if n is negative. done means that the
// program ends with code: help was asked for (stdout, 0), or the line is bad (one line on stderr, 2).
func (f *flags) parse(n int) (code int, done bool) {
	err := f.Parse(f.p.args)
	if errors.Is(err, flag.ErrHelp) {
		f.help(f.p.stdout)
		return exitOK, true
	}
	if err == nil && !f.noVariables {
		err = f.environment()
	}
	if err == nil && n >= 0 && f.NArg() != n {
		err = f.operandError(n)
	}
	if err != nil {
		return f.refuse(err), true
	}
	return exitOK, false
}

// parseAmong is parse for one operand that may be left out, and that may stand before options.
func (f *flags) parseAmong(operand *string) (code int, done bool) {
	args := f.p.args
	for {
		f.p.args = args
		if code, done = f.parse(-1); done || f.NArg() == 0 {
			return code, done
		}
		if *operand != "" || f.Arg(0) == "" {
			return f.refuse(fmt.Errorf("unexpected argument %q", f.Arg(0))), true
		}
		*operand, args = f.Arg(0), f.Args()[1:]
	}
}

func (f *flags) operandError(n int) error {
	if f.NArg() < n {
		return fmt.Errorf("%s is missing", f.operand)
	}
	return fmt.Errorf("unexpected argument %q (options go before arguments)", f.Arg(n))
}

// refuse prints the one line about a command line that cannot be used, and returns the exit code.
func (f *flags) refuse(err error) int {
	line := strings.NewReplacer("\n", " ", "\r", " ").Replace(err.Error())
	fmt.Fprintf(f.p.stderr, "pointsman %s: %s%s\n", f.Name(), line, f.hint)
	return exitUsage
}

// environment sets each flag that was not given from its variable. An empty variable counts as not set, since compose
// files pass "${X:-}" through.
func (f *flags) environment() error {
	given := map[string]bool{}
	f.Visit(func(g *flag.Flag) { given[g.Name] = true })
	var first error
	f.VisitAll(func(g *flag.Flag) {
		text, ok := f.p.lookup(variable(g.Name))
		if given[g.Name] || !ok || text == "" || first != nil {
			return
		}
		if err := g.Value.Set(text); err != nil {
			first = fmt.Errorf("invalid value %q for %s: %w", text, variable(g.Name), err)
		}
	})
	return first
}

// variable is the name of a flag's environment variable.
func variable(name string) string {
	return "POINTSMAN_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

func (f *flags) help(w io.Writer) {
	fmt.Fprintf(w, "pointsman %s: %s\n\nUsage: pointsman %s [options]", f.Name(), f.summary, f.Name())
	if f.operand != "" {
		fmt.Fprintf(w, " %s", f.operand)
	}
	fmt.Fprint(w, "\n\nOptions:\n")
	f.VisitAll(func(g *flag.Flag) {
		word, text := flag.UnquoteUsage(g)
		fmt.Fprintf(w, "  %s\n      %s%s\n", strings.TrimSpace("-"+g.Name+" "+word), text, defaultText(g))
	})
	if _, found := topic(f.Name()); found {
		fmt.Fprintf(w, "\n'pointsman help %s' tells more.\n", f.Name())
	}
	if f.noVariables {
		return
	}
	fmt.Fprint(w, "\nEach option can be set in the environment too: -some-option is POINTSMAN_SOME_OPTION. The option wins.\n")
}

func defaultText(g *flag.Flag) string {
	switch g.DefValue {
	case "", "false", "0", "0s":
		return ""
	}
	return " (default " + g.DefValue + ")"
}

// given says whether the flag was set on the command line or in its variable.
func (f *flags) given(name string) bool {
	found := false
	f.Visit(func(g *flag.Flag) { found = found || g.Name == name })
	text, ok := f.p.lookup(variable(name))
	return found || (ok && text != "")
}
