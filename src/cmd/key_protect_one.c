/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_protect_one.c - key protect, one file: the old passphrase, the new one, the change, and what became of it. */
#include "base/file.h"
#include "base/json.h"
#include "base/message.h"
#include "base/terminal.h"
#include "cmd/key.h"
#include "cmd/key_protect.h"
#include "key/passphrase.h"
#include "key/protect.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define TRIES 3
#define TYPED_LEAST 5  /* ssh-keygen takes no less */
#define TYPED_SHORT 14 /* what people think up is guessed where it is shorter */
#define ROUNDS_ENDLESS 100000
#define WORDS_USUAL 6
#define BYTES_USUAL 32

static const char *const draw_hint = "--generate words draws one that is easy to type";

/* ---- what became of it ---- */

static void worse(struct protect_job *job, int status)
{
	if (status > job->status)
		job->status = status;
}

static void describe_type(const struct private_key *k, struct text *out)
{
	if (k->key.type[0])
		text_add(out, "%s, ", k->key.type);
	protect_describe(k, out);
}

/* A row of the answer. result: "protected", "would-protect", "strong", "weak", "skipped". */
static void report(struct protect_job *job, const struct protect *p, const char *result, const char *words)
{
	struct text was = { 0 };
	json_t *row;

	protect_describe(&p->key, &was);
	row = json_pack("{s:o,s:s?,s:s?,s:s,s:s}", "file", json_safe_string(p->path), "type",
			p->key.key.type[0] ? p->key.key.type : NULL, "fingerprint",
			p->key.key.type[0] ? p->key.key.fingerprint : NULL, "was", text_string(&was), "result", result);
	if (!row || json_array_append_new(job->list, row))
		worse(job, fail(ERR_MEMORY, "cannot keep the answer"));
	text_add_string(&job->out, "'");
	text_add_escaped(&job->out, p->path, strlen(p->path));
	text_add(&job->out, "' %s (was: %s)\n", words, text_string(&was));
	text_free(&was);
}

/* ---- files that cannot be opened ---- */

static bool ends_in(const char *s, const char *end)
{
	size_t len = strlen(s), n = strlen(end);

	return len > n && strcmp(s + len - n, end) == 0;
}

static int complain_no_key(const char *path)
{
	struct text private = { 0 };
	int status = complain("there is no private key in '%s'", path);

	if (ends_in(path, ".pub")) {
		text_add(&private, "%.*s", (int)(strlen(path) - 4), path);
		if (access(text_string(&private), F_OK) == 0)
			hint("that is the public half; the private one is beside it: sallyport key protect '%s'",
			     text_string(&private));
		else
			hint("that is the public half; its private one is elsewhere, perhaps in an agent or on a card, and is "
			     "protected there");
		text_free(&private);
	}
	return status;
}

static int complain_unopened(const char *path, enum err e, const char *why)
{
	switch (e) {
	case ERR_NOT_FOUND: return complain_no_key(path);
	case ERR_EXISTS:
		complain("'%s' has a second name (a hard link), which would keep the key as it is", path);
		hint("find it: find ~ -samefile '%s'", path);
		return EXIT_NO;
	case ERR_SIGNATURE:
		complain("'%s' belongs to another account", path);
		hint("as its owner: sudo -u \"$(stat -c %%U '%s')\" sallyport key protect '%s'", path, path);
		return EXIT_NO;
	case ERR_BUSY: return complain("'%s' is being changed by another run", path);
	default:
		if (why)
			return complain("cannot read the key '%s': %s", path, why);
		return fail(e, "cannot read the key '%s'", path);
	}
}

static void tidy(const struct protect_job *job, struct protect *p)
{
	if (job->common->dry_run)
		return;
	if (protect_tidy(p))
		fail(ERR_SYSTEM, "cannot remove what an earlier run left beside '%s'", p->path);
	else if (p->left == PROTECT_LEFT_NEW)
		warn("an earlier run was interrupted before '%s' was changed; what it left beside it is removed",
		     p->path);
	else if (p->left == PROTECT_LEFT_SAME)
		warn("an earlier run was interrupted; nothing of '%s' is lost, its copy is removed", p->path);
}

static int complain_old(const struct protect *p)
{
	complain("an earlier run was interrupted after '%s' was changed: the key as it was before is in '%s'", p->path,
		 p->old);
	hint("if nobody knows the new passphrase, go back: mv '%s' '%s'", p->old, p->path);
	return EXIT_NO;
}

/* ---- passphrases ---- */

static int complain_no_terminal(const struct protect *p)
{
	complain("there is no terminal on which to ask for the passphrase of '%s'", p->path);
	hint("without one: --generate bytes --passphrase-to FILE, for a key that has none yet");
	return EXIT_TROUBLE;
}

