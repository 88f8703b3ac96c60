// Package compose reads a Compose file and tells which containers Docker would show of it, as the registrator sees containers. It reads the file
// as Docker Compose does, with the library that Compose itself is made of; nothing is started, built or fetched.
//
// One service that can't be read costs no other one: each is loaded by itself. Files of Compose's first version, with the services at
// the top, are read too. What stands in an image and in no file (its EXPOSE, ENV and LABEL) is not known here.
package compose
