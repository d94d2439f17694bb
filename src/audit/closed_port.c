/* SPDX-License-Identifier: GPL-3.0-or-later */
/* closed_port.c - a tun device with a stranger behind it, who asks for ports. */
#include "audit/closed_port.h"

#include "base/clock.h"
#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

#define PORTS_MAX 16
#define WAIT_MS 1000
#define HIGH_PORTS 20000u /* where nobody is likely to listen, up to 30000: below those that the system gives out */
#define TRIES 200
#define STRANGER CLOSED_PORT_STRANGER
#define HOST "198.51.100.254"

struct packet {
	struct iphdr ip;
	struct tcphdr tcp;
};

const char *port_answer_text(enum port_answer a)
{
	static const char *const texts[] = { "nothing", "a reset", "an ICMP error", "an open port" };

	return texts[a];
}

/* RFC 1071, of at most a packet. */
static uint16_t checksum(const void *bytes, size_t len, uint32_t sum)
{
	uint8_t p[sizeof(struct packet)] = { 0 };

	memcpy(p, bytes, len);
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void packet_make(uint16_t from, uint16_t to, uint32_t seq, struct packet *out)
{
	struct packet p = { .ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP } };
	uint32_t pseudo = IPPROTO_TCP + sizeof p.tcp;

	p.ip.tot_len = htons(sizeof p);
	p.ip.saddr = inet_addr(STRANGER);
	p.ip.daddr = inet_addr(HOST);
	p.ip.check = checksum(&p.ip, sizeof p.ip, 0);
	p.tcp.source = htons(from);
	p.tcp.dest = htons(to);
	p.tcp.seq = htonl(seq);
	p.tcp.doff = 5;
	p.tcp.syn = 1;
	p.tcp.window = htons(64240);
	pseudo += (ntohl(p.ip.saddr) >> 16) + (ntohl(p.ip.saddr) & 0xffff) + (ntohl(p.ip.daddr) >> 16) +
		  (ntohl(p.ip.daddr) & 0xffff);
	p.tcp.check = checksum(&p.tcp, sizeof p.tcp, pseudo);
	*out = p;
}

static void address_put(struct sockaddr *to, const char *text)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = inet_addr(text) };

	memcpy(to, &a, sizeof a);
}

/* The device goes with the last descriptor of it. */
static enum err device_open(int *fd)
{
	struct ifreq r = { .ifr_flags = IFF_TUN | IFF_NO_PI, .ifr_name = "sallyport%d" };
	int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK), control;
	enum err e = ERR_SYSTEM;

	if (tun < 0)
		return errno == ENOENT || errno == ENODEV || errno == ENXIO ? ERR_UNSUPPORTED : ERR_SYSTEM;
	control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (control < 0 || ioctl(tun, TUNSETIFF, &r))
		goto out;
	address_put(&r.ifr_addr, HOST);
	if (ioctl(control, SIOCSIFADDR, &r))
		goto out;
	address_put(&r.ifr_dstaddr, STRANGER);
	if (ioctl(control, SIOCSIFDSTADDR, &r) || ioctl(control, SIOCGIFFLAGS, &r))
		goto out;
	r.ifr_flags |= IFF_UP | IFF_RUNNING;
	if (ioctl(control, SIOCSIFFLAGS, &r) == 0)
		e = ERR_NONE;
out:
	file_close(control);
	if (e)
		file_close(tun);
	else
		*fd = tun;
	return e;
}

/* What the packet says of which of our questions; false: it is about something else. */
static bool packet_read(const uint8_t *bytes, size_t len, uint16_t *host_port, uint16_t *stranger_port,
			enum port_answer *a)
{
	struct packet p;
	size_t at;