static enum err ask(struct protect_job *job, const struct protect *p, const char *what, char *out)
{
	struct text prompt = { 0 };
	enum err e;

	text_add(&prompt, "%s '", what);
	text_add_escaped(&prompt, p->path, strlen(p->path));
	text_add_string(&prompt, "': ");
	e = text_check(&prompt);
	if (!e)
		e = terminal_ask_secret(job->tty, prompt.s, out, PASSPHRASE_SIZE);
	text_free(&prompt);
	return e;
}

static int complain_typed(enum err e)
{
	if (e == ERR_SYNTAX)
		return complain("a passphrase has no control characters");
	if (e == ERR_TOO_BIG)
		return complain("a passphrase has at most %u characters", PASSPHRASE_SIZE - 1);
	if (e == ERR_INTERRUPTED)
		return complain("nothing was typed; nothing is changed");
	return fail(e, "cannot ask for a passphrase");
}

/* Why ssh-keygen did not open it. */
static int complain_keygen(const struct protect *p, enum err e)
{
	if (e == ERR_CHILD && p->why)
		return complain("ssh-keygen cannot use '%s': %s", p->path, p->why);
	if (e == ERR_NOT_FOUND)
		return complain("there is no ssh-keygen here");
	return fail(e, "ssh-keygen cannot use '%s'", p->path);
}

static int ask_old(struct protect_job *job, struct protect *p, char *old)
{
	enum err e = ERR_NONE;

	if (job->tty < 0)
		return complain_no_terminal(p);
	for (int i = 0; i < TRIES; i++) {
		if ((e = ask(job, p, "Passphrase of", old)))
			return complain_typed(e);
		e = protect_try(p, old);
		if (e != ERR_SIGNATURE)
			return e ? complain_keygen(p, e) : 0;
		complain("that is not its passphrase");
	}
	if (p->left == PROTECT_LEFT_OLD)
		return complain_old(p);
	hint("nobody can recover it; a new key is made by: ssh-keygen -t ed25519");
	return EXIT_NO;
}

static int ask_new(struct protect_job *job, struct protect *p, const char *old, char *new, char *again)
{
	enum err e;

	if (job->tty < 0)
		return complain_no_terminal(p);
	for (int i = 0; i < TRIES; i++) {
		if ((e = ask(job, p, old ? "New passphrase (empty: the same as now) for" : "New passphrase for", new)))
			return complain_typed(e);
		if (old && !new[0]) {
			memcpy(new, old, PASSPHRASE_SIZE);
			return 0;
		}
		if (strlen(new) < TYPED_LEAST) {
			complain(new[0] ? "ssh-keygen takes no passphrase of less than %u characters"
					: "an empty passphrase protects nothing",
				 TYPED_LEAST);
			hint("%s", draw_hint);
			continue;
		}
		if (strlen(new) < TYPED_SHORT) {
			warn("that is short: whoever gets the file can guess on until it opens");
			hint("%s", draw_hint);
		}
		if ((e = ask(job, p, "The same again for", again)))
			return complain_typed(e);
		if (strcmp(new, again) == 0)
			return 0;
		complain("the two are not the same");
	}
	return EXIT_NO;
}

/* Where the answer is to go; it is written last, and would take the place of what is there. */
static bool is_answer(const struct protect_job *job, const struct stat *st)
{
	struct stat output;

	return job->common->output && !stat(job->common->output, &output) && output.st_dev == st->st_dev &&
	       output.st_ino == st->st_ino;
}

