package dialect

// What follows is for those who write lines: converters of other programs' configuration.

// Concerns says what the option of a name is about: which requests its route takes, or how one instance is asked. Of others, which are about the
// route as a whole, and of names of no option, both are false.
func Concerns(name string) (requests, instance bool) {
	o := optionByName[name]
	return o != nil && o.scope == scopeMatch, o != nil && o.scope == scopeInstance
}

// Restriction says whether the option of a name narrows who may use a route, or sounds so.
func Restriction(name string) bool { return (&line{}).restriction(name) }
