// Package http1 frames HTTP/1.x messages: bytes in, decisions out. It reads and writes nothing, keeps no state but its values', and
// allocates nothing once its slices have grown. It is strict where RFC 9112 leaves a choice, since whoever reads a message behind us
// may choose differently: what it accepts has one meaning.
package http1

// Error says why bytes are refused. A connection that brought one can't be used again: where the next message would begin is unknown.
type Error struct {
	// Status is what a client is to be answered; 502 where the bytes are an answer's.
	Status int
	Text   string
}

func (e *Error) Error() string { return e.Text }

// ErrCut says that a connection ended within a body.
var ErrCut = &Error{400, "the body was cut"}

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
	badStart:         {400, "what came is no HTTP/1 message"},
	badRequestLine:   {400, "the request line is malformed"},
	badMethod:        {400, "the method is not a token"},
	badPath:          {400, "the path neither begins with a slash nor is *, or holds a byte that must be encoded"},
	badStatusLine:    {400, "the status line is malformed"},
	badVersion:       {505, "the version is not HTTP/1.0 or HTTP/1.1"},
	bareLF:           {400, "a line does not end in CRLF"},
	badName:          {400, "a field line does not begin with a name and a colon"},
	folded:           {400, "a field line is folded"},
	badValue:         {400, "a field value holds a control byte"},
	unended:          {400, "the head is not complete"},
	afterEnd:         {400, "bytes behind the end of the head"},
	tooLarge:         {431, "the head is too large"},
	targetTooLarge:   {414, "the request line is too long"},
	tooManyFields:    {431, "too many fields"},
	tooManyOptions:   {431, "too many connection options"},
	noHost:           {400, "the host is missing"},
	manyHosts:        {400, "more than one host"},
	badHost:          {400, "the host is malformed or longer than 253 bytes"},
	badLength:        {400, "the length is no number"},
	manyLengths:      {400, "more than one length"},
	otherLength:      {400, "the length is not that of the body"},
	lengthAndCoding:  {400, "both a length and a transfer coding"},
	oldCoding:        {400, "a transfer coding on HTTP/1.0"},
	manyCodings:      {400, "more than one Transfer-Encoding field"},
	badCoding:        {400, "chunked is not the one and last transfer coding"},
	unknownCoding:    {501, "an unknown transfer coding"},
	hopField:         {400, "a field of one connection, which HTTP/2 does not have"},
	interimBody:      {400, "an interim answer announces a body"},
	badTrailer:       {400, "a trailer is announced that would frame the body"},
	badExpectation:   {417, "an unknown expectation"},
	badChunkSize:     {400, "a chunk size is malformed"},
	badExtension:     {400, "a chunk extension is malformed or too long"},
	badChunkEnd:      {400, "a chunk does not end where its size says"},
	trailersTooLarge: {431, "the trailers are too large"},
	wrongSkip:        {400, "more was moved than the body has"},
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
