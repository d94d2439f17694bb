/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_protect.c - key protect: as whom, which files, and never those of the server itself. */
#include "cmd/key_protect.h"

#include "audit/facts.h"
#include "base/file.h"
#include "base/message.h"
#include "base/secret.h"
#include "base/terminal.h"
#include "cmd/key.h"
#include "key/protect.h"
#include "sshd/account.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define ROUNDS_USUAL 100
#define ROUNDS_MOST 10000 /* minutes at each use */
#define FOLDERS_DEEP 4
#define FILES_MOST 10000

static const char *const generators[] = { "no", "words", "bytes", NULL };

static const struct option_row options[] = {
	{ "all", 'a', OPTION_FLAG, OPTION_AT(struct protect_args, all), NULL,
	  "every key in ~/.ssh that has no passphrase, one after the other" },
	{ "user", 'u', OPTION_TEXT, OPTION_AT(struct protect_args, user), "<name>",
	  "--all: of this account instead of your own; as root" },
	{ "generate", 'g', OPTION_CHOICE, OPTION_AT(struct protect_args, generate), "<what>",
	  "draw the passphrase: words (6) or bytes (32)", generators },
	{ "passphrase-to", 0, OPTION_TEXT, OPTION_AT(struct protect_args, passphrase_to), "<file>",
	  "put what was drawn there instead of on the terminal" },
	{ "rounds", 0, OPTION_NUMBER, OPTION_AT(struct protect_args, rounds), "<n>",
	  "of bcrypt, for each guess and each use (100)", NULL, ROUNDS_USUAL, ROUNDS_MOST },
	{ 0 },
};

/* ---- keys of the server ---- */

static bool same_file(const char *path, const struct stat *st)
{
	struct stat other;

	return !stat(path, &other) && other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

static bool is_configured(const struct stat *st)
{
	const struct facts_options o = { .only_config = true };
	const struct sshd_line **lines = NULL;
	struct facts *f = NULL;
	bool found = false;
	size_t n = 0;

	if (facts_gather(&o, &f))
		return false;
	if (f->config && sshd_lines_of(f->config, KW_HOSTKEY, &lines, &n) == ERR_NONE)
		for (size_t i = 0; i < n && !found; i++)
			found = lines[i]->args.n && same_file(lines[i]->args.v[0], st);
	free(lines);
	facts_free(f);
	return found;
}

/* By its usual name, or because sshd_config names it. */
static bool is_host_key(const char *path)
{
	char *real = realpath(path, NULL);
	size_t len = real ? strlen(real) : 0;
	struct stat st;
	bool usual;

	if (!real)
		return false;
	usual = strncmp(real, "/etc/ssh/ssh_host_", 18) == 0 && len > 4 && strcmp(real + len - 4, "_key") == 0;
	free(real);
	return usual || (!stat(path, &st) && S_ISREG(st.st_mode) && is_configured(&st));
}

/* ---- as whom ---- */

/* The owner of the first part of the path that is not root's: whoever that is can lead the rest of it anywhere. */
static bool foreign_part(const char *path, uid_t *uid)
{
	char part[PATH_MAX];
	struct stat st;
	size_t len = strlen(path);

	if (len >= sizeof part)
		return false;
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (lstat(part, &st))
			return false;
		if (st.st_uid != 0) {
			*uid = st.st_uid;
			return true;
		}
	}
	return false;
}

static bool owner_on_the_way(const char *path, uid_t *uid)
{
	char *real = realpath(path, NULL);
	bool found = foreign_part(path, uid) || (real && foreign_part(real, uid));

	free(real);
	return found;
}

/* For good: there is nothing left to do as root. Who else may look into our memory is asked anew then. */
static int become(const struct account *a)
{
	if (initgroups(a->name, a->gid) || setresgid(a->gid, a->gid, a->gid) || setresuid(a->uid, a->uid, a->uid) ||
	    secret_begin())
		return fail(ERR_SYSTEM, "cannot go on as '%s'", a->name);
	return 0;
}

