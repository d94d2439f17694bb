/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_gate_state.c - every way in which a gate can be there or not, in words and as JSON. */
#include "cmd/gate_state.h"

#include "base/scratch.h"

#include <time.h>

#include "base/banned.h"

static struct gate_state made(enum known table, enum known running)
{
	struct gate_state g = { .live = true, .configured = true, .table = table, .running = running };

	assert_int_equal(strings_add(&g.ports, "22"), ERR_NONE);
	if (running == KNOWN_NO)
		g.said.why = "sallyportd does not run here";
	g.said.n = running == KNOWN_YES ? 2 : 0;
	g.said.status = (struct control_status){ .started = 1790000000,
						 .granted = 1,
						 .ended[STAGE_DUPLICATE] = 100,
						 .ended[STAGE_GATE] = 3,
						 .ended[STAGE_KEY] = 4 };
	return g;
}

/* The borrowed reason and the entries that are not there must not be freed as ours. */
static void unmade(struct gate_state *g)
{
	strings_free(&g->ports);
}

static void a_door_that_is_held_open_hides_nothing(void **state)
{
	struct gate_state g = made(KNOWN_YES, KNOWN_YES);
	struct text line = { 0 }, trouble = { 0 };

	(void)state;
	assert_true(gate_state_hides(&g, "22"));
	g.said.status.held_open = 1;
	assert_false(gate_state_hides(&g, "22"));
	gate_state_line(&g, &line);
	gate_state_troubles(&g, &trouble);
	assert_int_equal(strncmp(line.s, "port 22 held open, serving since", 32), 0);
	assert_string_equal(trouble.s, "knocks are heard, and the port is open to all: Shut no\n");
	text_free(&line);
	text_free(&trouble);
	unmade(&g);
}

static void every_state_has_its_words(void **state)
{
	static const struct {
		enum known table, running;
		const char *line, *trouble, *next;
	} cases[] = {
		{ KNOWN_YES, KNOWN_YES,
		  "port 22 hidden, serving since 2026-09-21 14:13, 2 let in, 1 knock granted, 7 packets refused", "",
		  NULL },
		{ KNOWN_YES, KNOWN_NO, "port 22 hidden, sallyportd does not run here",
		  "the port is shut and nobody hears a knock: only who is let in already gets in\n",
		  "Next: sudo systemctl start sallyportd" },
		{ KNOWN_NO, KNOWN_YES,
		  "port 22 not hidden, serving since 2026-09-21 14:13, 2 let in, 1 knock granted, 7 packets refused",
		  "the firewall table is gone: the port is open to all\n",
		  "Next: sudo systemctl restart sallyport-firewall" },
		{ KNOWN_NO, KNOWN_NO, "port 22 not hidden, sallyportd does not run here",
		  "it is set up, but nobody serves: the port is not shut\n", NULL },
		{ KNOWN_NOT, KNOWN_NOT, "port 22, more is told to root", "", NULL },
		{ KNOWN_NOT, KNOWN_NO, "port 22, sallyportd does not run here", "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct gate_state g = made(cases[i].table, cases[i].running);
		struct text line = { 0 }, trouble = { 0 };

		gate_state_line(&g, &line);
		gate_state_troubles(&g, &trouble);
		assert_string_equal(text_string(&line), cases[i].line);
		assert_string_equal(text_string(&trouble), cases[i].trouble);
		if (cases[i].next)
			assert_string_equal(gate_state_next(&g), cases[i].next);
		else
			assert_null(gate_state_next(&g));
		text_free(&line);
		text_free(&trouble);
		unmade(&g);
	}
}

static void a_record_that_is_lost_is_said_with_what_helps(void **state)
{
	struct gate_state g = made(KNOWN_YES, KNOWN_YES);
	struct text trouble = { 0 };

	(void)state;
	g.said.status.replay_lost = g.said.status.memory_only = 1;
	gate_state_troubles(&g, &trouble);
	assert_non_null(strstr(text_string(&trouble), "the record of past knocks is lost: "));
	assert_non_null(strstr(text_string(&trouble), "\nthe record of knocks cannot be written: "));
	assert_non_null(strstr(gate_state_next(&g), "grant --clock-is-right"));
	text_free(&trouble);
	unmade(&g);
}

static void where_there_is_no_gate_there_is_null(void **state)
{
	struct gate_state none = { .live = true, .table = KNOWN_NO, .running = KNOWN_NO };
	json_t *j = gate_state_json(&none);

	(void)state;
	assert_false(gate_state_any(&none));
	assert_true(json_is_null(j));
	json_decref(j);
	/* a table that somebody left behind is one */
	none.table = KNOWN_YES;
	assert_true(gate_state_any(&none));
}

static void json_has_what_is_known_and_null_for_the_rest(void **state)
{
	struct gate_state g = made(KNOWN_YES, KNOWN_YES), silent = made(KNOWN_NOT, KNOWN_NO);
	json_t *j = gate_state_json(&g);

	(void)state;
	assert_int_equal(json_integer_value(json_array_get(json_object_get(j, "ports"), 0)), 22);
	assert_true(json_is_true(json_object_get(j, "hidden")));
	assert_true(json_is_true(json_object_get(j, "running")));
	assert_true(json_is_null(json_object_get(j, "error")));
	assert_int_equal(json_integer_value(json_object_get(j, "grants")), 2);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "refused"), "key")), 4);
	assert_true(json_is_false(json_object_get(json_object_get(j, "replay"), "lost")));
	json_decref(j);
	j = gate_state_json(&silent);
	assert_true(json_is_null(json_object_get(j, "hidden")));
	assert_true(json_is_false(json_object_get(j, "running")));
	assert_string_equal(json_string_value(json_object_get(j, "error")), "sallyportd does not run here");
	assert_null(json_object_get(j, "grants"));
	json_decref(j);
	unmade(&g);
	unmade(&silent);
}

static void settings_of_another_root_tell_the_ports(void **state)
{
	char dir[SCRATCH_DIR];
	static const char settings[] =
		"# Port 1\nport 22 2222\n\n\tPort \"2022\"\nAnswer drop\nControlSocket /run/other\nPort";
	struct root *r = NULL;
	struct gate_state g;

	(void)state;
	scratch_make(dir);
	assert_int_equal(root_open(dir, &r), ERR_NONE);
	assert_int_equal(gate_state_read(r, false, &g), ERR_NONE);
	assert_false(gate_state_any(&g));
	gate_state_clear(&g);
	assert_int_equal(mkdir(scratch_path(dir, "etc"), 0755), 0);
	assert_int_equal(mkdir(scratch_path(dir, "etc/sallyport"), 0755), 0);
	scratch_write(scratch_path(dir, "etc/sallyport/sallyportd.conf"), settings);
	assert_int_equal(gate_state_read(r, false, &g), ERR_NONE);
	assert_true(gate_state_any(&g));
	assert_int_equal(g.ports.n, 3);
	assert_string_equal(g.ports.v[2], "2022");
	assert_false(gate_state_hides(&g, "22"));
	g.table = KNOWN_YES;
	assert_true(gate_state_hides(&g, "22"));
	assert_false(gate_state_hides(&g, "23"));
	gate_state_clear(&g);
	root_close(r);
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_door_that_is_held_open_hides_nothing),
		cmocka_unit_test(every_state_has_its_words),
		cmocka_unit_test(a_record_that_is_lost_is_said_with_what_helps),
		cmocka_unit_test(where_there_is_no_gate_there_is_null),
		cmocka_unit_test(json_has_what_is_known_and_null_for_the_rest),
		cmocka_unit_test(settings_of_another_root_tell_the_ports),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
