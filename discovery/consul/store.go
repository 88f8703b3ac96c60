package consul

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"github.com/hashicorp/consul/api"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
)

// storePrefix is where the Store stands in Consul's KV.
const storePrefix = "pointsman/"

// Store implements discovery.Store: the keys below pointsman/ in the KV of the agent's own datacenter. (Sessions, which its locks are made of,
// belong to a node there.) Keys have letters, digits and "_@.-/", and are given without pointsman/. Every call that does not wait is given up
// after 5 s.
type Store struct{ client *client }

// storeConnections bounds the connections of a Store: some processes wait for locks, a connection each.
const storeConnections = 32

// NewStore opens no connection yet. A bad Config (address, certificate files, token file) is an error.
func NewStore(o Options) (*Store, error) {
	made, err := newClient(o.Config, storeConnections)
	if err != nil {
		return nil, err
	}
	return &Store{client: made}, nil
}

// What a token needs, for people.
const (
	keyRight     = `key_prefix "pointsman/" { policy = "write" }`
	sessionRight = `session_prefix "" { policy = "write" }`
)

// StoreRights are the lines of an ACL policy that a Store needs.
const StoreRights = keyRight + " " + sessionRight

// denied names the right that is missing.
func denied(err error, right string) error {
	if errors.Is(err, discovery.ErrDenied) {
		return fmt.Errorf("%w; the token needs %s", err, right)
	}
	return err
}

// within bounds a call, and keeps it in the agent's own datacenter.
func within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(inDatacenter(ctx, ""), callTimeout)
}

// Get reads a value from the leader. Where there is none the error is fs.ErrNotExist.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	one, err := s.read(ctx, key)
	if err != nil {
		return nil, err
	}
	return append([]byte{}, one.Value...), nil
}

func (s *Store) read(ctx context.Context, key string) (stored, error) {
	if err := outside.CheckKey(key); err != nil {
		return stored{}, err
	}
	ctx, cancel := within(ctx)
	defer cancel()
	var answer []stored
	_, err := s.client.get(ctx, "/v1/kv/"+storePrefix+key, &answer, nil)
	switch {
	case isStatus(err, http.StatusNotFound):
		err = fs.ErrNotExist
	case err == nil && len(answer) != 1:
		err = errNull
	}
	if err != nil {
		return stored{}, fmt.Errorf("read %s%s: %w", storePrefix, key, denied(err, keyRight))
	}
	return answer[0], nil
}

// Keys are those of all values below a prefix, which is a key or "".
func (s *Store) Keys(ctx context.Context, prefix string) ([]string, error) {
	ctx, cancel := within(ctx)
	defer cancel()
	ctx, seen := watchHeaders(ctx)
	below := storePrefix + prefix
	if prefix != "" {
		below += "/"
	}
	list, _, err := s.client.api.KV().Keys(below, "", (&api.QueryOptions{}).WithContext(ctx))
	if err = plainError(err); err == nil && seen.filtered {
		err = fmt.Errorf("%w: keys were filtered out of the answer", discovery.ErrDenied)
	}
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", below, denied(err, keyRight))
	}
	for i := range list {
		list[i] = strings.TrimPrefix(list[i], storePrefix)
	}
	return list, nil
}

// Values implements discovery.Store over GET /v1/kv/pointsman/PREFIX/?recurse. The leader answers.
func (s *Store) Values(ctx context.Context, prefix string, q discovery.Query) (discovery.Values, error) {
	below := storePrefix + prefix + "/"
	answer, head, err := s.client.keys(inDatacenter(ctx, ""), below, &api.QueryOptions{WaitIndex: q.Index, WaitTime: q.Wait})
	if err != nil {
		return discovery.Values{}, denied(err, keyRight)
	}
	out := discovery.Values{Values: make(map[string][]byte, len(answer)), Bytes: head.bytes, Meta: head.meta()}
	sum := 0
	for _, one := range answer {
		key := strings.TrimPrefix(one.Key, storePrefix)
		if outside.CheckKey(key) != nil { // a folder, as Consul's own page makes them, or what is not ours
			continue
		}
		out.Values[key] = one.Value
		sum += len(one.Value)
	}
	if len(out.Values) > discovery.MaxValues || sum > discovery.MaxValueBytes {
		return discovery.Values{}, fmt.Errorf("read %s: more than %d keys or %d MiB", below, discovery.MaxValues, discovery.MaxValueBytes>>20)
	}
	return out, nil
}

