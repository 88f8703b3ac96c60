// Package consul is the catalogue in Consul: blocking queries in (Catalogue), agent registrations out (Agent). It is the only
// importer of Consul's API client, whose transport it wraps: answers are bounded in size and time, headers are looked at
// before the client interprets them, the token file is read again when it changes, and nothing secret reaches an error.
package consul
