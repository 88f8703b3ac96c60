package dialect

import "time"

// Files is a folder whose files answer requests. The zero value serves none.
type Files struct {
	// Folder is its path, which begins with a slash; "" serves no files.
	Folder string
	// Try is what is looked for, in this order, with $uri for the request's path: a file, or with a slash at its end a folder's index. None
	// is what DefaultTry says.
	Try []string
	// Cache is how long clients may keep a file without asking, in whole seconds; 0 says nothing, and NoCache that they have to ask.
	Cache time.Duration
}

// NoCache is a Files.Cache.
const NoCache time.Duration = -1

// DefaultTry is what is looked for where a rule says nothing: the file, or the index of the folder.
func DefaultTry() []string { return []string{TryURI, TryURI + "/"} }

// TryURI stands for the request's path.
const TryURI = "$uri"

// TryNone, at the end of Files.Try, says in nginx's word what holds anyway: what is not found is a 404.
const TryNone = "=404"
