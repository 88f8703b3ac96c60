// Package sockets is what listeners have in common below HTTP: how one stops without resetting anybody, how many
// descriptors they may use, what follows a failed accept, and how a peer is found that has
// vanished or takes nothing.
package sockets
