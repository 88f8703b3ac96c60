// Package listen is what every listener needs below HTTP, however its connections are served.
//
// A Listener is one address with the way it is spoken to. All servers of a process are given one Shared: it counts descriptors (Files),
// hears of a listener that is broken for good (Accepting), and drains the process in one order: readiness goes, accepting stops without
// a reset for anybody, what is on its way is answered, the rest is closed. A Crowd says what becomes of one more connection, Taking
// finds a peer that takes nothing, and the probes of Config one that has vanished.
package listen
