// What lwIP lacks in TIME-WAIT.
#ifndef BENCH_TIMEWAIT_H
#define BENCH_TIMEWAIT_H

#include <stddef.h>

// timewait_reuse is shown each frame before lwIP gets it.
void timewait_reuse(const unsigned char *frame, size_t len);

#endif
