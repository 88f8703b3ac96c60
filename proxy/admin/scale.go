package admin

import (
	"encoding/json"
	"mime"
	"net/http"
)

// scale takes {"service": name, "instances": n}.
func (o Options) scale(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		plain(w, http.StatusUnsupportedMediaType, "want application/json")
		return
	}
	var wish struct {
		Service   string `json:"service"`
		Instances *int   `json:"instances"`
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&wish); err != nil || wish.Instances == nil {
		plain(w, http.StatusBadRequest, `want {"service": "web", "instances": 5}`)
		return
	}
	if err := o.Scale(r.Context(), wish.Service, *wish.Instances); err != nil {
		plain(w, http.StatusUnprocessableEntity, clip(err.Error()))
		return
	}
	plain(w, http.StatusOK, "ok")
}
