package discovery

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// stateVersion changes when an older reader could misread the file.
	stateVersion = 1
	// stateLimit is how old the disk's content may be to be served: a day-old view is more likely wrong than useful.
	stateLimit = 24 * time.Hour
	// stateSkew is how far in the future it may be: clocks are set back by seconds, not by hours.
	stateSkew = time.Hour
	// maxStateBytes bounds the read: 20,000 instances with a kilobyte of tags each need a third of it.
	maxStateBytes = 64 << 20
	// maxWeight is Consul's own bound for a weight.
	maxWeight = 65535
	// stateInterval is the least time between two writes.
	stateInterval = time.Second
	// confirmInterval is how often an unchanged snapshot is written again, so that its age tells when the catalogue last
	// confirmed it, and not when it last changed.
	confirmInterval = 15 * time.Minute
)

// state is the file's content.
type state struct {
	Version    int            `json:"version"`
	Confirmed  time.Time      `json:"confirmed"`
	Datacenter string         `json:"datacenter,omitempty"`
	Node       string         `json:"node,omitempty"`
	Services   []stateService `json:"services"`
	// Remote are those of other datacenters. An older reader passes them over.
	Remote []stateService `json:"remote,omitempty"`
	// Texts are those that the catalogue holds, in place of a broken one the last that was not; files are there to be read again.
	Texts     []stateText `json:"texts,omitempty"`
	TextIndex uint64      `json:"textIndex,omitempty"`
	// Pins are those of the Store. An older reader passes them over.
	Pins []stateText `json:"pins,omitempty"`
}

type stateText struct {
	Name  string   `json:"name"`
	Lines []string `json:"lines"`
	Index uint64   `json:"index,omitempty"`
}

type stateService struct {
	Name       string          `json:"name"`
	Datacenter string          `json:"datacenter,omitempty"`
	Index      uint64          `json:"index,omitempty"`
	Instances  []stateInstance `json:"instances"`
}

type stateInstance struct {
	Node       string            `json:"node,omitempty"`
	ID         string            `json:"id"`
	Address    string            `json:"address"`
	Port       int               `json:"port"`
	Start      string            `json:"start,omitempty"`
	Kind       string            `json:"kind,omitempty"`
	Tags       []string          `json:"tags,omitempty"`
	Meta       map[string]string `json:"meta,omitempty"`
	Zone       string            `json:"zone,omitempty"`
	Weight     int               `json:"weight"`
	Status     string            `json:"status"`
	NodeDown   bool              `json:"nodeDown,omitempty"`
	Marked     bool              `json:"marked,omitempty"`
	Registered bool              `json:"registered,omitempty"`
	Container  string            `json:"container,omitempty"`
	Started    time.Time         `json:"started,omitzero"`
	Sent       time.Time         `json:"sent,omitzero"`
	Index      uint64            `json:"index,omitempty"`
	Created    uint64            `json:"created,omitempty"`
	Local      bool              `json:"local,omitempty"`
}

func newState(s *Snapshot, confirmed time.Time) state {
	out := state{Version: stateVersion, Confirmed: confirmed, Datacenter: s.Datacenter, Node: s.Node,
		Services: make([]stateService, 0, len(s.Services))}
	for _, b := range s.Services {
		out.Services = append(out.Services, newStateService(b))
	}
	for _, b := range s.Remote {
		if b.Missing == "" {
			out.Remote = append(out.Remote, newStateService(b))
		}
	}
	out.TextIndex = s.TextIndex
	for _, t := range s.Texts {
		if t.Kind != TextKV {
			continue
		}
		if t.Before != nil { // it is asked for again
			t, out.TextIndex = t.Before, 0
		}
		out.Texts = append(out.Texts, stateText{Name: t.Name, Lines: t.Lines, Index: t.Index})
	}
	for _, t := range s.Pins {
		out.Pins = append(out.Pins, stateText{Name: t.Name, Lines: t.Lines})
	}
	return out
}

func newStateService(b *Service) stateService {
	t := stateService{Name: b.Name, Datacenter: b.Datacenter, Index: b.Index, Instances: make([]stateInstance, 0, len(b.Instances))}
	for _, i := range b.Instances {
		t.Instances = append(t.Instances, stateInstance{
			Node: i.Node, ID: i.ID, Address: i.Address, Port: i.Port, Start: i.Start, Kind: i.Kind, Tags: i.Tags, Meta: i.Meta, Zone: i.Zone,
			Weight: i.Weight, Status: i.Status.String(), NodeDown: i.NodeDown, Marked: i.Marked, Registered: i.Registered, Started: i.Started,
			Sent: i.Sent, Container: i.Container, Index: i.Index, Created: i.Created, Local: i.Local,
		})
	}
	return t
}

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
			Container: i.Container, Index: i.Index, Created: i.Created, Seen: now, Local: i.Local,
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

// ReplaceFile makes value, as JSON, a file's content in one step: whoever reads it finds the old content or the new, also after a crash. Only
// its owner can read it.
func ReplaceFile(path string, value any) (err error) {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	f, err := os.CreateTemp(dir, "."+strings.TrimPrefix(base, ".")+"-*") // mode 0600: addresses and tags are nobody else's
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	b := bufio.NewWriterSize(f, 1<<16)
	if err = json.NewEncoder(b).Encode(value); err != nil {
		return err
	}
	if err = b.Flush(); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a rename last through a crash.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// keep writes each new snapshot to disk until ctx ends, and once more then.
func (w *Watcher) keep(ctx context.Context) {
	var last *Snapshot
	broken := false
	write := func() {
		if last == nil {
			return
		}
		confirmed := time.Now().Add(time.Duration(w.ages.list.Load()) - time.Since(w.base))
		err := ReplaceFile(w.o.StateFile, newState(last, confirmed))
		if err != nil {
			w.count.stateFailures.Add(1)
			if !broken {
				w.o.Log.Error().Err(err).Str("file", w.o.StateFile).Msg("can't write the snapshot to disk; serving continues")
			}
		} else if broken {
			w.o.Log.Info().Str("file", w.o.StateFile).Msg("the snapshot is on disk again")
		}
		broken = err != nil
	}
	confirm := time.NewTicker(confirmInterval)
	defer confirm.Stop()
	for {
		select {
		case last = <-w.states:
		case <-confirm.C:
		case <-ctx.Done():
			select {
			case last = <-w.states:
			default:
			}
			write()
			return
		}
		write()
		sleep(ctx, stateInterval)
	}
}
