// What lwIP needs from the machine: time, memory and sums.

#include <string.h>
#include <time.h>

#include "lwip/sys.h"

u32_t sys_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u32_t)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

// bench_checksum is the sum of RFC 1071, not yet complemented: 8 bytes at a time, with
// the carries counted in the upper half of 128 bits. The order of bytes does not matter
// (section 2 (B)), and so a sum of larger words folds to that of 16-bit words (2 (C)).
u16_t bench_checksum(const void *data, int len)
{
	const unsigned char *p = data;
	unsigned __int128 a = 0, b = 0;
	u64_t w[4];
	for (; len >= 32; len -= 32, p += 32) {
		memcpy(w, p, 32);
		a += w[0];
		b += w[1];
		a += w[2];
		b += w[3];
	}
	for (; len >= 8; len -= 8, p += 8) {
		memcpy(w, p, 8);
		a += w[0];
	}
	if (len > 0) {
		w[0] = 0;
		memcpy(w, p, len);
		a += w[0];
	}
	a += b;
	u64_t sum = (u64_t)(a & 0xffffffff) + (u64_t)(a >> 32 & 0xffffffff) + (u64_t)(a >> 64);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16_t)sum;
}

// Memory for packets that are sent: two sizes, small for a header and large for a whole
// frame, each with a list of free ones. One thread, so no locks; and glibc's own lists
// for one thread end at 1,032 bytes.
enum { small = 256, large = 2048, header = 16 };

struct block {
	u64_t size;
	struct block *next; // where it is free: the user's place
};

static struct block *free_small, *free_large;

void *bench_malloc(size_t size)
{
	size = size <= small ? small : size <= large ? large : size;
	struct block **list = size == small ? &free_small : &free_large, *b = *list;
	if (size <= large && b != NULL)
		*list = b->next;
	else if ((b = malloc(header + size)) == NULL)
		return NULL;
	b->size = size;
	return (char *)b + header;
}

void *bench_calloc(size_t count, size_t size)
{
	void *p = bench_malloc(count * size);
	return p == NULL ? NULL : memset(p, 0, count * size);
}

void bench_free(void *p)
{
	struct block *b = (struct block *)((char *)p - header);
	struct block **list = b->size == small ? &free_small : &free_large;
	if (b->size > large) {
		free(b);
		return;
	}
	b->next = *list;
	*list = b;
}
