// Opens the TAP device and sets up the kernel's end of it, as shared/tap does in Go.

#include <err.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

void mac_of(uint32_t addr, unsigned char mac[6])
{
	mac[0] = 0x02;
	mac[1] = 0x00;
	memcpy(mac + 2, &addr, 4);
}

static void set(int s, unsigned long request, struct ifreq *r, const char *what)
{
	if (ioctl(s, request, r) < 0)
		err(1, "%s: %s", r->ifr_name, what);
}

static void set_address(int s, unsigned long request, struct ifreq *r, uint32_t addr, const char *what)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = addr};
	memcpy(&r->ifr_addr, &in, sizeof in);
	set(s, request, r, what);
}

// no_ipv6 keeps the kernel's search for routers off the cable. A kernel without IPv6 has
// no such file.
static void no_ipv6(const char *name)
{
	char path[96];
	snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		ssize_t n = write(fd, "1", 1);
		(void)n;
		close(fd);
	}
}

int tap_open(const char *name, struct prefix host, int mtu)
{
	struct ifreq r = {0};
	if (strlen(name) >= sizeof r.ifr_name)
		errx(2, "%s: too long a name", name);
	strcpy(r.ifr_name, name);
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		err(1, "/dev/net/tun");
	r.ifr_flags = IFF_TAP | IFF_NO_PI;
	set(fd, TUNSETIFF, &r, "opening it");

	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		err(1, "socket");
	no_ipv6(name);
	r.ifr_mtu = mtu;
	set(s, SIOCSIFMTU, &r, "setting its MTU");
	r.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	mac_of(host.addr, (unsigned char *)r.ifr_hwaddr.sa_data);
	set(s, SIOCSIFHWADDR, &r, "setting its MAC address");
	set_address(s, SIOCSIFADDR, &r, host.addr, "setting its address");
	set_address(s, SIOCSIFNETMASK, &r, host.mask, "setting its netmask");
	set(s, SIOCGIFFLAGS, &r, "asking for its flags");
	r.ifr_flags |= IFF_UP;
	set(s, SIOCSIFFLAGS, &r, "bringing it up");
	close(s);
	return fd;
}
