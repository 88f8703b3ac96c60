// Package listen is what every listener needs below HTTP, however it serves: how its sockets are made, how long accepting rests after a
// failure, how many descriptors connections may take, how a listener stops without a reset for anybody, and how a peer is found that has
// vanished or takes nothing.
package listen
