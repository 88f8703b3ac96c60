// Package registrator keeps a catalogue in line with a Docker engine: what runs there is registered as a service, with its health
// checks, and what has ended is not. Its command line and registrations are those of gliderlabs/registrator.
//
// The nouns: a Container is what the engine says is there, at one inspect. A Registration is what we ask the catalogue to hold. A
// Claim is one container's wish for one Registration. Held is a registration as the catalogue has it, with the Owner that its mark
// names. A Complaint is one line about one bad input. Docker and Catalogue are the two outer sides; registrator/docker,
// discovery/consul and discovery/memory implement them.
//
// The life of a container:
//
//  1. Hint. An event, a list that shows a change, or a timer says that a container is to be looked at (hint, pass). Hints wait in a
//     queue by container: none is dropped, equal ones become one, and one container is handled by one goroutine at a time.
//  2. Look. A fresh inspect says what is true. A hint never does, with one exception: the kill that stops a container takes it out
//     at once, before it has ended (drain).
//  3. Desire. Desired makes registrations of the container, its labels and the options. Bad input costs its own part at most, and
//     makes a Complaint.
//  4. Plan. Plan compares the claims of all containers with what the catalogue holds, and decides who gets an ID that several
//     claim.
//  5. Write. What differs is registered, changed or removed, one write at a time for each service ID. What fails is tried again
//     with back-off, for ever.
//  6. End. A container that has ended or is gone claims nothing; -deregister says whether what it had is removed, or stays in
//     maintenance. Then it is forgotten.
//
// A full pass every 30 seconds lists everything on both sides, and repairs what slipped through. An error of the engine or of the
// catalogue never removes a registration.
package registrator
