// Package files finds what answers a request in a folder of the operator's: a file, the index of a folder, or what else a route tries. What
// is opened lies below the folder, whatever the path or a symbolic link says, and is a regular file that is not hidden.
package files
