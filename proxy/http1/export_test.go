package http1

import "slices"

// RequestSeeds and AnswerSeeds are the bytes of the tables, as seeds for the tests that compare us with net/http.
func RequestSeeds() (seeds [][]byte) {
	for _, c := range slices.Concat(requestFraming, requestLines, requestHosts, fieldLines, requestSeries, chunkCases, trailerCases) {
		seeds = append(seeds, seed(c))
	}
	return append(seeds, []byte(smallHead), []byte(browserHead))
}

func AnswerSeeds() (seeds [][]byte) {
	for _, c := range slices.Concat(answerFraming, headAnswerFraming, statusLines, answerFields) {
		seeds = append(seeds, seed(c))
	}
	return append(seeds, []byte(answerHead))
}

// seed is at most a few kB of a case: what is longer is so for a limit's sake, and slows down what mutates it.
func seed(c wireCase) []byte { return []byte(c.bytes)[:min(len(c.bytes), 2<<10)] }