static int find_account(const char *name, uid_t uid, struct account **out)
{
	struct root *live = NULL;
	enum err e = root_open("/", &live);

	if (!e)
		e = name ? account_find(live, name, out) : account_find_uid(live, uid, out);
	root_close(live);
	if (e && name)
		return fail(e, "cannot look up the account '%s'", name);
	return e ? fail(e, "cannot look up the account with id %u", (unsigned)uid) : 0;
}

/* Root works on somebody's key as that account, so that no link of theirs leads further than they may go themselves. */
static int become_owner(const char *path)
{
	struct account *a = NULL;
	uid_t uid;
	int status;

	if (geteuid() != 0 || !owner_on_the_way(path, &uid))
		return 0;
	if ((status = find_account(NULL, uid, &a)) == 0 && a)
		status = become(a);
	account_free(a);
	return status;
}

/* ---- which files ---- */

/* A link that leads to nothing, or to where its owner may not go, leads to no key. */
static bool leads_to_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

static void walk(struct protect_job *job, const struct root *live, const char *folder, unsigned deep, unsigned *seen)
{
	struct strings names = { 0 };
	enum err e = root_list(live, folder, &names);

	if (e) {
		job->status = fail(e, "cannot look into '%s'", folder);
		return;
	}
	for (size_t i = 0; i < names.n; i++) {
		struct text path = { 0 };
		struct stat st;

		text_add(&path, "%s/%s", folder, names.v[i]);
		if (text_check(&path) || lstat(path.s, &st) || ++*seen > FILES_MOST) {
			text_free(&path);
			continue;
		}
		if (S_ISDIR(st.st_mode) && deep < FOLDERS_DEEP)
			walk(job, live, path.s, deep + 1, seen);
		else if (S_ISREG(st.st_mode) || (S_ISLNK(st.st_mode) && leads_to_file(path.s)))
			protect_found(job, path.s);
		text_free(&path);
	}
	strings_free(&names);
}

static int protect_all(struct protect_job *job)
{
	const char *sudo = getenv("SUDO_USER");
	struct account *a = NULL;
	struct text folder = { 0 };
	struct root *live = NULL;
	unsigned seen = 0;
	struct stat st;
	int status;

	if ((status = find_account(job->args->user, geteuid(), &a)) || !a)
		return status;
	if (job->args->user && a->uid != geteuid() && (status = become(a)))
		goto out;
	if (!job->args->user && geteuid() == 0 && sudo && strcmp(sudo, "root") != 0)
		warn("these are root's keys; for those of '%s': --user '%s'", sudo, sudo);
	text_add(&folder, "%s/.ssh", a->home);
	if (text_check(&folder) || root_open("/", &live)) {
		status = fail(ERR_MEMORY, "cannot look for keys");
		goto out;
	}
	if (stat(folder.s, &st))
		status = errno == ENOENT ? 0 : fail(ERR_SYSTEM, "cannot look into '%s'", folder.s);
	else
		walk(job, live, folder.s, 0, &seen);
	if (status == 0 && job->status == EXIT_YES && json_array_size(job->list) == 0)
		inform("No private key was found in '%s'.", folder.s);
	if (seen > FILES_MOST)
		status = complain("'%s' has more than %u files: the rest was not looked at", folder.s, FILES_MOST);
out:
	root_close(live);
	text_free(&folder);
	account_free(a);
	return status;
}

static int protect_named(struct protect_job *job, const char *path)
{
	struct text joined = { 0 };
	char folder[PATH_MAX];
	char *real;
	int status;

	if (is_host_key(path)) {
		complain("'%s' is a key of this server: sshd reads it at each start, with nobody there to type", path);
		hint("what protects it is its mode: chmod 600 '%s'", path);
		return EXIT_NO;
	}
	if (!file_is_absolute(path) && !getcwd(folder, sizeof folder))
		return fail(ERR_SYSTEM, "cannot tell where '%s' is", path);
	text_add(&joined, "%s%s%s", file_is_absolute(path) ? "" : folder, file_is_absolute(path) ? "" : "/", path);
	/* before the rights go: the owner need not be able to come by the link that root came by */
	real = realpath(path, NULL);
	status = text_check(&joined) ? fail(ERR_MEMORY, "cannot look at '%s'", path) : become_owner(joined.s);
	if (status == 0)
		protect_one(job, real ? real : path);
	free(real);
	text_free(&joined);
	return status;
}

