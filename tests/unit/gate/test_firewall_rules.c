/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_firewall_rules.c - which settings make a table, and what it looks like. */
#include "gate/firewall_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct firewall_rules good = { .ports = { 22 }, .nports = 1, .ipv6_bits = 128 };

static void settings_out_of_range_are_refused(void **state)
{
	struct firewall_rules r[] = { good, good, good, good, good, good, good, good, good, good, good, good };

	r[0].nports = 0;
	r[1].ports[0] = 0;
	r[2].nports = FIREWALL_PORTS + 1;
	r[3].nports = 2, r[3].ports[1] = 22;
	r[4].ipv6_bits = 63;
	r[5].ipv6_bits = 129;
	r[6].nknocks = 1;
	r[7].ninterfaces = 1;
	r[8].nexcept = 1, memset(r[8].except[0], 'x', 16);
	r[9].nnetworks = 1;
	r[10].nnetworks = 1, r[10].networks[0] = (struct firewall_network){ { .family = 4 }, 33 };
	r[11].nnetworks = 1, r[11].networks[0] = (struct firewall_network){ { .family = 6 }, 129 };
	assert_int_equal(firewall_rules_check(&good), ERR_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(r); i++)
		if (firewall_rules_check(&r[i]) != ERR_RANGE)
			fail_msg("row %zu is taken", i);
}

static void the_plain_table(void **state)
{
	static const char want[] = "table inet sallyport {\n"
				   "\tset grants4 {\n\t\ttype ipv4_addr . inet_service\n\t\tflags timeout\n\t}\n"
				   "\tset grants6 {\n\t\ttype ipv6_addr . inet_service\n\t\tflags timeout\n\t}\n"
				   "\tchain shut {\n"
				   "\t\tip saddr . tcp dport @grants4 accept\n"
				   "\t\tip6 saddr . tcp dport @grants6 accept\n"
				   "\t\tdrop\n"
				   "\t}\n"
				   "\tchain door {\n"
				   "\t\tct state established accept\n"
				   "\t\tiifname \"lo\" accept\n"
				   "\t\tgoto shut\n"
				   "\t}\n"
				   "\tchain redirected {\n"
				   "\t\ttype filter hook input priority -10; policy accept;\n"
				   "\t\ttcp dport 22 goto door\n"
				   "\t}\n"
				   "\tchain arriving {\n"
				   "\t\ttype filter hook prerouting priority -150; policy accept;\n"
				   "\t\ttcp dport 22 fib daddr type local goto door\n"
				   "\t}\n"
				   "\tchain knocks {\n"
				   "\t\ttype filter hook prerouting priority -300; policy accept;\n"
				   "\t}\n"
				   "}\n";
	struct text t = { 0 };

	firewall_print(&good, &t);
	assert_int_equal(text_check(&t), ERR_NONE);
	assert_string_equal(text_string(&t), want);
	text_free(&t);
}

/* Nothing passes from an interface that is not named, nothing is shut on one that is excepted. */
static void places_come_before_the_rest(void **state)
{
	struct firewall_rules r = good;
	struct text t = { 0 };

	strcpy(r.interfaces[0], "eth0");
	strcpy(r.except[0], "wg0");
	r.ninterfaces = r.nexcept = r.nnetworks = 1;
	r.networks[0] = (struct firewall_network){ { .family = 4, .bytes = { 192, 0, 2, 0 } }, 24 };
	r.ipv6_bits = 57;
	firewall_print(&r, &t);
	assert_non_null(strstr(text_string(&t),
			       "\t\tiifname \"lo\" accept\n\t\tiifname \"wg0\" accept\n"
			       "\t\tip saddr 192.0.2.0/24 accept\n\t\tiifname \"eth0\" goto shut\n\t\taccept\n"));
	assert_non_null(strstr(text_string(&t), "ip6 saddr & ffff:ffff:ffff:ff80:: . tcp dport @grants6 accept"));
	text_free(&t);
}

static void an_open_door_and_one_that_nobody_attends(void **state)
{
	struct firewall_rules r = good;
	struct text t = { 0 };

	r.unattended_seconds = 60;
	firewall_print(&r, &t);
	assert_non_null(strstr(text_string(&t), "\tset attended {\n\t\ttype inet_service\n\t\tflags timeout\n\t}\n"));
	assert_non_null(strstr(text_string(&t),
			       "\t\tiifname \"lo\" accept\n\t\ttcp dport != @attended accept\n\t\tgoto shut\n"));
	text_reset(&t);
	r.shut = FIREWALL_OPEN;
	firewall_print(&r, &t);
	assert_non_null(strstr(text_string(&t), "\tchain door {\n\t\taccept\n\t}\n"));
	text_free(&t);
}

static enum err rule_count(void *arg, const struct rule *r)
{
	unsigned *n = arg;

	return ++*n == 3 ? ERR_MEMORY : ERR_NONE;
}

static void trouble_ends_the_walk(void **state)
{
	unsigned n = 0;

	assert_int_equal(firewall_rules_each(&good, rule_count, &n), ERR_MEMORY);
	assert_int_equal(n, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_out_of_range_are_refused),
		cmocka_unit_test(the_plain_table),
		cmocka_unit_test(places_come_before_the_rest),
		cmocka_unit_test(an_open_door_and_one_that_nobody_attends),
		cmocka_unit_test(trouble_ends_the_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
