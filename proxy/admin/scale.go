package admin

import (
	"encoding/json"
	"mime"
	"net/http"
)

// scale takes {"service": name, "instances": n}.
func (o *Options) scale(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		problem{Status: http.StatusUnsupportedMediaType, Detail: "want application/json"}.answer(w)
		return
	}
	var wish struct {
		Service   string `json:"service"`
		Instances *int   `json:"instances"`
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&wish); err != nil || wish.Instances == nil {
		problem{Status: http.StatusBadRequest, Detail: `want {"service": "web", "instances": 5}`}.answer(w)
		return
	}
	if err := o.Scale(r.Context(), wish.Service, *wish.Instances); err != nil {
		problem{Status: http.StatusUnprocessableEntity, Detail: clip(err.Error())}.answer(w)
		return
	}
	plain(w, http.StatusOK, "ok")
}
