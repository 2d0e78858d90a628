package wire

// queue is a first-in first-out list in a ring that grows when it is full and is
// reused afterwards, so that a queue in steady state allocates nothing.
type queue[T any] struct {
	ring []T
	head int // where the oldest element stands
	n    int
}

func (q *queue[T]) len() int { return q.n }

// front returns the oldest element, which must exist.
func (q *queue[T]) front() *T { return &q.ring[q.head] }

// at returns element i, counted from the oldest. It must exist.
func (q *queue[T]) at(i int) *T { return &q.ring[(q.head+i)%len(q.ring)] }

// insert puts v before element i, or behind all of them if there are i.
func (q *queue[T]) insert(i int, v T) {
	q.push(v)
	for j := q.n - 1; j > i; j-- {
		*q.at(j) = *q.at(j - 1)
	}
	*q.at(i) = v
}

// remove takes element i out, which must exist.
func (q *queue[T]) remove(i int) T {
	v := *q.at(i)
	for ; i > 0; i-- {
		*q.at(i) = *q.at(i - 1)
	}
	q.pop()
	return v
}

func (q *queue[T]) push(v T) {
	if q.n == len(q.ring) {
		q.grow()
	}
	q.ring[(q.head+q.n)%len(q.ring)] = v
	q.n++
}

// pop removes the oldest element, which must exist, and returns it.
func (q *queue[T]) pop() T {
	var zero T
	v := q.ring[q.head]
	q.ring[q.head] = zero
	q.head = (q.head + 1) % len(q.ring)
	q.n--
	return v
}

func (q *queue[T]) grow() {
	bigger := make([]T, max(16, 2*len(q.ring)))
	k := copy(bigger, q.ring[q.head:])
	copy(bigger[k:], q.ring[:q.head])
	q.ring, q.head = bigger, 0
}

// pool keeps the buffers of frames that have arrived for the next ones.
type pool struct {
	free [][]byte
}

// bufferSize is what a fresh buffer holds at least: a frame of the usual MTU.
const bufferSize = 2048

// clone returns a copy of the frame in a buffer of the pool.
func (p *pool) clone(frame []byte) []byte {
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free[n-1] = nil
		p.free = p.free[:n-1]
		if cap(b) >= len(frame) {
			return append(b[:0], frame...)
		}
	}
	return append(make([]byte, 0, max(bufferSize, len(frame))), frame...)
}

// release gives a buffer back. More than a full receive queue of them is
// left to the garbage collector.
func (p *pool) release(b []byte) {
	if len(p.free) < maxWaiting {
		p.free = append(p.free, b)
	}
}
