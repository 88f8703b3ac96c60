package dialect

// Bounds on what one instance may ask for, all of them: catalogues accept tags of hundreds of kilobytes and any number of them. The page limits has
// the same table.
const (
	// maxTag is the bytes of one tag: a host (253), a path, and a list of some fifty networks.
	maxTag = 2048
	// maxTagBytes is the bytes of all routing tags, far above what people write.
	maxTagBytes = 64 << 10
	// maxRoutes is far above what a service needs, and keeps 10,000 tags on one instance from slowing the rest. Each has one host.
	maxRoutes = 64
	// maxDefaults is more than there are options.
	maxDefaults = 64
	// maxPatterns bounds what host patterns may cost the requests for hosts that no rule names in full, since they are tried one by one:
	// tens of microseconds at worst for each instance that has as many.
	maxPatterns = 32
	// maxExpressions bounds the instructions of all regular expressions, of which a request is given a bounded number of steps.
	maxExpressions = 2048
	// maxExpression and maxInstructions are those of one regular expression. What people write has some tens of each.
	maxExpression   = 256
	maxInstructions = 256
	// maxStars and maxAlternatives are those of one host pattern.
	maxStars        = 8
	maxAlternatives = 16
)

// maxOperatorLine is the bytes of a line that the operator wrote, who bounds himself.
const maxOperatorLine = 16 << 10

// maxShown is how much of a tag is worth showing to a person.
const maxShown = 120
