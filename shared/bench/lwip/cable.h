// A cable that can lose and delay frames, between lwIP and the TAP device.
#ifndef BENCH_CABLE_H
#define BENCH_CABLE_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { frame_max = 14 + 1500 };

// cable_start begins to use the device. loss is the share of the frames that is lost in each
// direction, delay what each frame takes longer, in nanoseconds.
void cable_start(int tap, double loss, uint64_t delay, uint64_t seed);

// cable_read reads a frame; it is -1 with EAGAIN if there is none yet, 0 for one that is lost.
ssize_t cable_read(void *frame);

// cable_write sends a frame that consists of n pieces. It is -1 if the kernel did not take it.
int cable_write(const struct iovec *pieces, int n);

// cable_flush sends the frames whose delay is over, and returns how many nanoseconds it is
// to the next one in any direction, most at the most.
uint64_t cable_flush(uint64_t most);

#endif
