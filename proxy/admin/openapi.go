package admin

import (
	_ "embed" // the description
	"net/http"
)

// description is the API for programs, in the form of OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1.html). A test holds it against the
// handlers.
//
//go:embed openapi.json
var description []byte

func openAPI(w http.ResponseWriter, r *http.Request) {
	var one document
	one.set(description)
	one.answer(w, r)
}
