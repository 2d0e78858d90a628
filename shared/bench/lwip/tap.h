// The cable between lwIP and the kernel.
#ifndef BENCH_TAP_H
#define BENCH_TAP_H

#include <stdint.h>

// An address and the length of its network's prefix: 10.0.0.4/24.
struct prefix {
	uint32_t addr; // in network byte order
	uint32_t mask; // likewise
};

// tap_open opens the TAP device, gives the kernel's end the address of host and brings
// it up. It returns a descriptor that does not block, or ends the program.
int tap_open(const char *name, struct prefix host, int mtu);

// mac_of writes the MAC address that goes with an IP address: 02:00 and its four bytes.
void mac_of(uint32_t addr, unsigned char mac[6]);

#endif
