/* SPDX-License-Identifier: GPL-3.0-or-later */
/* who_prometheus.c - a look at the gate as metrics, in the text format of Prometheus. */
#include "cmd/who.h"

#include "base/banned.h"

/* A metric without labels. */
struct metric {
	const char *name, *type, *help;
	json_int_t (*value)(const struct who_view *v);
};

static json_int_t value_start(const struct who_view *v)
{
	return (json_int_t)v->status.started;
}

static json_int_t value_granted(const struct who_view *v)
{
	return (json_int_t)v->status.granted;
}

static json_int_t value_entries(const struct who_view *v)
{
	return v->status.replay_entries;
}

static json_int_t value_lost(const struct who_view *v)
{
	return v->status.replay_lost != 0;
}

static json_int_t value_memory_only(const struct who_view *v)
{
	return v->status.memory_only != 0;
}

static json_int_t value_owned(const struct who_view *v)
{
	return v->status.table_owned != 0;
}

static json_int_t value_grants(const struct who_view *v)
{
	return (json_int_t)v->n;
}

static const struct metric metrics[] = {
	{ "start_time_seconds", "gauge", "When the daemon began to serve, in seconds since 1970.", value_start },
	{ "grants", "gauge", "Grants that are open now, one for each address and port.", value_grants },
	{ "knocks_granted_total", "counter", "Knocks that were granted since the daemon began to serve.",
	  value_granted },
	{ "record_entries", "gauge", "Knocks in the record of past knocks.", value_entries },
	{ "record_lost", "gauge", "Whether the record is lost, so that nothing is granted.", value_lost },
	{ "record_memory_only", "gauge", "Whether the record cannot be written.", value_memory_only },
	{ "table_owned", "gauge", "Whether the firewall table is the daemon's alone.", value_owned },
};

static void head(const char *name, const char *type, const char *help, struct text *out)
{
	text_add(out, "# HELP sallyport_%s %s\n# TYPE sallyport_%s %s\n", name, help, name, type);
}

static void add_ended(const struct who_view *v, struct text *out)
{
	head("packets_ended_total", "counter",
	     "Packets to the knock port that opened nothing, by the check they ended at.", out);
	for (size_t i = 1; i < STAGE_COUNT; i++)
		text_add(out, "sallyport_packets_ended_total{stage=\"%s\"} %llu\n",
			 knock_stage_text((enum knock_stage)i), (unsigned long long)v->status.ended[i]);
}

void who_prometheus(const struct who_view *v, int table, struct text *out)
{
	head("up", "gauge", "Whether the daemon answers.", out);
	text_add(out, "sallyport_up %d\n", !v->why);
	if (table >= 0) {
		head("table_loaded", "gauge", "Whether the firewall table is in the kernel.", out);
		text_add(out, "sallyport_table_loaded %d\n", table);
	}
	/* What a daemon said that is gone is no news: alerts go by sallyport_up. */
	if (v->why)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++) {
		const struct metric *m = &metrics[i];

		head(m->name, m->type, m->help, out);
		text_add(out, "sallyport_%s %lld\n", m->name, (long long)m->value(v));
	}
	add_ended(v, out);
}
