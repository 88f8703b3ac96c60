// Package consul is the catalogue in Consul: blocking queries in (Catalogue), agent registrations out (Agent), both over a
// client of one agent that Config describes. Self is this process as a service there. It is the only importer of Consul's API
// client, whose transport it wraps (guard): answers are bounded in size and time, headers are looked at
// before the client interprets them, the token file is read again when it changes, and nothing secret reaches an error.
package consul