/* ---- the command ---- */

static int check_arguments(const struct common_args *common, const struct protect_args *a, const struct strings *rest)
{
	if (a->all ? rest->n > 0 : rest->n != 1) {
		complain(a->all	   ? "key protect: --all is every key, and '%s' is one"
			 : rest->n ? "key protect: there is one word too many, '%s'"
				   : "key protect wants the file of a private key, or --all",
			 rest->n ? rest->v[rest->n - 1] : "");
		hint("sallyport key protect --help");
		return EXIT_TROUBLE;
	}
	if (a->user && !a->all)
		return complain("key protect: --user is for --all");
	if (a->user && geteuid() != 0)
		return complain("key protect: --user is for root");
	if (a->passphrase_to && a->generate == GENERATE_NO)
		return complain("key protect: --passphrase-to is for --generate");
	if (a->passphrase_to && a->all)
		return complain("key protect: --passphrase-to is for one key, each has a passphrase of its own");
	if (a->passphrase_to && strcmp(a->passphrase_to, "-") == 0 && common->format == FORMAT_JSON && !common->output)
		return complain("key protect: the passphrase and the JSON cannot both go to standard output: -o FILE");
	return 0;
}

static int print_answer(struct protect_job *job)
{
	json_t *whole;
	int status;

	if (job->common->format != FORMAT_JSON) {
		if (job->args->passphrase_to && strcmp(job->args->passphrase_to, "-") == 0) {
			inform("%.*s", job->out.len ? (int)job->out.len - 1 : 0, text_string(&job->out));
			return job->status;
		}
		return job->out.len ? command_print(job->common, &job->out, job->status) : job->status;
	}
	whole = json_pack("{s:s,s:b,s:O}", "schema", "sallyport.key-protect.v1", "changed", job->changed, "keys",
			  job->list);
	status = command_print_json(job->common, whole, job->status);
	json_decref(whole);
	return status;
}

static int run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct protect_args *a = args;
	struct protect_job job = { .common = common, .args = a, .tty = -1, .list = json_array() };
	int status;
	enum err e;

	job.rounds = a->rounds ? (unsigned)a->rounds : ROUNDS_USUAL;
	if ((status = check_arguments(common, a, rest)))
		goto out;
	if (!job.list || (e = secret_begin())) {
		status = fail(job.list ? e : ERR_MEMORY, "cannot keep a secret here");
		goto out;
	}
	if (terminal_open(&job.tty))
		job.tty = -1;
	status = a->all ? protect_all(&job) : protect_named(&job, rest->v[0]);
	if (status > job.status)
		job.status = status;
	if (common->dry_run && job.would && job.status == EXIT_YES)
		job.status = EXIT_NO;
	status = print_answer(&job);
out:
	file_close(job.tty);
	text_free(&job.out);
	json_decref(job.list);
	return status;
}

const struct command cmd_key_protect = {
	.name = "key protect",
	.summary = "give a private key a passphrase, or another one",
	.arguments = "FILE|--all",
	.common = COMMON_REPORT | COMMON_CHANGE,
	.options = options,
	.args_size = sizeof(struct protect_args),
	.examples = "  sallyport key protect ~/.ssh/id_rsa                   # asks for the passphrase\n"
		    "  sallyport key protect ~/.ssh/id_rsa --generate words  # draws one and shows it\n"
		    "  sallyport key protect --all --dry-run                 # which keys have none?\n",
	.run = run,
};
