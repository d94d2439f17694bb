/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall.c - our table in the kernel by hand, for tests: firewall OPTION... [print], then one command a line on stdin. */
#include "gate/firewall.h"

#include "base/clock.h"
#include "base/number.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void die(const char *what)
{
	fprintf(stderr, "firewall: %s\n", what);
	exit(2);
}

static unsigned number(const char *s, unsigned most)
{
	uint64_t n;

	if (!s || number_parse(s, 0, most, &n))
		die("not a number");
	return (unsigned)n;
}

static struct message_address address(const char *s)
{
	struct message_address a = { 0 };

	if (s && inet_pton(AF_INET, s, a.bytes) == 1)
		a.family = 4;
	else if (s && inet_pton(AF_INET6, s, a.bytes) == 1)
		a.family = 6;
	else
		die("not an address");
	return a;
}

static void take_network(struct firewall_rules *r, char *value)
{
	char *slash = strchr(value, '/');
	struct firewall_network *n = &r->networks[r->nnetworks++];

	if (!slash)
		die("not a network");
	*slash = '\0';
	n->address = address(value);
	n->bits = (uint8_t)number(slash + 1, 128);
}

static void take_option(struct firewall_rules *r, int option, char *value)
{
	switch (option) {
	case 'p': r->ports[r->nports++] = (uint16_t)number(value, 65535); break;
	case 'k': r->knocks[r->nknocks++] = (uint16_t)number(value, 65535); break;
	case 'i': snprintf(r->interfaces[r->ninterfaces++], 16, "%s", value); break;
	case 'x': snprintf(r->except[r->nexcept++], 16, "%s", value); break;
	case 'n': take_network(r, value); break;
	case 'b': r->ipv6_bits = number(value, 128); break;
	case 'r': r->answer = FIREWALL_RESET; break;
	case 'u': r->unowned = true; break;
	default: exit(2);
	}
}

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void do_grant(struct firewall *f, char **words)
{
	struct firewall_grant g = { address(words[1]), (uint16_t)number(words[2], 65535),
				    number(words[3], UINT32_MAX) };
	enum err answer;

	firewall_grant(f, &g, 1, &answer);
	puts(err_text(answer));
}

static void do_revoke(struct firewall *f, char **words)
{
	struct message_address a = address(words[1]);
	unsigned ended = 0;
	enum err e = firewall_revoke(f, &a, (uint16_t)number(words[2], 65535), &ended);

	printf("%s %u\n", err_text(e), ended);
}

static void do_list(struct firewall *f, char **words)
{
	struct firewall_grant *grants = NULL;
	char text[INET6_ADDRSTRLEN];
	size_t n = 0;
	enum err e = firewall_list(f, &grants, &n);

	printf("%s %zu", err_text(e), n);
	for (size_t i = 0; i < n && i < 20; i++) {
		inet_ntop(grants[i].address.family == 4 ? AF_INET : AF_INET6, grants[i].address.bytes, text,
			  sizeof text);
		printf(" %s,%u,%u", text, grants[i].port, grants[i].seconds);
	}
	puts("");
	free(grants);
}

static void do_look(struct firewall *f, char **words)
{
	char *found = NULL;
	enum err e = firewall_look(f, &found);

	printf("%s: %s\n", err_text(e), found ? found : "-");
	free(found);
}

/* watch MILLISECONDS: waits for the watch, looks, and says how long that took. */
static void do_watch(struct firewall *f, char **words)
{
	struct pollfd p = { .fd = firewall_watch_fd(f), .events = POLLIN };
	int n = poll(&p, 1, (int)number(words[1], 60000));
	double before = seconds_now();
	char *found = NULL;
	enum err e = firewall_look(f, &found);

	printf("%s %s %.0f us: %s\n", n > 0 ? "heard" : "quiet", err_text(e), (seconds_now() - before) * 1e6,
	       found ? found : "-");
	free(found);
}

/* many N PORT SECONDS: grants to N addresses in one call. */
static void do_many(struct firewall *f, char **words)
{
	unsigned n = number(words[1], 1000000), good = 0;
	struct firewall_grant *grants = calloc(n, sizeof *grants);
	enum err *answers = calloc(n, sizeof *answers);
	double before;

	if (!grants || !answers)
		die("no memory");
	for (unsigned i = 0; i < n; i++) {
		grants[i] = (struct firewall_grant){ address(i % 2 ? "2001:db8::" : "198.18.0.0"),
						     (uint16_t)number(words[2], 65535), number(words[3], UINT32_MAX) };
		memcpy(grants[i].address.bytes + (i % 2 ? 4 : 1),
		       (uint8_t[]){ (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i }, 3);
	}
	before = seconds_now();
	firewall_grant(f, grants, n, answers);
	before = seconds_now() - before;
	for (unsigned i = 0; i < n; i++)
		good += answers[i] == ERR_NONE;
	printf("%u good, %.2f us each\n", good, before * 1e6 / n);
	free(grants);
	free(answers);
}

/* speed N PORT SECONDS: the same one by one. */
static void do_speed(struct firewall *f, char **words)
{
	unsigned n = number(words[1], 1000000), good = 0;
	struct firewall_grant g = { address("203.0.0.0"), (uint16_t)number(words[2], 65535),
				    number(words[3], UINT32_MAX) };
	double before = seconds_now();
	enum err answer;

	for (unsigned i = 0; i < n; i++) {
		memcpy(g.address.bytes + 1, (uint8_t[]){ (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i }, 3);
		firewall_grant(f, &g, 1, &answer);
		good += answer == ERR_NONE;
	}
	printf("%u good, %.2f us each\n", good, (seconds_now() - before) * 1e6 / n);
}

static void do_remove(struct firewall *f, char **words)
{
	puts(err_text(firewall_remove(f)));
}

static const struct {
	const char *name;
	void (*run)(struct firewall *f, char **words);
} commands[] = {
	{ "grant", do_grant }, { "revoke", do_revoke }, { "list", do_list },   { "look", do_look },
	{ "watch", do_watch }, { "many", do_many },	{ "speed", do_speed }, { "remove", do_remove },
};

static void serve(struct firewall *f)
{
	char line[256];

	while (fgets(line, sizeof line, stdin)) {
		char *words[8] = { 0 }, *rest = line;

		for (size_t i = 0; i < 7 && (words[i] = strtok_r(rest, " \n", &rest));)
			i++;
		for (size_t i = 0; words[0] && i < ARRAY_SIZE(commands); i++)
			if (strcmp(commands[i].name, words[0]) == 0)
				commands[i].run(f, words);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	struct firewall_rules rules = { .ipv6_bits = 128 };
	struct firewall *f = NULL;
	struct text t = { 0 };
	unsigned entered = 0;
	char *why = NULL;
	int option;
	enum err e;

	while ((option = getopt(argc, argv, "p:k:i:x:n:b:ru")) != -1)
		take_option(&rules, option, optarg);
	if (optind < argc && strcmp(argv[optind], "print") == 0) {
		firewall_print(&rules, &t);
		fputs(text_string(&t), stdout);
		text_free(&t);
		return 0;
	}
	e = firewall_open(&rules, -1, &f, &entered, &why);
	if (e)
		printf("%s: %s\n", err_text(e), why ? why : "-");
	else
		printf("open %s entered %u%s%s\n", firewall_owned(f) ? "owned" : "unowned", entered, why ? ": " : "",
		       why ? why : "");
	fflush(stdout);
	free(why);
	if (e)
		return 1;
	serve(f);
	firewall_close(f);
	return 0;
}
