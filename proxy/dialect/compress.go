package dialect

// Compress is how responses are compressed. The zero value does not.
type Compress struct {
	// Codings are gzip, zstd and br, the preferred one first. None does not compress.
	Codings []string
	// Types are the content types that are compressed, in lower case, where they are not those by default.
	Types []string
	// MinSize is the least length in bytes of a body whose length is known; 0 is DefaultCompressMin.
	MinSize int64
}

// DefaultCompressMin is a length below which there is nothing to win, in bytes: it goes out in one packet either way.
const DefaultCompressMin = 1024