	if (len < sizeof p.ip)
		return false;
	memcpy(&p.ip, bytes, sizeof p.ip);
	at = p.ip.ihl * 4u;
	if (p.ip.version != 4 || p.ip.daddr != inet_addr(STRANGER) || len < at + 8)
		return false;
	if (p.ip.protocol == IPPROTO_TCP && len >= at + sizeof p.tcp) {
		memcpy(&p.tcp, bytes + at, sizeof p.tcp);
		*host_port = ntohs(p.tcp.source);
		*stranger_port = ntohs(p.tcp.dest);
		*a = p.tcp.rst ? PORT_RESET : PORT_OPEN;
		return p.tcp.rst || p.tcp.syn;
	}
	/* an error quotes the packet that it is about */
	if (p.ip.protocol != IPPROTO_ICMP || bytes[at] != ICMP_DEST_UNREACH || len < at + 8 + 20 + 8)
		return false;
	memcpy(&p.ip, bytes + at + 8, sizeof p.ip);
	at += 8 + p.ip.ihl * 4u;
	if (p.ip.protocol != IPPROTO_TCP || len < at + 4)
		return false;
	*stranger_port = (uint16_t)(bytes[at] << 8 | bytes[at + 1]);
	*host_port = (uint16_t)(bytes[at + 2] << 8 | bytes[at + 3]);
	*a = PORT_REJECTED;
	return true;
}

static enum err answers_wait(int fd, const uint16_t *ports, size_t n, uint16_t from, enum port_answer *answers)
{
	const uint64_t end = clock_boot_ms() + WAIT_MS;
	size_t heard = 0;

	while (heard < n) {
		const uint64_t now = clock_boot_ms();
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		uint16_t port, to;
		enum port_answer a;
		uint8_t bytes[2048];
		ssize_t len;

		if (now >= end)
			return ERR_NONE;
		if (poll(&wait, 1, (int)(end - now)) < 0 && errno != EINTR)
			return ERR_SYSTEM;
		len = read(fd, bytes, sizeof bytes);
		if (len < 0 && errno != EAGAIN && errno != EINTR)
			return ERR_SYSTEM;
		if (len <= 0 || !packet_read(bytes, (size_t)len, &port, &to, &a))
			continue;
		for (size_t i = 0; i < n; i++)
			if (ports[i] == port && to == from + i && answers[i] == PORT_SILENT) {
				answers[i] = a;
				heard++;
			}
	}
	return ERR_NONE;
}

enum err closed_port_ask(const uint16_t *ports, size_t n, enum port_answer *answers)
{
	enum port_answer found[PORTS_MAX] = { 0 };
	struct {
		uint16_t from;
		uint32_t seq;
	} random;
	int fd = -1;
	enum err e;

	if (n > PORTS_MAX)
		return ERR_RANGE;
	if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
		return ERR_SYSTEM;
	random.from = (uint16_t)(40000 + random.from % 20000);
	if ((e = device_open(&fd)))
		return e;
	for (size_t i = 0; i < n && !e; i++) {
		struct packet p;

		packet_make((uint16_t)(random.from + i), ports[i], random.seq, &p);
		if (write(fd, &p, sizeof p) != (ssize_t)sizeof p)
			e = ERR_SYSTEM;
	}
	if (!e)
		e = answers_wait(fd, ports, n, random.from, found);
	file_close(fd);
	if (!e)
		memcpy(answers, found, n * sizeof *answers);
	return e;
}

static bool is_free(uint16_t port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in any4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	int six = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    four = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	bool is = four >= 0 && bind(four, (struct sockaddr *)&any4, sizeof any4) == 0;

	/* a host may have no IPv6 at all */
	if (is && six >= 0 && setsockopt(six, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0)
		is = bind(six, (struct sockaddr *)&any, sizeof any) == 0 || errno != EADDRINUSE;
	file_close(six);
	file_close(four);
	return is;
}

enum err closed_port_find(uint16_t *ports, size_t n)
{
	size_t have = 0;

	for (int i = 0; i < TRIES && have < n; i++) {
		uint16_t random;
		bool known = false;

		if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
			return ERR_SYSTEM;
		random = (uint16_t)(HIGH_PORTS + random % 10000u);
		for (size_t k = 0; k < have; k++)
			known = known || ports[k] == random;
		if (!known && is_free(random))
			ports[have++] = random;
	}
	return have == n ? ERR_NONE : ERR_NOT_FOUND;
}
