package discovery

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// parseState reads a state file's content and accepts all of it or nothing. now judges its age and is when its instances
// count as seen.
func parseState(r io.Reader, now time.Time) (*Snapshot, time.Time, error) {
	lr := &io.LimitedReader{R: r, N: maxStateBytes + 1}
	d := json.NewDecoder(lr)
	var in state
	if err := d.Decode(&in); err != nil {
		if lr.N <= 0 {
			return nil, time.Time{}, fmt.Errorf("it has more than %d bytes", maxStateBytes)
		}
		return nil, time.Time{}, fmt.Errorf("decode: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, time.Time{}, errors.New("something follows its content")
	}
	if in.Version != stateVersion {
		return nil, time.Time{}, fmt.Errorf("its version is %d and not %d", in.Version, stateVersion)
	}
	if age := now.Sub(in.Confirmed); age > stateLimit || age < -stateSkew {
		return nil, time.Time{}, fmt.Errorf("the catalogue last confirmed it %s ago, and %s is the limit", age.Round(time.Second), stateLimit)
	}
	out := &Snapshot{Taken: in.Confirmed, Datacenter: in.Datacenter, Node: in.Node, Stale: true}
	var err error
	if out.Services, err = blocksOf(in.Services, false, now); err == nil {
		out.Remote, err = blocksOf(in.Remote, true, now)
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	out.TextIndex = in.TextIndex
	for i, t := range in.Texts {
		if i > 0 && t.Name <= in.Texts[i-1].Name {
			return nil, time.Time{}, fmt.Errorf("text %.100q is out of order", t.Name)
		}
		out.Texts = append(out.Texts, &Text{Kind: TextKV, Name: t.Name, Lines: t.Lines, Index: t.Index})
	}
	for i, t := range in.Pins {
		if i > 0 && t.Name <= in.Pins[i-1].Name {
			return nil, time.Time{}, fmt.Errorf("pin %.100q is out of order", t.Name)
		}
		out.Pins = append(out.Pins, &Text{Kind: TextKV, Name: t.Name, Lines: t.Lines})
	}
	return out, in.Confirmed, nil
}

// blocksOf reads services, all of the datacenter that is watched or all of others, which must stand in their order.
func blocksOf(list []stateService, remote bool, now time.Time) (out []*Service, err error) {
	for i, t := range list {
		ordered := i == 0 || list[i-1].Datacenter < t.Datacenter || list[i-1].Datacenter == t.Datacenter && list[i-1].Name < t.Name
		if CheckName(t.Name) != nil || !ordered {
			return nil, fmt.Errorf("service %.100q is no name or out of order", t.Name)
		}
		if remote != (t.Datacenter != "") || remote && CheckName(t.Datacenter) != nil {
			return nil, fmt.Errorf("service %.100q: datacenter %.100q", t.Name, t.Datacenter)
		}
		b, err := t.block(now)
		if err != nil {
			return nil, fmt.Errorf("service %.100q: %w", t.Name, err)
		}
		out = append(out, b)
	}
	return out, nil
}

func (t stateService) block(now time.Time) (*Service, error) {
	list := make([]Instance, 0, len(t.Instances))
	for _, i := range t.Instances {
		status, ok := parseStatus(i.Status)
		if !ok {
			return nil, fmt.Errorf("instance %.100q: no status: %.20q", i.ID, i.Status)
		}
		if i.Weight < 1 || i.Weight > maxWeight {
			return nil, fmt.Errorf("instance %.100q: no weight: %d", i.ID, i.Weight)
		}
		list = append(list, Instance{
			Identity: Identity{Datacenter: t.Datacenter, Node: i.Node, ID: i.ID, Address: i.Address, Port: i.Port, Start: i.Start},
			Service:  t.Name, Kind: i.Kind, Tags: i.Tags, Meta: i.Meta, Zone: i.Zone, Weight: i.Weight, Status: status, NodeDown: i.NodeDown,
			Marked: i.Marked, Registered: i.Registered || i.Marked, Started: i.Started, Sent: i.Sent,
			Container: i.Container, Index: i.Index, Created: i.Created, Seen: now, Local: i.Local, Draining: i.Draining,
		})
	}
	good, refused := clean(list)
	if refused > 0 {
		return nil, fmt.Errorf("%d instances have an invalid address or port", refused)
	}
	return &Service{Name: t.Name, Datacenter: t.Datacenter, Instances: good, Index: t.Index}, nil
}

func parseStatus(s string) (Status, bool) {
	for _, t := range []Status{Critical, Warning, Passing, Maintenance} {
		if s == t.String() {
			return t, true
		}
	}
	return Critical, false
}

// readState reads a state file. A file that is not there is an error of os.ErrNotExist.
func readState(path string, now time.Time) (*Snapshot, time.Time, error) {
	at, err := os.Stat(path)
	if err != nil {
		return nil, time.Time{}, err
	}
	if !at.Mode().IsRegular() { // a pipe would never end
		return nil, time.Time{}, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer f.Close()
	return parseState(bufio.NewReader(f), now)
}
