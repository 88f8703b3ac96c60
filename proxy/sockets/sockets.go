// Package sockets is what listeners have in common below HTTP: how one stops without resetting anybody, how many
// descriptors it may use, what follows a failed accept, whose fault a failed connect is, and how a vanished peer is found.
package sockets
