// Package sockets is what listeners have in common below HTTP: how one stops without resetting anybody, how many
// descriptors it may use, and whose fault a failed connect is.
package sockets