/* A file that is there may hold the only copy of a passphrase, or be the key itself. */
static int check_drawn_file(const struct protect_job *job)
{
	const char *file = job->args->passphrase_to;
	struct stat st;

	if (!file || strcmp(file, "-") == 0 || stat(file, &st) || !S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	complain("'%s' is there already and stays as it is: it may hold the only copy of a secret", file);
	hint("name a file for --passphrase-to that is not there yet");
	return EXIT_TROUBLE;
}

static int check_answer_is_elsewhere(const struct protect_job *job)
{
	struct stat st;

	if (stat(job->args->passphrase_to, &st) || !is_answer(job, &st))
		return 0;
	return complain("--output and --passphrase-to are one file, '%s'", job->common->output);
}

static int write_drawn(const char *file, const char *drawn)
{
	const struct file_meta only_ours = {
		.mode = 0600, .uid = geteuid(), .gid = getegid(), .atime.tv_nsec = UTIME_NOW, .mtime.tv_nsec = UTIME_NOW
	};
	char *line = sodium_malloc(PASSPHRASE_SIZE + 1);
	size_t len = strlen(drawn);
	int status = 0;

	if (!line)
		return fail(ERR_MEMORY, "cannot write '%s'", file);
	memcpy(line, drawn, len);
	line[len] = '\n';
	if (strcmp(file, "-") != 0)
		status = command_write(file, line, len + 1, &only_ours);
	else if (file_write_all(STDOUT_FILENO, line, len + 1))
		status = fail(ERR_SYSTEM, "cannot print the passphrase");
	sodium_free(line);
	return status;
}

/* On the terminal itself, never into a stream that may lead to a file or a log. */
static int show_drawn(struct protect_job *job, const struct protect *p, const char *drawn,
		      const struct passphrase_draw *d)
{
	struct text about = { 0 };
	bool stored;

	if (job->tty < 0)
		return complain_no_terminal(p);
	text_add_string(&about, "The new passphrase of '");
	text_add_escaped(&about, p->path, strlen(p->path));
	text_add_string(&about, "', ");
	passphrase_draw_describe(d, &about);
	text_add_string(&about, ":\n\n  ");
	if (text_check(&about) || file_write_all(job->tty, about.s, about.len) ||
	    file_write_all(job->tty, drawn, strlen(drawn)) || file_write_all(job->tty, "\n\n", 2)) {
		text_free(&about);
		return fail(ERR_SYSTEM, "cannot show the passphrase");
	}
	text_free(&about);
	/* afterwards nobody can show it again */
	stored = job->common->yes || terminal_ask(job->tty, "It is not shown again. Is it in your password manager?");
	if (stored)
		return 0;
	complain("nothing is changed, and that passphrase is of no use");
	return EXIT_NO;
}

static int draw_new(struct protect_job *job, const struct protect *p, char *new)
{
	const struct passphrase_draw d = { .words = job->args->generate == GENERATE_WORDS ? WORDS_USUAL : 0,
					   .bytes = job->args->generate == GENERATE_BYTES ? BYTES_USUAL : 0 };
	int status = passphrase_draw(&d, new);

	if (status)
		return status;
	if (!job->args->passphrase_to)
		return show_drawn(job, p, new, &d);
	if ((status = write_drawn(job->args->passphrase_to, new)))
		return status;
	return check_answer_is_elsewhere(job);
}

/* ---- the change ---- */

static int complain_change(const struct protect_job *job, const struct protect *p, enum err e)
{
	const char *file = job->args->passphrase_to;

	if (e == ERR_CHANGED)
		complain("somebody else changed '%s' meanwhile: it is as they left it", p->path);
	else if (e == ERR_CHILD || e == ERR_NOT_FOUND || e == ERR_SIGNATURE)
		complain_keygen(p, e);
	else
		fail(e, "cannot change '%s'", p->path);
	inform("Nothing is changed; the new passphrase is not in use.");
	if (file && strcmp(file, "-") != 0)
		hint("what is in it opens nothing: rm '%s'", file);
	return EXIT_TROUBLE;
}

static int change(struct protect_job *job, struct protect *p, const char *old, const char *new)
{
	struct text words = { 0 };
	bool done = false;
	int status = 0;
	enum err e = protect_change(p, old, new, job->rounds, &done);

	if (!done)
		return complain_change(job, p, e);
	job->changed = true;
	text_add(&words, "is protected: %u rounds of bcrypt", job->rounds);
	report(job, p, "protected", text_string(&words));
	text_free(&words);
	if (e) {
		status = fail(e,
			      "'%s' is changed, but the copy of what it was, '.%s" PROTECT_OLD
			      "' beside it, cannot be removed",
			      p->path, p->name);
		hint("remove it: it is the key as it was");
	}
	if (p->st.st_mode & 077) {
		warn("others may read '%s', and ssh does not use such a key", p->path);
		hint("chmod 600 '%s'", p->path);
	}
	return status;
}

struct secrets {
	char *old, *new, *again;
};

static int work(struct protect_job *job, struct protect *p, const struct secrets *s)
{
	const char *old = p->key.encrypted ? s->old : NULL;
	int status;
	enum err e;

	if ((status = check_drawn_file(job)) || (old && (status = ask_old(job, p, s->old))))
		return status;
	if (p->left == PROTECT_LEFT_OLD) {
		if ((e = protect_forget_old(p)))
			return fail(e, "cannot remove '%s'", p->old);
		warn("an earlier run was interrupted after '%s' was changed; its passphrase is known, so the copy of the old "
		     "key is removed",
		     p->path);
	}
	status = job->args->generate == GENERATE_NO ? ask_new(job, p, old, s->new, s->again) : draw_new(job, p, s->new);
	return status ? status : change(job, p, old, s->new);
}

static int work_with_secrets(struct protect_job *job, struct protect *p)
{
	struct secrets s = { sodium_malloc(PASSPHRASE_SIZE), sodium_malloc(PASSPHRASE_SIZE),
			     sodium_malloc(PASSPHRASE_SIZE) };
	int status = s.old && s.new &&s.again ? work(job, p, &s) : fail(ERR_MEMORY, "cannot keep a passphrase");

	sodium_free(s.old);
	sodium_free(s.new);
	sodium_free(s.again);
	return status;
}

/* What we leave alone. Returns true where that was said. */
static bool is_not_ours(struct protect_job *job, const struct protect *p)
{
	bool putty = p->key.format == PRIVATE_PUTTY2 || p->key.format == PRIVATE_PUTTY3;
	bool answer = is_answer(job, &p->st);
	bool endless = p->key.encrypted && p->key.kdf == PRIVATE_KDF_BCRYPT && p->key.rounds > ROUNDS_ENDLESS;

	if (answer) {
		worse(job, complain("--output names the key itself, '%s': it is left as it is", p->path));
		return true;
	}
	if (endless) {
		complain("'%s' says %llu rounds of bcrypt, which would take days: it is not tried", p->path,
			 (unsigned long long)p->key.rounds);
		worse(job, EXIT_NO);
		return true;
	}
	if (!putty && !(p->left == PROTECT_LEFT_OLD && !p->key.encrypted))
		return false;
	if (putty) {
		complain("'%s' is a key of PuTTY's, which ssh-keygen does not write", p->path);
		hint("for PuTTY: puttygen '%s' -P; for ssh: puttygen '%s' -O private-openssh-new -o NEW, then sallyport key "
		     "protect NEW",
		     p->path, p->path);
		worse(job, EXIT_NO);
	} else {
		worse(job, complain_old(p));
	}
	return true;
}

static void would(struct protect_job *job, const struct protect *p)
{
	struct text words = { 0 };

	text_add(&words, "would get a%s passphrase, %u rounds of bcrypt", p->key.encrypted ? " new" : "", job->rounds);
	report(job, p, "would-protect", text_string(&words));
	text_free(&words);
	job->would++;
}

void protect_one(struct protect_job *job, const char *path)
{
	struct protect p = { .dir = -1, .fd = -1 };
	const char *why;
	enum err e = protect_open(path, &p, &why);

	if (e) {
		worse(job, complain_unopened(path, e, why));
		return;
	}
	tidy(job, &p);
	if (is_not_ours(job, &p)) {
		protect_close(&p);
		return;
	}
	if (p.key.sk)
		inform("'%s' is of a security key: the file is only a handle, the secret does not leave the device",
		       p.path);
	if (job->common->dry_run)
		would(job, &p);
	else
		worse(job, work_with_secrets(job, &p));
	protect_close(&p);
}

static bool wanted(struct protect_job *job, const struct protect *p)
{
	struct text question = { 0 };
	bool yes;

	if (job->common->yes)
		return true;
	if (job->tty < 0)
		return false;
	text_add_string(&question, "'");
	text_add_escaped(&question, p->path, strlen(p->path));
	text_add_string(&question, "' (");
	describe_type(&p->key, &question);
	text_add_string(&question, "): protect it?");
	yes = !text_check(&question) && terminal_ask(job->tty, question.s);
	text_free(&question);
	return yes;
}

static void work_found(struct protect_job *job, struct protect *p)
{
	if (is_not_ours(job, p))
		return;
	if (p->key.encrypted && p->left == PROTECT_LEFT_OLD) {
		worse(job, complain_old(p));
	} else if (p->key.encrypted) {
		bool strong = protect_is_strong(&p->key);

		report(job, p, strong ? "strong" : "weak",
		       strong ? "has a passphrase" : "has a passphrase behind a weak lock: sallyport key protect FILE");
	} else if (p->key.sk) {
		report(job, p, "skipped", "is of a security key, which keeps the secret");
	} else if (job->common->dry_run) {
		would(job, p);
	} else if (wanted(job, p)) {
		worse(job, work_with_secrets(job, p));
	} else {
		report(job, p, "skipped", "is left without a passphrase");
		worse(job, EXIT_NO);
	}
}

void protect_found(struct protect_job *job, const char *path)
{
	struct protect p = { .dir = -1, .fd = -1 };
	const char *why;
	enum err e;

	if (ends_in(path, PROTECT_OLD) || ends_in(path, PROTECT_NEW))
		return;
	e = protect_open(path, &p, &why);
	if (e == ERR_NOT_FOUND || e == ERR_NOT_FILE || (e == ERR_TOO_BIG && !why))
		return; /* no private key */
	if (e) {
		worse(job, complain_unopened(path, e, why));
		return;
	}
	tidy(job, &p);
	work_found(job, &p);
	protect_close(&p);
}
