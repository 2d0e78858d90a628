// Losses and delays, as shared/wire has them for the parts. Without them, nothing is between
// lwIP and the device.

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cable.h"

// Frames on their way in one direction. All take the same time, so the first is the next.
// One more than queue_max is lost.
enum { queue_max = 16384 };

struct queue {
	struct {
		uint64_t due;
		size_t len;
		unsigned char data[frame_max];
	} frame[queue_max];
	unsigned first, n;
	uint64_t random; // state
};

static int tap;
static uint64_t delay;  // ns
static uint64_t losses; // a frame is lost if its random number is smaller
static struct queue in, out;

static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// lost is xorshift64* (Vigna, 2014): the upper 53 bits are good.
static int lost(struct queue *q)
{
	if (losses == 0)
		return 0;
	q->random ^= q->random >> 12;
	q->random ^= q->random << 25;
	q->random ^= q->random >> 27;
	return q->random * 2685821657736338717u >> 11 < losses;
}

// put returns the place for a frame at the end of the queue, or NULL if it is full.
static unsigned char *put(struct queue *q, size_t len)
{
	if (q->n == queue_max)
		return NULL;
	unsigned i = (q->first + q->n++) % queue_max;
	q->frame[i].due = now() + delay;
	q->frame[i].len = len;
	return q->frame[i].data;
}

// get returns the length of the first frame if it is due, and its bytes; or else 0.
static size_t get(struct queue *q, unsigned char **data)
{
	if (q->n == 0 || q->frame[q->first].due > now())
		return 0;
	unsigned i = q->first;
	q->first = (q->first + 1) % queue_max;
	q->n--;
	*data = q->frame[i].data;
	return q->frame[i].len;
}

void cable_start(int fd, double loss, uint64_t ns, uint64_t seed)
{
	tap = fd;
	losses = (uint64_t)(loss * 9007199254740992.0); // 2^53
	delay = ns;
	in.random = 0x9e3779b97f4a7c15 * (2 * seed + 1); // not 0
	out.random = 0x9e3779b97f4a7c15 * (2 * seed + 2) | 1;
}

ssize_t cable_read(void *frame)
{
	if (delay == 0) {
		ssize_t got = read(tap, frame, frame_max);
		return got > 0 && lost(&in) ? 0 : got;
	}
	unsigned char *data;
	ssize_t got;
	while ((got = read(tap, frame, frame_max)) > 0)
		if (!lost(&in) && (data = put(&in, got)) != NULL)
			memcpy(data, frame, got);
	if (errno != EAGAIN && errno != EINTR)
		return -1;
	size_t len = get(&in, &data);
	if (len == 0) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(frame, data, len);
	return len;
}

int cable_write(const struct iovec *pieces, int n)
{
	if (lost(&out))
		return 0;
	if (delay == 0)
		return (n == 1 ? write(tap, pieces->iov_base, pieces->iov_len) : writev(tap, pieces, n)) < 0 ? -1 : 0;
	size_t len = 0;
	for (int i = 0; i < n; i++)
		len += pieces[i].iov_len;
	unsigned char *data = len <= frame_max ? put(&out, len) : NULL;
	if (data == NULL)
		return -1;
	for (int i = 0; i < n; data += pieces[i].iov_len, i++)
		memcpy(data, pieces[i].iov_base, pieces[i].iov_len);
	return 0;
}

uint64_t cable_flush(uint64_t most)
{
	if (delay == 0)
		return most;
	unsigned char *data;
	for (size_t len; (len = get(&out, &data)) > 0;)
		if (write(tap, data, len) < 0)
			break; // that frame is lost
	uint64_t t = now();
	for (int i = 0; i < 2; i++) {
		struct queue *q = i == 0 ? &in : &out;
		if (q->n == 0)
			continue;
		uint64_t due = q->frame[q->first].due, wait = due > t ? due - t : 0;
		if (wait < most)
			most = wait;
	}
	return most;
}
