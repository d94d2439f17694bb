/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_capture.c - any packet: what the kernel's filter lets pass is taken apart as a datagram, and what it drops is none. */
#include "gate/capture.h"

#include "../unit/gate/bpf.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t ports[] = { 22, 443, 2222, 65535 };

static bool listed(uint16_t port)
{
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		if (port == ports[i])
			return true;
	return false;
}

/* The input begins with the number of zeros that follow it, so that short inputs are long packets too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sock_filter program[CAPTURE_PROGRAM];
	static unsigned short n;
	struct bpf_packet p = { .about = { .kind = PACKET_HOST } };
	struct capture_packet out = { 0 };
	uint8_t *packet;
	size_t zeros;
	bool knock;

	if (!n && capture_program(ports, ARRAY_SIZE(ports), program, &n))
		abort();
	if (size < 2)
		return 0;
	zeros = (size_t)(data[0] << 8 | data[1]) % (CAPTURE_BUFFER + 1);
	p.len = size - 2 + zeros;
	if (!(packet = calloc(1, p.len ? p.len : 1)))
		return 0;
	memcpy(packet, data + 2, size - 2);
	p.bytes = packet;
	p.about.protocol = p.len && packet[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP;
	knock = p.len <= CAPTURE_BUFFER && !capture_parse(packet, p.len, &out) && out.len == NATIVE_DATAGRAM &&
		listed(out.to_port);
	if (knock != bpf_passes(program, n, &p))
		abort();
	if (out.payload && (out.payload < packet || out.payload + out.len > packet + p.len))
		abort();
	free(packet);
	return 0;
}
