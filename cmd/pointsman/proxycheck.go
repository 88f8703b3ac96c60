package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// check is what single values cannot tell.
func (c *proxyFlags) check() error {
	if err := c.checkEngine(); err != nil {
		return err
	}
	if err := c.checkState(); err != nil {
		return err
	}
	if c.routes.value != "registered" && (c.registeredPath || c.registeredTag != "") {
		return errors.New("-registered-path and -registered-tag need -routes registered")
	}
	if err := errors.Join(c.access.check(), c.observe.check()); err != nil {
		return err
	}
	if err := c.discovery.check(); err != nil {
		return err
	}
	secure := len(c.tlsListen.list) > 0
	if c.redirectHTTPS && !secure {
		return errors.New("-redirect-https needs -tls-listen")
	}
	if err := c.tls.clients.check(c.tlsListen.list); err != nil {
		return err
	}
	if err := c.acme.check(secure); err != nil {
		return err
	}
	if c.traefikFile != "" && c.traefikFile == c.routesFile {
		return errors.New("-traefik-file and -routes-file name the same file")
	}
	if err := c.tls.check(secure, c.acme.on(), c.traefikFile != ""); err != nil {
		return err
	}
	if err := c.upstreamTLS.check(); err != nil {
		return err
	}
	if c.adminToken != "" {
		if c.admin == "" {
			return errors.New("-admin-token needs -admin")
		}
		if _, err := readToken(c.adminToken); err != nil {
			return fmt.Errorf("-admin-token: %w", err)
		}
	}
	for _, name := range c.adminNames() {
		if !isHostname(name) {
			return fmt.Errorf("invalid value %q for -admin-host: want host names such as admin.example.com", name)
		}
	}
	return nil
}

// checkState finds out at the start what would else be told with the first view: that there is no folder for the file, or that something
// else stands in its place.
func (c *proxyFlags) checkState() error {
	if c.state == "" {
		return nil
	}
	if at, err := os.Stat(c.state); err == nil && !at.Mode().IsRegular() {
		return fmt.Errorf("invalid value %q for -state: not a regular file", c.state)
	}
	if _, err := os.Stat(filepath.Dir(c.state)); err != nil {
		return fmt.Errorf("invalid value %q for -state: %w", c.state, err)
	}
	return nil
}

func (c *proxyFlags) adminNames() []string {
	var out []string
	for _, name := range strings.Split(c.adminHost, ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			out = append(out, name)
		}
	}
	return out
}
