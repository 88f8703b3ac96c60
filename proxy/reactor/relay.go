//go:build linux

package reactor

// TurnBytes is how much of one connection's bytes a turn moves.
const TurnBytes = 256 << 10

// Relay moves what is at hand in one direction, and passes an end on. shared is the buffer that from is read into. It is false where a
// connection is lost.
func (l *Loop) Relay(from, to *Conn, shared []byte) (moved int64, ok bool) {
	if !l.Flush(to) {
		return 0, false
	}
	for len(to.Out) == 0 {
		if moved >= TurnBytes {
			l.Requeue(from)
			return moved, true
		}
		if len(from.In) == 0 && !l.Read(from, shared, SharedBytes) {
			break
		}
		if _, ok := l.Send(to, from.In); !ok {
			return moved, false
		}
		moved += int64(len(from.In))
		l.DropIn(from)
	}
	if from.Has(Broken) {
		return moved, false
	}
	if from.Has(AtEOF) && !to.Has(WriteClosed) && len(to.Out) == 0 && len(from.In) == 0 {
		to.CloseWrite()
	}
	return moved, true
}
