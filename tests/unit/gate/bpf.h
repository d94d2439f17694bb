/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bpf.h - classic BPF as the kernel runs it, as far as a capture filter goes: the judge of what would pass. */
#ifndef TESTS_UNIT_GATE_BPF_H
#define TESTS_UNIT_GATE_BPF_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* What the kernel knows about a packet besides its bytes. */
struct bpf_about {
	uint32_t kind, protocol;
	bool vlan;
	uint32_t vlan_tag;
};

struct bpf_packet {
	const uint8_t *bytes;
	size_t len;
	struct bpf_about about;
};

/* False: outside of the packet, which ends the program with "drop". */
static inline bool bpf_load(const struct bpf_packet *p, uint32_t at, unsigned size, uint32_t *out)
{
	uint32_t value = 0;

	switch (at - (uint32_t)SKF_AD_OFF) {
	case SKF_AD_PROTOCOL: *out = p->about.protocol; return true;
	case SKF_AD_PKTTYPE: *out = p->about.kind; return true;
	case SKF_AD_VLAN_TAG: *out = p->about.vlan_tag; return true;
	case SKF_AD_VLAN_TAG_PRESENT: *out = p->about.vlan; return true;
	default: break;
	}
	if (at > p->len || size > p->len - at)
		return false;
	for (unsigned i = 0; i < size; i++)
		value = value << 8 | p->bytes[at + i];
	*out = value;
	return true;
}

static inline unsigned bpf_size(uint16_t code)
{
	return BPF_SIZE(code) == BPF_B ? 1 : BPF_SIZE(code) == BPF_H ? 2 : 4;
}

static inline uint32_t bpf_alu(uint16_t code, uint32_t a, uint32_t b)
{
	switch (BPF_OP(code)) {
	case BPF_ADD: return a + b;
	case BPF_SUB: return a - b;
	case BPF_AND: return a & b;
	case BPF_LSH: return a << b;
	default: abort();
	}
}

static inline bool bpf_holds(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ: return a == k;
	case BPF_JGT: return a > k;
	case BPF_JGE: return a >= k;
	case BPF_JSET: return a & k;
	default: abort();
	}
}

/* Whether the packet passes; what the program may not do ends the test. */
static inline bool bpf_passes(const struct sock_filter *program, unsigned n, const struct bpf_packet *p)
{
	uint32_t a = 0, x = 0, memory[BPF_MEMWORDS] = { 0 };

	for (unsigned pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &program[pc];

		switch (i->code) {
		case BPF_RET | BPF_K: return i->k != 0;
		case BPF_LD | BPF_W | BPF_LEN: a = (uint32_t)p->len; break;
		case BPF_LD | BPF_W | BPF_ABS:
		case BPF_LD | BPF_H | BPF_ABS:
		case BPF_LD | BPF_B | BPF_ABS:
			if (!bpf_load(p, i->k, bpf_size(i->code), &a))
				return false;
			break;
		case BPF_LD | BPF_H | BPF_IND:
		case BPF_LD | BPF_B | BPF_IND:
			if (!bpf_load(p, x + i->k, bpf_size(i->code), &a))
				return false;
			break;
		case BPF_LD | BPF_MEM: a = memory[i->k]; break;
		case BPF_ST: memory[i->k] = a; break;
		case BPF_LDX | BPF_IMM: x = i->k; break;
		case BPF_LDX | BPF_B | BPF_MSH:
			if (!bpf_load(p, i->k, 1, &x))
				return false;
			x = (x & 15) * 4;
			break;
		case BPF_MISC | BPF_TAX: x = a; break;
		case BPF_MISC | BPF_TXA: a = x; break;
		case BPF_JMP | BPF_JA: pc += i->k; break;
		default:
			if (BPF_CLASS(i->code) == BPF_ALU)
				a = bpf_alu(i->code, a, BPF_SRC(i->code) == BPF_X ? x : i->k);
			else if (BPF_CLASS(i->code) == BPF_JMP && BPF_SRC(i->code) == BPF_K)
				pc += bpf_holds(i->code, a, i->k) ? i->jt : i->jf;
			else
				abort();
		}
	}
	abort(); /* ran off its end: the kernel would not have taken it */
}

#endif
