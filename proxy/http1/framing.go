package http1

// Kind is how the end of a body is told.
type Kind uint8

// The kinds. None is no body at all; Sized may have the length 0.
const (
	None Kind = iota
	Sized
	Chunked
	UntilClose
)

// Framing is a body's framing: one decision per message (RFC 9112 section 6.3). Length counts bytes, and is set for Sized only.
type Framing struct {
	Kind   Kind
	Length int64
}

// Empty says that no bytes of a body follow the head.
func (f Framing) Empty() bool { return f.Kind == None || f.Kind == Sized && f.Length == 0 }

// Limits bound a head. Zero values are no limits.
type Limits struct {
	HeadBytes int
	Fields    int
}

// lengths collects what a message says about its body.
type lengths struct {
	length  int64 // of Content-Length; -1 without
	coded   bool
	chunked bool
}

func (l *lengths) addLength(value string) fault {
	if l.length >= 0 {
		return manyLengths
	}
	n, ok := contentLength(value)
	if !ok {
		return badLength
	}
	l.length = n
	return fine
}

func (l *lengths) addCoding(value string) fault {
	if l.coded {
		return manyCodings
	}
	l.coded = true
	l.chunked = sameFold(value, "chunked")
	if l.chunked {
		return fine
	}
	return codingFault(value)
}

// codingFault tells a coding that we don't know from one that leaves the body without an end: chunked not last, or twice, or no
// coding at all (RFC 9112 section 6.3).
func codingFault(list string) fault {
	before := list
	for i := len(list) - 1; i >= 0; i-- {
		if list[i] == ',' {
			before = list[:i]
			if !sameFold(TrimBlanks(list[i+1:]), "chunked") {
				before = list
			}
			break
		}
	}
	if TrimBlanks(before) == "" || HasToken(before, "chunked") {
		return badCoding
	}
	return unknownCoding
}

// trailerFault refuses the announcement of framing behind the body that it frames (RFC 9110 section 6.5.1).
func trailerFault(list string) fault {
	if HasToken(list, "content-length") || HasToken(list, "transfer-encoding") || HasToken(list, "trailer") {
		return badTrailer
	}
	return fine
}

// contentLength reads 1*DIGIT up to 2^63-1 (RFC 9110 section 8.6).
func contentLength(s string) (int64, bool) {
	const most = 1<<63 - 1
	n := uint64(0)
	for i := 0; i < len(s); i++ {
		d := uint64(s[i]) - '0'
		if d > 9 || n > most/10 {
			return 0, false
		}
		if n = n*10 + d; n > most {
			return 0, false
		}
	}
	return int64(n), s != ""
}
