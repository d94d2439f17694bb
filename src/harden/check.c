/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check.c - the staged configuration tried out, before anything real is touched. */
#include "harden/check.h"

#include "base/child.h"
#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define CANDIDATE_PORT 22022
#define CANDIDATE_MS 10000
#define PROBE_MS 3000

/* ---- values ---- */

static bool same_value(const struct strings *found, const struct strings *expected)
{
	static const struct strings none = { 0 };

	found = found ? found : &none;
	if (found->n != expected->n)
		return false;
	for (size_t i = 0; i < found->n; i++)
		if (strcasecmp(found->v[i], expected->v[i]) != 0)
			return false;
	return true;
}

static json_t *joined(const struct strings *l)
{
	struct text t = { 0 };
	json_t *j;

	if (l)
		strings_join(l, ", ", &t);
	j = json_safe_string(text_string(&t));
	text_free(&t);
	return j;
}

static bool is_about(const struct planned_value *v, const char *user)
{
	return user ? v->user && strcmp(v->user, user) == 0 : !v->user;
}

/* Those of the values that are for this account alone; user NULL: those for everybody. */
static enum err compare_report(const struct check *c, const struct sshd_report *report, const char *who,
			       const char *user, json_t *missing)
{
	for (size_t i = 0; i < c->plan->nvalues; i++) {
		const struct planned_value *v = &c->plan->values[i];
		const char *name = change_spelling(v->keyword, c->facts->release);
		const struct strings *found = report_values(report, name);
		json_t *o;

		if (!is_about(v, user) || same_value(found, &v->expected) || (who && v->match_keeps))
			continue;
		o = json_pack("{s:s,s:o,s:o,s:s?}", "keyword", name, "wanted", joined(&v->expected), "found",
			      joined(found), "who", who);
		if (!o || json_array_append_new(missing, o))
			return ERR_MEMORY;
	}
	return ERR_NONE;
}

static enum err check_for(const struct check *c, const struct sshd_connection *connection, const char *user,
			  json_t *missing, char **complaint)
{
	struct sshd_report report = { 0 };
	enum err e = ask_report(c->facts->sshd, c->facts->config_path, connection, &report, complaint);

	if (e == ERR_NONE)
		e = compare_report(c, &report, connection ? connection->user : NULL, user, missing);
	report_free(&report);
	return e;
}

/* The first of the values that are for this account. */
static bool is_first_of(const struct check *c, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (is_about(&c->plan->values[k], c->plan->values[i].user))
			return false;
	return true;
}

/* Its own Match block comes first, so that it is the same from anywhere. */
static enum err check_blocks(const struct check *c, json_t *missing, char **complaint)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; e == ERR_NONE && i < c->plan->nvalues; i++) {
		const char *user = c->plan->values[i].user;
		const struct sshd_connection connection = {
			.user = user, .host = "127.0.0.1", .addr = "127.0.0.1", .laddr = "127.0.0.1", .lport = 22
		};

		if (user && is_first_of(c, i))
			e = check_for(c, &connection, user, missing, complaint);
	}
	return e;
}

enum err check_values(const struct check *c, json_t *missing, char **complaint)
{
	enum err e = check_for(c, NULL, NULL, missing, complaint);

	for (size_t i = 0; e == ERR_NONE && i < c->keepers->n; i++) {
		const struct keeper *k = &c->keepers->v[i];
		struct sshd_connection connection = {
			.user = k->user, .host = k->addr, .addr = k->addr, .laddr = k->laddr, .lport = k->lport
		};

		if (k->addr && k->laddr)
			e = check_for(c, &connection, NULL, missing, complaint);
	}
	return e ? e : check_blocks(c, missing, complaint);
}

/* ---- the wire ---- */

static enum err wire_list(const struct sshd_report *report, const char *keyword, const struct strings *offer,
			  struct text *differs)
{
	const struct strings *value = report_values(report, keyword);
	struct strings names = { 0 };
	struct text found = { 0 };
	enum err e;

	if (!value || value->n != 1)
		return ERR_NONE;
	if ((e = kexinit_configured(offer, &names)) == ERR_NONE) {
		strings_join(&names, ",", &found);
		if (strcmp(text_string(&found), value->v[0]) != 0)
			text_add(differs, "%s offered: %s; configured: %s. ", keyword, text_string(&found),
				 value->v[0]);
		e = text_check(&found);
	}
	text_free(&found);
	strings_free(&names);
	return e;
}

enum err check_wire(const struct sshd_report *report, const struct kexinit *offer, struct text *differs)
{
	enum err e;

	if ((e = wire_list(report, "kexalgorithms", &offer->kex, differs)) ||
	    (e = wire_list(report, "ciphers", &offer->cipher_s2c, differs)) ||
	    (e = wire_list(report, "macs", &offer->mac_s2c, differs)))
		return e;
	return text_check(differs);
}

/* ---- the second sshd ---- */

static enum err start_candidate(const struct check *c, int log, pid_t *pid)
{
	char address[40];

