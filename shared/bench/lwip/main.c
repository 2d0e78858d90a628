// lwIP as a rival for the bench: echo, discard, daytime and chargen on a TAP device.
//
//	lwip -tap tap0 -ip 10.0.0.4/24 -host 10.0.0.1/24 [-buffer 64k|1m] [-reuse] -q
//	     [-loss 5%] [-delay 20ms] [-seed 1]
//
// One thread reads all frames that are there, then looks at lwIP's timers, then waits.

#define _GNU_SOURCE // ppoll
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#include "cable.h"
#include "services.h"
#include "tap.h"
#include "timewait.h"

enum {
	mtu = 1500,
	burst = 256,    // frames between two looks at the timers
	patience = 250, // ms between two looks at stop
	pieces = 8,     // of a frame that is sent
};

static int reuse; // -reuse: see timewait.c
static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

// send_frame is lwIP's way to the device. The kernel takes a whole frame or nothing.
static err_t send_frame(struct netif *n, struct pbuf *p)
{
	(void)n;
	struct iovec v[pieces];
	int i = 0;
	for (; p != NULL && i < pieces; p = p->next, i++)
		v[i] = (struct iovec){p->payload, p->len};
	return p != NULL || cable_write(v, i) < 0 ? ERR_IF : ERR_OK;
}

static err_t init_netif(struct netif *n)
{
	n->name[0] = 't';
	n->name[1] = 'p';
	n->mtu = mtu;
	n->hwaddr_len = 6;
	mac_of(ip4_addr_get_u32(netif_ip4_addr(n)), n->hwaddr);
	n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
	n->output = etharp_output;
	n->linkoutput = send_frame;
	return ERR_OK;
}

// receive gives lwIP up to burst frames. It returns false if there are no more.
static int receive(struct netif *n)
{
	for (int i = 0; i < burst; i++) {
		struct pbuf *p = pbuf_alloc(PBUF_RAW, frame_max, PBUF_POOL); // one piece
		if (p == NULL) {
			char none[frame_max];
			if (cable_read(none) < 0) // what it read is lost
				return 0;
			continue;
		}
		ssize_t got = cable_read(p->payload);
		if (got <= 0) {
			pbuf_free(p);
			if (got == 0)
				continue;
			if (errno != EAGAIN && errno != EINTR)
				err(1, "reading frames");
			return 0;
		}
		pbuf_realloc(p, got);
		if (reuse)
			timewait_reuse(p->payload, got);
		if (n->input(p, n) != ERR_OK)
			pbuf_free(p);
		services_deferred();
	}
	return 1;
}

static void run(struct netif *n, int tap)
{
	struct pollfd wait = {.fd = tap, .events = POLLIN};
	while (!stop) {
		int more = receive(n);
		sys_check_timeouts();
		u32_t ms = sys_timeouts_sleeptime();
		uint64_t ns = cable_flush((ms < patience ? ms : patience) * UINT64_C(1000000));
		if (more)
			continue;
		struct timespec t = {.tv_nsec = ns};
		if (ppoll(&wait, 1, &t, NULL) < 0 && errno != EINTR)
			err(1, "ppoll");
	}
}

// parse_number reads a number and what is behind it.
static double parse_number(const char *s, const char *unit)
{
	char *end;
	double d = strtod(s, &end);
	if (end == s || strcmp(end, unit) != 0 || d < 0)
		errx(2, "%s: want a number and \"%s\"", s, unit);
	return d;
}

static struct prefix parse_prefix(const char *s)
{
	char addr[INET_ADDRSTRLEN];
	int bits, end = 0;
	struct in_addr in;
	if (sscanf(s, "%15[0-9.]/%d%n", addr, &bits, &end) != 2 || s[end] != 0 || bits < 1 || bits > 32 ||
	    inet_pton(AF_INET, addr, &in) != 1)
		errx(2, "%s: want an address as 10.0.0.4/24", s);
	return (struct prefix){in.s_addr, htonl(~0u << (32 - bits))};
}

// check_buffer looks at -buffer 65536, 64k, 1048576 or 1m. For the other size there is
// the other program: this one's name and -1m.
static void check_buffer(const char *s, char **argv)
{
	char *unit, path[4096];
	long n = strtol(s, &unit, 10);
	n *= *unit == 'k' ? 1024 : *unit == 'm' ? 1048576 : 1;
	if (n == BUFFER)
		return;
	ssize_t len = readlink("/proc/self/exe", path, sizeof path - 4);
	if (n == 1048576 && len > 0) {
		strcpy(path + len, "-1m");
		execv(path, argv);
		err(1, "%s", path);
	}
	errx(2, "-buffer %s: there are 64k and 1m", s);
}

int main(int argc, char **argv)
{
	const char *name = "tap0", *ip = "10.0.0.4/24", *host = "10.0.0.1/24";
	double loss = 0, delay = 0, seed = 1;
	for (int i = 1; i < argc; i++) {
		const char *flag = argv[i] + (strncmp(argv[i], "--", 2) == 0);
		if (strcmp(flag, "-q") == 0)
			continue; // it has nothing to say
		if (strcmp(flag, "-reuse") == 0) {
			reuse = 1;
			continue;
		}
		if (i + 1 == argc)
			errx(2, "%s: no such flag, or no value", flag);
		const char *value = argv[++i];
		if (strcmp(flag, "-tap") == 0)
			name = value;
		else if (strcmp(flag, "-ip") == 0)
			ip = value;
		else if (strcmp(flag, "-host") == 0)
			host = value;
		else if (strcmp(flag, "-buffer") == 0)
			check_buffer(value, argv);
		else if (strcmp(flag, "-loss") == 0)
			loss = parse_number(value, "%") / 100;
		else if (strcmp(flag, "-delay") == 0)
			delay = parse_number(value, "ms") * 1e6;
		else if (strcmp(flag, "-seed") == 0)
			seed = parse_number(value, "");
		else
			errx(2, "%s: no such flag", flag);
	}
	struct prefix ours = parse_prefix(ip), theirs = parse_prefix(host);
	int tap = tap_open(name, theirs, mtu);
	cable_start(tap, loss, delay, seed);

	struct sigaction action = {.sa_handler = on_signal};
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	srandom(getpid());

	lwip_init();
	struct netif n;
	ip4_addr_t addr = {ours.addr}, mask = {ours.mask}, gateway = {theirs.addr};
	netif_add(&n, &addr, &mask, &gateway, NULL, init_netif, ethernet_input);
	netif_set_default(&n);
	netif_set_up(&n);
	services_start();
	fprintf(stderr, "ready: lwIP " LWIP_VERSION_STRING " on %s, %s, buffers of %d bytes\n", name, ip, BUFFER);
	run(&n, tap);
	return 0;
}