// Put writes a value. With a context of Lock it does so only while the lock is held, which Consul itself sees to.
func (s *Store) Put(ctx context.Context, key string, value []byte) error {
	return s.change(ctx, "write", key, &api.KVTxnOp{Verb: api.KVSet, Key: storePrefix + key, Value: value})
}

// Swap implements discovery.Store: what is read tells the index that Consul's check-and-set wants.
func (s *Store) Swap(ctx context.Context, key string, from, to []byte) error {
	one, err := s.read(ctx, key)
	there := !errors.Is(err, fs.ErrNotExist)
	switch {
	case there && err != nil:
		return err
	case there != (from != nil) || !bytes.Equal(one.Value, from):
		return fmt.Errorf("write %s%s: %w", storePrefix, key, discovery.ErrChanged)
	case to != nil:
		return s.change(ctx, "write", key, &api.KVTxnOp{Verb: api.KVCAS, Key: storePrefix + key, Value: to, Index: one.ModifyIndex})
	case there:
		return s.change(ctx, "remove", key, &api.KVTxnOp{Verb: api.KVDeleteCAS, Key: storePrefix + key, Index: one.ModifyIndex})
	}
	return nil
}

// Delete removes a value and all below it; that there is none is success. It heeds locks as Put does.
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.change(ctx, "remove", key, &api.KVTxnOp{Verb: api.KVDelete, Key: storePrefix + key},
		&api.KVTxnOp{Verb: api.KVDeleteTree, Key: storePrefix + key + "/"})
}

// maxChange is Consul's default limit for a transaction in bytes (limits.txn_max_req_len), in which values stand in base64. It is also that
// of a value, and both are 512 KiB: https://developer.hashicorp.com/consul/docs/reference/agent/configuration-file/general
const maxChange = 512 << 10

// maxValue is what fits, with room for what else stands in a transaction.
const maxValue = (maxChange - 8<<10) / 4 * 3

// change makes a transaction of what is to be done and of the locks that ctx is within.
func (s *Store) change(ctx context.Context, verb, key string, do ...*api.KVTxnOp) error {
	if err := outside.CheckKey(key); err != nil {
		return err
	}
	locks := locksOf(ctx)
	var ops api.TxnOps
	for _, l := range locks {
		ops = append(ops, &api.TxnOp{KV: &api.KVTxnOp{Verb: api.KVCheckSession, Key: l.key, Session: l.session}})
	}
	for _, op := range do {
		if len(op.Value) > maxValue {
			return fmt.Errorf("%s %s%s: its %d bytes are more than the %d that fit into Consul's limit of %d KiB", verb, storePrefix, key, len(op.Value), maxValue, maxChange>>10)
		}
		ops = append(ops, &api.TxnOp{KV: op})
	}
	if err := s.transact(ctx, ops, len(locks)); err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, ErrLockLost) {
			err = cause
		}
		return fmt.Errorf("%s %s%s: %w", verb, storePrefix, key, denied(err, keyRight))
	}
	return nil
}

// transact does all or nothing. The first checks operations are those of locks.
func (s *Store) transact(ctx context.Context, ops api.TxnOps, checks int) error {
	ctx, cancel := within(ctx)
	defer cancel()
	ctx, seen := watchHeaders(ctx)
	ok, answer, _, err := s.client.api.Txn().Txn(ops, (&api.QueryOptions{}).WithContext(ctx))
	switch {
	case err != nil && seen.status == http.StatusForbidden:
		return fmt.Errorf("%w: %s", discovery.ErrDenied, printable(err.Error()))
	case err != nil && seen.status != 0 && seen.status != http.StatusOK:
		return &statusError{code: seen.status, body: printable(err.Error())}
	case err != nil:
		return plainError(err)
	case ok:
		return nil
	case answer == nil || len(answer.Errors) == 0:
		return errNull
	}
	first := answer.Errors[0]
	switch what := printable(first.What); {
	case strings.Contains(first.What, "Permission denied"): // the rights are looked at for each operation
		return fmt.Errorf("%w: %s", discovery.ErrDenied, what)
	case first.OpIndex < checks:
		return fmt.Errorf("%w: %s", ErrLockLost, what)
	case strings.Contains(first.What, "index is stale"): // of a check-and-set
		return discovery.ErrChanged
	default:
		return fmt.Errorf("Consul refused it: %s", what) //nolint:revive,staticcheck // a name begins it
	}
}

var _ discovery.Store = (*Store)(nil)
