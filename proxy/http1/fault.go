// Package http1 frames HTTP/1.x messages: bytes in, decisions out. It does no I/O, has no state beside its values, and allocates nothing
// once their slices have grown. It is strict where RFC 9112 leaves a choice, since whoever reads a message behind us may choose
// differently: what it accepts has one meaning.
//
// In the order in which a connection needs them: Head finds the end of a head in the bytes that have arrived; Request.Parse and
// Response.Parse read it, and Request.Assemble makes the same of HTTP/2's parts; Framing is the one decision about how the end of the
// body is told; Body decodes that body. Append… functions write what goes on. What is refused is an *Error with a status and a text.
package http1

// Error says why bytes are refused. A connection that brought one can't be used again: where the next message would begin is unknown.
type Error struct {
	// Status is what a client is to be answered; 502 where the bytes are an answer's.
	Status int
	Text   string
}

func (e *Error) Error() string { return e.Text }

// ErrCut says that a connection ended within a body.
var ErrCut = &Error{400, "the connection closed before the end of the body"}

// ErrShort says that a body ended before its announced length.
var ErrShort = &Error{400, "the body is shorter than its length"}

// fault is a reason to refuse a message, the same on both sides; what differs is the status that it leads to.
type fault uint8

const (
	fine fault = iota
	badStart
	badRequestLine
	badMethod
	badPath
	badStatusLine
	badVersion
	bareLF
	badName
	folded
	badValue
	unended
	afterEnd
	tooLarge
	targetTooLarge
	tooManyFields
	tooManyOptions
	noHost
	manyHosts
	badHost
	badLength
	manyLengths
	otherLength
	lengthAndCoding
	oldCoding
	manyCodings
	badCoding
	unknownCoding
	hopField
	badTrailer
	badExpectation
	interimBody
	badChunkSize
	badExtension
	badChunkEnd
	trailersTooLarge
	wrongSkip
	faults
)

// requestErrors is what each fault means in a request.
var requestErrors = [faults]Error{
	badStart:         {400, "not an HTTP/1 message"},
	badRequestLine:   {400, "malformed request line"},
	badMethod:        {400, "invalid method"},
	badPath:          {400, "invalid path: it must be * or begin with a slash, and other bytes must be percent-encoded"},
	badStatusLine:    {400, "malformed status line"},
	badVersion:       {505, "unsupported HTTP version"},
	bareLF:           {400, "line without CRLF at its end"},
	badName:          {400, "malformed header field name"},
	folded:           {400, "folded header field"},
	badValue:         {400, "control character in a header field value"},
	unended:          {400, "incomplete header"},
	afterEnd:         {400, "data after the end of the header"},
	tooLarge:         {431, "header too large"},
	targetTooLarge:   {414, "request line too long"},
	tooManyFields:    {431, "too many header fields"},
	tooManyOptions:   {431, "too many Connection options"},
	noHost:           {400, "missing Host field"},
	manyHosts:        {400, "more than one Host field"},
	badHost:          {400, "invalid Host: malformed or longer than 253 bytes"},
	badLength:        {400, "invalid Content-Length"},
	manyLengths:      {400, "more than one Content-Length field"},
	otherLength:      {400, "Content-Length does not match the body"},
	lengthAndCoding:  {400, "both Content-Length and Transfer-Encoding"},
	oldCoding:        {400, "Transfer-Encoding in HTTP/1.0"},
	manyCodings:      {400, "more than one Transfer-Encoding field"},
	badCoding:        {400, "invalid Transfer-Encoding: chunked must be the last coding, once"},
	unknownCoding:    {501, "unsupported transfer coding"},
	hopField:         {400, "connection-specific header field in HTTP/2"},
	interimBody:      {400, "1xx response with a body"},
	badTrailer:       {400, "Trailer names a field that frames the message"},
	badExpectation:   {417, "unsupported expectation"},
	badChunkSize:     {400, "malformed chunk size"},
	badExtension:     {400, "chunk extension malformed or too long"},
	badChunkEnd:      {400, "chunk does not end where its size says"},
	trailersTooLarge: {431, "trailers too large"},
	wrongSkip:        {400, "more data than the body has"},
}

// answerErrors is the same for answers of upstreams: whatever is wrong with them, the client gets a 502.
var answerErrors = func() (list [faults]Error) {
	for i, e := range requestErrors {
		list[i] = Error{502, e.Text}
	}
	return list
}()

func (f fault) inRequest() error {
	if f == fine {
		return nil
	}
	return &requestErrors[f]
}

func (f fault) inAnswer() error {
	if f == fine {
		return nil
	}
	return &answerErrors[f]
}