	snprintf(address, sizeof address, "ListenAddress=127.0.0.1:%d", CANDIDATE_PORT);
	*pid = fork();
	if (*pid < 0)
		return ERR_SYSTEM;
	if (*pid > 0)
		return ERR_NONE;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(127);
	/* an AddressFamily of inet6 only would refuse the loopback address that we look at */
	execl(c->facts->sshd, c->facts->sshd, "-D", "-e", "-f", c->facts->config_path, "-o", "PidFile=none", "-o",
	      "AddressFamily=any", "-o", address, (char *)NULL);
	_exit(127);
}

static enum err probe_candidate(pid_t pid, struct probe_result *out)
{
	struct probe_target target = { .addr = "127.0.0.1", .port = CANDIDATE_PORT, .timeout_ms = PROBE_MS };
	struct timespec pause = { .tv_nsec = 20 * 1000000L };

	for (int waited = 0; waited < CANDIDATE_MS; waited += 20) {
		enum err e = probe_server(&target, out);

		if (e != ERR_CLOSED)
			return e;
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return ERR_CHILD;
		nanosleep(&pause, NULL);
	}
	return ERR_TIMEOUT;
}

static void candidate_log(int log, struct text *out)
{
	char *said = NULL;
	size_t len;

	if (lseek(log, 0, SEEK_SET) == 0 && file_read_all(log, 1u << 16, &said, &len) == ERR_NONE) {
		text_add_string(out, ": ");
		text_add_escaped(out, said, strcspn(said, "\r\n"));
	}
	free(said);
}

static void judge_candidate(const struct sshd_report *report, enum err probed, const struct probe_result *seen, int log,
			    struct text *wrong)
{
	if (probed) {
		text_add(wrong, "a second sshd with this configuration does not answer (%s)", err_text(probed));
		candidate_log(log, wrong);
	} else if (check_wire(report, &seen->kexinit, wrong)) {
		text_add_string(wrong, err_text(ERR_MEMORY));
	}
}

static enum err try_candidate(const struct check *c, struct text *wrong)
{
	struct probe_result seen = { 0 };
	struct sshd_report report = { 0 };
	char *complaint = NULL, path[] = "/tmp/sallyport-candidate-XXXXXX";
	int log = mkostemp(path, O_CLOEXEC);
	pid_t pid;
	enum err e;

	if (log < 0)
		return ERR_SYSTEM;
	unlink(path);
	if ((e = ask_report(c->facts->sshd, c->facts->config_path, NULL, &report, &complaint)) ||
	    (e = start_candidate(c, log, &pid)))
		goto out;
	judge_candidate(&report, probe_candidate(pid, &seen), &seen, log, wrong);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	e = text_check(wrong);
out:
	probe_result_free(&seen);
	report_free(&report);
	free(complaint);
	file_close(log);
	return e;
}

/* ---- all together ---- */

/* In the world the root must be opened anew: a descriptor from outside sees what lies below the copy. */
enum err check_lost(const struct check *c, json_t *lost)
{
	struct sshd_config *config = NULL;
	struct diags problems = { 0 };
	struct root *here = NULL;
	enum err e = root_open(root_dir(c->facts->root), &here);

	if (e)
		return e;
	e = sshd_config_load(here, c->facts->config_path, c->facts->release, &config, &problems);
	if (e == ERR_NONE || e == ERR_CONFIG)
		e = keepers_check(here, config, c->keepers, lost);
	sshd_config_free(config);
	diags_free(&problems);
	root_close(here);
	return e;
}

static enum err check_all(const struct check *c, json_t *answer)
{
	json_t *missing = json_array(), *lost = json_array();
	struct text wrong = { 0 };
	char *complaint = NULL;
	enum err e;

	json_object_set_new(answer, "missing", missing);
	json_object_set_new(answer, "lost", lost);
	if ((e = check_lost(c, lost)) || !c->facts->live || !c->facts->sshd)
		return e;
	e = check_values(c, missing, &complaint);
	if (e == ERR_CHILD) {
		json_object_set_new(answer, "refused", json_safe_string(complaint ? complaint : err_text(e)));
		free(complaint);
		return ERR_NONE;
	}
	if (e && complaint)
		json_object_set_new(answer, "trouble", json_safe_string(complaint));
	free(complaint);
	if (e || (e = try_candidate(c, &wrong)))
		goto out;
	if (c->revocation && !wrong.len && (e = revocation_try(c->revocation, c->facts->sshd, &wrong)))
		goto out;
	if (wrong.len)
		json_object_set_new(answer, "candidate", json_safe_string(text_string(&wrong)));
out:
	text_free(&wrong);
	return e;
}

json_t *check_task(void *arg)
{
	json_t *answer = json_pack("{s:n,s:n}", "refused", "candidate");
	enum err e = answer ? check_all(arg, answer) : ERR_MEMORY;

	if (e && answer && !json_object_get(answer, "trouble"))
		json_object_set_new(answer, "trouble", json_string(err_text(e)));
	return answer;
}
