// Package filter holds what a route does to its requests and answers besides matching and picking: who may send them and how many, what
// is changed in their header fields, and what pages of other origins may read.
//
// A Set is what one route asks for, compiled from dialect.Filters; a route that asks for nothing has none. Each filter has a file of its
// own, gets plain values and returns plain values; package proxy decides when it is asked and what the client is told. What may block
// (password checks, questions to another server) makes Set.Blocking true: such a route is served by goroutines.
//
// What a filter must remember between tables (who was counted) is kept in the route's Lane, what all routes share (verified
// passwords, connections to auth servers) in Common.
package filter
