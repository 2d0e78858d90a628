// What lwIP wants to know about the machine and the compiler.
#ifndef BENCH_CC_H
#define BENCH_CC_H

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/time.h>

// glibc has BYTE_ORDER and the functions that go by it.
#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS
#define LWIP_TIMEVAL_PRIVATE 0

// LWIP_RAND is for ports, fragments' numbers and the like. The bench is on a private
// network, where nobody guesses.
#define LWIP_RAND() ((uint32_t)random())

uint16_t bench_checksum(const void *data, int len);
void *bench_malloc(size_t size);
void *bench_calloc(size_t count, size_t size);
void bench_free(void *p);

#endif
