/* SPDX-License-Identifier: GPL-3.0-or-later */
/* who_look.c - ask the daemon and the kernel; what changed since. */
#include "cmd/who.h"

#include "base/clock.h"
#include "base/file.h"
#include "cmd/gate.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static enum err ask(const char *path, struct who_view *v, bool *reached)
{
	struct control_status status;
	struct control_entry *entries = NULL;
	size_t n = 0;
	int fd = -1;
	enum err e;

	/* anew each time: the daemon may have been started anew, and has few places */
	*reached = false;
	if ((e = control_open(path ? path : CONTROL_PATH, &fd)))
		return e;
	*reached = true;
	e = control_who(fd, &entries, &n, &status);
	file_close(fd);
	if (e)
		return e;
	free(v->entries);
	v->entries = entries;
	v->n = n;
	v->status = status;
	v->answered_boot_ms = clock_boot_ms();
	v->seen = true;
	return ERR_NONE;
}

/* Who lasts longest comes first; of one address the lower port. */
static int by_time(const void *a, const void *b)
{
	const struct control_entry *x = a, *y = b;
	const int address = memcmp(&x->address, &y->address, sizeof x->address);

	if (x->seconds_left != y->seconds_left)
		return x->seconds_left > y->seconds_left ? -1 : 1;
	if (address)
		return address;
	return (x->port > y->port) - (x->port < y->port);
}

enum err who_look(const char *path, struct who_view *v, bool *reached)
{
	enum err e = ask(path, v, reached);
	const int kept = errno;

	v->why = e ? gate_why(e, *reached) : NULL;
	v->now = clock_wall();
	v->now_boot_ms = clock_boot_ms();
	if (!e && v->n)
		qsort(v->entries, v->n, sizeof *v->entries, by_time);
	traffic_free(&v->traffic);
	v->has_traffic = v->n && !traffic_read(&v->traffic);
	errno = kept;
	return e;
}

void who_clear(struct who_view *v)
{
	free(v->entries);
	traffic_free(&v->traffic);
	*v = (struct who_view){ 0 };
}

uint64_t who_left(const struct who_view *v, const struct control_entry *e)
{
	const uint64_t age = (v->now_boot_ms - v->answered_boot_ms) / 1000;

	return age < e->seconds_left ? e->seconds_left - age : 0;
}

const struct traffic_peer *who_traffic(const struct who_view *v, const struct control_entry *e)
{
	return v->has_traffic ? traffic_find(&v->traffic, e->address.family, e->address.bytes, e->port) : NULL;
}

void who_samples_add(struct who_samples *s, const struct who_view *v)
{
	struct who_sample *last;

	if (s->n && s->v[s->n - 1].started != v->status.started)
		s->n = 0;
	if (s->n == WHO_SAMPLES)
		memmove(s->v, s->v + 1, --s->n * sizeof *s->v);
	last = &s->v[s->n++];
	*last = (struct who_sample){ .boot_ms = v->answered_boot_ms,
				     .started = v->status.started,
				     .granted = v->status.granted };
	memcpy(last->ended, v->status.ended, sizeof last->ended);
}

static uint64_t count_of(const struct who_sample *s, enum knock_stage stage)
{
	return stage == STAGE_ACCEPTED ? s->granted : s->ended[stage];
}

double who_rate(const struct who_samples *s, enum knock_stage stage)
{
	const struct who_sample *first = &s->v[0], *last = s->n ? &s->v[s->n - 1] : first;
	const uint64_t a = count_of(first, stage), b = count_of(last, stage);

	if (s->n < 2 || last->boot_ms <= first->boot_ms || b < a)
		return -1;
	return (double)(b - a) * 1000 / (double)(last->boot_ms - first->boot_ms);
}

void who_fingerprint(const uint8_t key[NATIVE_KEY_ID], char out[WHO_FINGERPRINT])
{
	char base64[sodium_base64_ENCODED_LEN(NATIVE_KEY_ID, sodium_base64_VARIANT_ORIGINAL_NO_PADDING)];

	sodium_bin2base64(base64, sizeof base64, key, NATIVE_KEY_ID, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	snprintf(out, WHO_FINGERPRINT, "SHA256:%s", base64);
}

/* What the words of knock_stage_text() mean to somebody who asks why a knock did not open. */
static const char *const meanings[STAGE_COUNT] = {
	[STAGE_LENGTH] = "packets of another length: no knocks",
	[STAGE_GATE] = "not sealed to this host's key, or by a clock that is far off",
	[STAGE_BUDGET] = "dropped under load",
	[STAGE_OPEN] = "the seal does not hold: another host key or site secret",
	[STAGE_PARSE] = "opened, but not well-formed",
	[STAGE_TIME] = "more than five minutes old or early: clocks differ",
	[STAGE_FLOOR] = "from a time whose knocks are forgotten",
	[STAGE_DUPLICATE] = "copies of knocks seen before, as every client sends",
	[STAGE_KEY] = "by keys that nobody has",
	[STAGE_USER] = "by keys that the account does not list",
	[STAGE_CA] = "by certificates of a CA that is not trusted",
	[STAGE_REVOKED] = "by revoked keys",
	[STAGE_CASIG] = "by certificates that their CA did not sign",
	[STAGE_CERT] = "by certificates that are not valid now",
	[STAGE_PRINCIPAL] = "by certificates for other accounts",
	[STAGE_CRITICAL] = "by certificates with options that forbid it",
	[STAGE_SIGNATURE] = "by signatures that do not hold",
	[STAGE_TOUCH] = "by security keys that were not touched",
	[STAGE_RATE] = "too many from one key or account",
	[STAGE_POLICY] = "sshd would refuse the login, or the gate the request",
	[STAGE_UNKNOWN] = "what decides could not be read in time",
	[STAGE_STATE] = "the record of knocks is lost, full or cannot be written",
	[STAGE_FIREWALL] = "the kernel did not take the grant",
};

const char *who_meaning(enum knock_stage stage)
{
	return meanings[stage] ? meanings[stage] : "";
}
