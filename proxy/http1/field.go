package http1

import "slices"

// Field is one header or trailer field: the name in any case, the value without surrounding blanks. In a parsed message both are
// views into the bytes that were parsed, and good for as long as these are.
type Field struct {
	Name, Value string
	known       Known
}

// NewField makes a field, and looks up which it is.
func NewField(name, value string) Field {
	return Field{name, value, lookUp(name)}
}

// Known says which field it is; a Field that was neither parsed nor made by NewField is looked up each time.
func (f Field) Known() Known {
	if f.known != 0 {
		return f.known
	}
	return lookUp(f.Name)
}

func lookUp(name string) Known {
	seen, all := class(0), inToken
	for i := 0; i < len(name); i++ {
		c := classes[name[i]]
		seen |= c
		all &= c
	}
	if all == 0 && seen&under == 0 {
		return Other
	}
	return know(name, seen)
}

// moreFields is for how many fields there is room at first: what browsers send.
const moreFields = 16

// appendFields reads the field lines that begin at i and the empty line, which must end head (RFC 9112 section 5). text is head
// as a string. A most of 0 is no limit.
func appendFields(fields []Field, head []byte, text string, i, most int) ([]Field, fault) {
	for {
		if i >= len(head) {
			return fields, unended
		}
		begin := i
		var seen class
		for ; i < len(head); i++ {
			c := classes[head[i]]
			if c&inToken == 0 {
				break
			}
			seen |= c
		}
		if i == begin {
			return fields, lineWithoutName(head, i)
		}
		if i == len(head) || head[i] != ':' {
			return fields, badName
		}
		name := text[begin:i]
		for i++; i < len(head) && blank(head[i]); i++ {
		}
		begin = i
		i = valueEnd(head, i)
		if i+1 >= len(head) || head[i] != '\r' || head[i+1] != '\n' {
			return fields, badValue
		}
		end := i
		for end > begin && blank(head[end-1]) {
			end--
		}
		if len(fields) == most && most > 0 {
			return fields, tooManyFields
		}
		if len(fields) == cap(fields) {
			fields = slices.Grow(fields, moreFields)
		}
		fields = fields[:len(fields)+1]
		f := &fields[len(fields)-1]
		f.Name, f.Value, f.known = name, text[begin:end], know(name, seen)
		i += 2
	}
}

// lineWithoutName is fine for the empty line that ends the head.
func lineWithoutName(head []byte, i int) fault {
	switch {
	case blank(head[i]):
		return folded
	case head[i] != '\r':
		return badName
	case i+1 == len(head):
		return unended
	case head[i+1] != '\n':
		return badName
	case i+2 != len(head):
		return afterEnd
	}
	return fine
}

func blank(c byte) bool { return c == ' ' || c == '\t' }
