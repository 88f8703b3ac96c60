// Package sockets is what listeners have in common below HTTP: how one stops without resetting anybody.
package sockets
