/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_trial.c - logs in to a jail and looks around. */
#include "harden/jail_trial.h"

#include "base/file.h"
#include "base/json.h"
#include "harden/jail_block.h"
#include "harden/second_sshd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/banned.h"

#define TRIAL_MS 300000
#define KEY SECOND_PLACE "/proof"
#define SECRET SECOND_PLACE "/secret"
#define BACK SECOND_PLACE "/back"
#define REPOSITORY SECOND_PLACE "/host.git"
#define LOG_SOCKET SECOND_PLACE "/log"
#define MESSAGES SECOND_PLACE "/messages"
#define MARKER "sallyport-jailed"
#define SHELL_WORD "sallyport-shell"
#define WHOLE_PORT 22023
#define SMALL_PORT 22024
#define SHADOW_MAX ((size_t)16 << 20)
#define SAID_MAX (1u << 16)

/* One second sshd, and what comes of logins there. */
struct trial {
	const struct jail_trial *t;
	struct jail_trial_told *told;
	unsigned port;
	int log;      /* where this sshd says what it does */
	bool has_log; /* what comes to the jail's /dev/log is written to MESSAGES */
	bool denied;  /* nobody gets in */
};

/* ---- the place ---- */

/* The service manager, caches of names and the log are the host's: nothing of this is to be seen there. */
static enum err hide_run(void)
{
	if (mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") || mkdir(SECOND_PLACE, 0755))
		return ERR_SYSTEM;
	return ERR_NONE;
}

static enum err bind_over(const char *from, const char *to)
{
	return mount(from, to, NULL, MS_BIND, NULL) ? ERR_SYSTEM : ERR_NONE;
}

/* It is read all the time: a full socket holds up whoever writes to it. */
static enum err keep_messages(int from)
{
	char message[4096];
	int to = open(MESSAGES, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	pid_t pid = to < 0 ? -1 : fork();
	ssize_t n;

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while ((n = recv(from, message, sizeof message - 1, 0)) >= 0) {
			message[n] = '\n';
			if (file_write_all(to, message, (size_t)n + 1))
				break;
		}
		_exit(0);
	}
	file_close(to);
	return pid < 0 ? ERR_SYSTEM : ERR_NONE;
}

/* A socket of ours where the jail has its /dev/log, and over the host's own. */
static enum err listen_to_log(struct trial *one)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = LOG_SOCKET };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct text path = { 0 };
	struct stat st;
	enum err e = ERR_NONE;

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) || chmod(LOG_SOCKET, 0666))
		e = ERR_SYSTEM;
	text_add(&path, "%s/dev/log", one->t->jail->dir);
	if (!e && !(e = keep_messages(fd)) && lstat("/dev/log", &st) == 0 && S_ISSOCK(st.st_mode))
		e = bind_over(LOG_SOCKET, "/dev/log");
	if (!e && !(e = text_check(&path)) && lstat(path.s, &st) == 0 && !S_ISLNK(st.st_mode)) {
		e = bind_over(LOG_SOCKET, path.s);
		one->has_log = e == ERR_NONE;
	}
	text_free(&path);
	file_close(fd);
	return e;
}

static enum err make_place(struct trial *one)
{
	static const char secret[] = "a file of the host\n";
	enum err e;

	if ((e = hide_run()) || (e = second_sshd_key(KEY)) || (e = second_sshd_key(SECOND_PLACE "/host")) ||
	    (e = second_sshd_write(SECRET, secret, sizeof secret - 1, 0644)) ||
	    (e = bind_over(KEY ".pub", one->t->keys)))
		return e;
	return listen_to_log(one);
}

/* ---- logins ---- */

static enum err add(struct strings *to, const char *sentence)
{
	return strings_add(to, sentence);
}

static enum err log_in(struct trial *one, const struct second_login *how, struct child_result *r)
{
	struct second_login l = *how;

	l.user = one->t->jail->user;
	l.key = KEY;
	l.port = one->port;
	return second_sshd_login(&l, r);
}

/* The last line of the log that says why somebody is kept out; else the client's first. */
static void say_why(const struct trial *one, const struct child_result *r, struct text *out)
{
	static const char *const words[] = {
		"not allowed because",	  "Access denied", "expired",	     "locked",
		"Authentication refused", "bad ownership", "Could not open", "not permitted"
	};
	const char *best = NULL;
	char *said = NULL, *line, *rest = NULL;
	size_t len;

	if (lseek(one->log, 0, SEEK_SET) == 0 && file_read_all(one->log, SAID_MAX, &said, &len) == ERR_NONE)
		for (line = strtok_r(said, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest))
			for (size_t i = 0; i < ARRAY_SIZE(words); i++)
				if (strstr(line, words[i]))
					best = line;
	if (best)
		text_add_escaped(out, best, strlen(best));
	else
		text_add_escaped(out, text_string(&r->err), strcspn(text_string(&r->err), "\r\n"));
	free(said);
}

/* "keyboard-interactive" of "anna@127.0.0.1: Permission denied (keyboard-interactive)."; 0: it says nothing of the kind. */
static size_t find_methods(const struct child_result *r, const char **methods)
{
	static const char denied[] = "Permission denied (";
	const char *at = strstr(text_string(&r->err), denied);

	if (!at)
		return 0;
	*methods = at + strlen(denied);
	return strcspn(*methods, ")\r\n");
}

/* sshd took the key, and asks for what only somebody at a keyboard has: a one-time code, say. */
static bool is_half_way(const struct trial *one)
{
	char *said = NULL;
	size_t len;
	bool yes = lseek(one->log, 0, SEEK_SET) == 0 && file_read_all(one->log, SAID_MAX, &said, &len) == ERR_NONE &&
		   strstr(said, "Partial publickey");

	free(said);
	return yes;
}

static enum err say_denied(struct trial *one, const struct child_result *r)
{
	struct text why = { 0 };
	const char *methods = "";
	size_t len = find_methods(r, &methods);
	enum err e;

	if (is_half_way(one)) {
		text_add_string(&why, "a login by the whole configuration: sshd takes the key and then wants ");
		text_add_escaped(&why, len ? methods : "more", len ? len : strlen("more"));
		text_add_string(&why, ", which nobody types here: log in once by hand");
	} else {
		text_add_string(&why, "a login by the whole configuration, from here: ");
		say_why(one, r, &why);
	}
	one->denied = true;
	if (!(e = text_check(&why)))
		e = add(&one->told->unproven, why.s);
	text_free(&why);
	return e;
}

static bool has_line(const struct text *out, const char *line)
{
	const char *at = text_string(out);
	const size_t len = strlen(line);

	while (*at) {
		size_t n = strcspn(at, "\r\n");

		if (n == len && strncmp(at, line, len) == 0)
			return true;
		at += n;
		at += strspn(at, "\r\n");
	}
	return false;
}

static void say_failed(struct trial *one, const char *what, enum err e, const struct child_result *r)
{
	struct text why = { 0 };

	text_add(&one->told->wrong, "%s: ", what);
	if (e)
		text_add_string(&one->told->wrong, err_text(e));
	else if (say_why(one, r, &why), why.len)
		text_add_string(&one->told->wrong, why.s);
	else
		text_add(&one->told->wrong, "it says nothing, and ends with %d", r->status);
	text_free(&why);
}

/* ---- a shell ---- */

static bool jail_has(const struct jail *j, const char *path)
{
	struct text at = { 0 };
	bool there;

	text_add(&at, "%s%s", j->dir, path);
	there = text_check(&at) == ERR_NONE && access(at.s, X_OK) == 0;
	text_free(&at);
	return there;
}

static enum err try_name(struct trial *one)
{
	const struct second_login l = { .program = "ssh", .command = "id -un" };
	struct child_result r = { 0 };
	enum err e;

	if (!jail_has(one->t->jail, "/usr/bin/id") && !jail_has(one->t->jail, "/bin/id"))
		return ERR_NONE;
	e = log_in(one, &l, &r);
	if (!e && has_line(&r.out, one->t->jail->user))
		e = add(&one->told->proven, "its programs know the user's name");
	else
		say_failed(one, "id does not know the user in the jail", e, &r);
	child_result_free(&r);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

static enum err judge_shell(struct trial *one, const struct child_result *r)
{
	const struct jail *j = one->t->jail;
	struct text sentence = { 0 };
	enum err e;

	if (r->status == SECOND_REFUSED || !r->out.len) {
		text_add(&sentence, "%s does not start in the jail, or is a shell that runs no commands", j->shell);
		say_failed(one, text_string(&sentence), ERR_NONE, r);
		text_free(&sentence);
		return ERR_NONE;
	}
	if (!has_line(&r->out, MARKER) && !has_line(&r->out, j->home)) {
		text_add_string(&one->told->wrong,
				"the command of a login is not run, as where sshd's configuration has a ForceCommand");
		return ERR_NONE;
	}
	if (!has_line(&r->out, MARKER)) {
		text_add_string(&one->told->wrong, "a file of the host is seen from the jail's shell");
		return ERR_NONE;
	}
	if (!has_line(&r->out, j->home)) {
		text_add(&one->told->wrong, "the shell does not begin in %s", j->home);
		return ERR_NONE;
	}
	text_add(&sentence, "%s runs commands in %s", j->shell, j->home);
	if (!(e = text_check(&sentence)) && !(e = add(&one->told->proven, sentence.s)) &&
	    !(e = add(&one->told->proven, "/ is the jail: no file of the host is seen")))
		e = try_name(one);
	text_free(&sentence);
	return e;
}

/* ---- git-shell, which runs a few commands of git's and no other ---- */

static bool is_git_shell(const struct jail *j)
{
	const char *slash = strrchr(j->shell, '/');

	return strcmp(slash ? slash + 1 : j->shell, "git-shell") == 0;
}

/* What git takes for a repository, for everybody to read. */
static enum err make_repository(void)
{
	static const char head[] = "ref: refs/heads/main\n";

	static const char *const folders[] = { REPOSITORY, REPOSITORY "/objects", REPOSITORY "/refs" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (mkdir(folders[i], 0755) && errno != EEXIST) /* for the other sshd */
			return ERR_SYSTEM;
	return second_sshd_write(REPOSITORY "/HEAD", head, sizeof head - 1, 0644);
}

static enum err try_git_shell(struct trial *one)
{
	const struct second_login l = { .program = "ssh", .command = "git-upload-pack '" REPOSITORY "'" };
	struct child_result r = { 0 };
	enum err e = make_repository();

	if (!e)
		e = log_in(one, &l, &r);
	if (!e && second_sshd_denied(&r))
		e = say_denied(one, &r);
	else if (e)
		say_failed(one, "a login could not be tried", e, &r);
	else if (strstr(text_string(&r.err), "'" REPOSITORY "' does not appear to be a git repository"))
		e = add(&one->told->proven, "git-shell runs git; / is the jail: no repository of the host is seen");
	else if (r.out.len || strstr(text_string(&r.err), REPOSITORY))
		text_add_string(&one->told->wrong, "a repository of the host is seen from the jail's git-shell");
	else
		say_failed(one, "git-shell does not run git in the jail, which wants --with git", ERR_NONE, &r);
	child_result_free(&r);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

/* ---- any other shell ---- */

static enum err try_shell(struct trial *one)
{
	const struct second_login l = { .program = "ssh", .command = "pwd; test -e " SECRET " || echo " MARKER };
	struct child_result r = { 0 };
	enum err e = log_in(one, &l, &r);

	if (!e && second_sshd_denied(&r))
		e = say_denied(one, &r);
	else if (e)
		say_failed(one, "a login could not be tried", e, &r);
	else
		e = judge_shell(one, &r);
	child_result_free(&r);
	return e;
}

/* ---- sftp only ---- */

static bool came_back(void)
{
	char *sent = NULL, *back = NULL;
	size_t nsent = 0, nback = 0;
	int a = open(SECRET, O_RDONLY | O_CLOEXEC), b = open(BACK, O_RDONLY | O_CLOEXEC);
	bool same = a >= 0 && b >= 0 && !file_read_all(a, SAID_MAX, &sent, &nsent) &&
		    !file_read_all(b, SAID_MAX, &back, &nback) && nsent == nback && memcmp(sent, back, nsent) == 0;

	file_close(a);
	file_close(b);
	free(sent);
	free(back);
	return same;
}

static enum err judge_sftp(struct trial *one, const struct child_result *r)
{
	struct text sentence = { 0 };
	enum err e;

	if (r->status) {
		say_failed(one, "sftp in the jail", ERR_NONE, r);
		return ERR_NONE;
	}
	if (!came_back()) {
		text_add_string(&one->told->wrong, "a file that was uploaded did not come back the same");
		return ERR_NONE;
	}
	text_add(&sentence, "upload, download and removal of a file in %s", one->t->jail->home);
	if (!(e = text_check(&sentence)))
		e = add(&one->told->proven, sentence.s);
	text_free(&sentence);
	return e;
}

static enum err try_sftp(struct trial *one)
{
	struct text batch = { 0 }, name = { 0 };
	struct second_login l = { .program = "sftp", .options = { "-b", "-" } };
	struct child_result r = { 0 };
	enum err e;

	text_add(&name, "%s/" JAIL_PROOF "%ld", one->t->jail->home, (long)getpid());
	text_add(&batch, "put %s %s\nget %s %s\nrm %s\n-ls /run/sshd\n", SECRET, text_string(&name), text_string(&name),
		 BACK, text_string(&name));
	if (!(e = text_check(&name)) && !(e = text_check(&batch))) {
		l.input = batch.s;
		e = log_in(one, &l, &r);
		if (!e && second_sshd_denied(&r))
			e = say_denied(one, &r);
		else if (e)
			say_failed(one, "sftp could not be tried", e, &r);
		else
			e = judge_sftp(one, &r);
	}
	child_result_free(&r);
	text_free(&batch);
	text_free(&name);
	return e;
}

static enum err try_no_shell(struct trial *one)
{
	const struct second_login l = { .program = "ssh", .command = "echo " SHELL_WORD };
	struct child_result r = { 0 };
	enum err e = log_in(one, &l, &r);

	if (e || second_sshd_denied(&r))
		say_failed(one, "a command could not be tried", e, &r);
	else if (strstr(text_string(&r.out), SHELL_WORD))
		text_add_string(&one->told->wrong, "a command runs although only sftp is allowed");
	else
		e = add(&one->told->proven, "no command is run");
	child_result_free(&r);
	return e;
}

/* What sshd's own sftp says goes through /dev/log, which it opens in the jail. */
static enum err judge_log(struct trial *one)
{
	char *said = NULL;
	size_t len;
	int fd = open(MESSAGES, O_RDONLY | O_CLOEXEC);
	bool seen = fd >= 0 && !file_read_all(fd, SAID_MAX, &said, &len) && strstr(said, "internal-sftp") &&
		    strstr(said, "open \"");

	file_close(fd);
	free(said);
	if (seen)
		return add(&one->told->proven, "sshd tells uploads and downloads at its /dev/log");
	return add(&one->told->unproven,
		   one->has_log ? "that uploads and downloads are logged: nothing comes to its /dev/log"
				: "that uploads and downloads are logged: it has no /dev/log");
}

/* ---- both ---- */

static enum err try_forwarding(struct trial *one)
{
	char to[32], back[40];
	const struct second_login ways[] = {
		{ .program = "ssh", .options = { "-W", to } },
		{ .program = "ssh", .options = { "-N", "-R", back, "-o", "ExitOnForwardFailure=yes" } },
	};
	enum err e = ERR_NONE;

	snprintf(to, sizeof to, "127.0.0.1:%u", one->port);
	snprintf(back, sizeof back, "0:127.0.0.1:%u", one->port);
	for (size_t i = 0; i < ARRAY_SIZE(ways) && !e && !one->told->wrong.len; i++) {
		struct child_result r = { 0 };

		e = log_in(one, &ways[i], &r);
		/* -N would go on for ever */
		if (e == ERR_TIMEOUT || (!e && (r.status != SECOND_REFUSED || strstr(text_string(&r.out), "SSH-"))))
			text_add_string(&one->told->wrong, "a port is forwarded although DisableForwarding is set");
		else if (e || second_sshd_denied(&r))
			say_failed(one, "forwarding could not be tried", e, &r);
		e = e == ERR_MEMORY ? e : ERR_NONE;
		child_result_free(&r);
	}
	return e || one->told->wrong.len ? e : add(&one->told->proven, "no port is forwarded, neither way");
}

static enum err try_all(struct trial *one)
{
	const bool sftp = one->t->jail->sftp_only;
	enum err e = sftp ? try_sftp(one) : is_git_shell(one->t->jail) ? try_git_shell(one) : try_shell(one);

	if (!e && !one->denied && !one->told->wrong.len && sftp)
		e = try_no_shell(one);
	if (!e && !one->denied && !one->told->wrong.len)
		e = try_forwarding(one);
	return e;
}

/* ---- the two second sshds ---- */

static enum err try_at(struct trial *one, const char *const argv[], const char *which)
{
	char path[] = SECOND_PLACE "/said-XXXXXX";
	pid_t pid = 0;
	enum err e;

	one->log = mkostemp(path, O_CLOEXEC | O_APPEND);
	if (one->log < 0)
		return ERR_SYSTEM;
	if (!(e = second_sshd_start(argv, one->log, &pid)) && !(e = second_sshd_wait(pid, one->port))) {
		e = try_all(one);
	} else {
		text_add(&one->told->wrong, "a second sshd with %s does not start: %s", which, err_text(e));
		e = e == ERR_MEMORY ? e : ERR_NONE;
	}
	second_sshd_stop(pid);
	file_close(one->log);
	return e;
}

static enum err try_whole(struct trial *one)
{
	const char *argv[] = { one->t->facts->sshd,
			       "-D",
			       "-e",
			       "-f",
			       one->t->facts->config_path,
			       "-o",
			       "PidFile=none",
			       "-o",
			       "AddressFamily=any",
			       "-o",
			       "LogLevel=VERBOSE",
			       "-o",
			       "ListenAddress=127.0.0.1:22023",
			       NULL };
	enum err e;

	one->port = WHOLE_PORT;
	e = try_at(one, argv, "this configuration");
	if (!e && !one->denied && !one->told->wrong.len)
		e = add(&one->told->proven, "a login by the whole configuration");
	return e;
}

/* An account that is locked or has expired is none of the jail's. */
static enum err open_account(const char *user)
{
	char *content = NULL, *line, *rest = NULL;
	const size_t n = strlen(user);
	struct text t = { 0 };
	size_t len;
	int fd = open("/etc/shadow", O_RDONLY | O_CLOEXEC);
	enum err e =
		fd < 0 ? (errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM) : file_read_all(fd, SHADOW_MAX, &content, &len);

	file_close(fd);
	if (e)
		return e == ERR_NOT_FOUND ? ERR_NONE : e;
	for (line = strtok_r(content, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (strncmp(line, user, n) == 0 && line[n] == ':')
			text_add(&t, "%s:*:1:0:99999:7:::\n", user);
		else
			text_add(&t, "%s\n", line);
	if (!(e = text_check(&t)) && !(e = second_sshd_write(SECOND_PLACE "/shadow", text_string(&t), t.len, 0600)))
		e = bind_over(SECOND_PLACE "/shadow", "/etc/shadow");
	free(content);
	text_free(&t);
	return e;
}

static enum err try_small(struct trial *one)
{
	static const char file[] = SECOND_PLACE "/config";
	const char *argv[] = { one->t->facts->sshd, "-D", "-e", "-f", file, NULL };
	struct text config = { 0 };
	enum err e;

	text_add(&config,
		 "ListenAddress 127.0.0.1:%u\nHostKey " SECOND_PLACE "/host\nPidFile none\nUsePAM no\nUseDNS no\n"
		 "PasswordAuthentication no\nAuthenticationMethods publickey\nSubsystem sftp internal-sftp\n"
		 "LogLevel VERBOSE\nMatch User %s\n",
		 SMALL_PORT, one->t->jail->user);
	if (!(e = jail_block_lines(one->t->jail, one->t->keys, &config)) && !(e = text_check(&config)) &&
	    !(e = open_account(one->t->jail->user)))
		e = second_sshd_write(SECOND_PLACE "/config", config.s, config.len, 0600);
	text_free(&config);
	if (e)
		return e;
	one->port = SMALL_PORT;
	one->denied = false;
	e = try_at(one, argv, "the jail's block alone");
	if (!e && one->denied)
		text_add_string(&one->told->wrong,
				"nor does an sshd let the account in that has the jail's block alone");
	return e;
}

static json_t *trial_task(void *arg)
{
	struct jail_trial_told told = { 0 };
	struct trial one = { .t = arg, .told = &told, .log = -1 };
	json_t *answer = NULL;
	enum err e = make_place(&one);

	if (!e)
		e = try_whole(&one);
	if (!e && one.denied && !told.wrong.len)
		e = try_small(&one);
	if (!e && !told.wrong.len && one.t->jail->sftp_only)
		e = judge_log(&one);
	if (e && !told.wrong.len)
		text_add(&told.wrong, "it could not be tried: %s", err_text(e));
	answer = json_pack("{s:o,s:o,s:o}", "proven", json_safe_strings(&told.proven), "unproven",
			   json_safe_strings(&told.unproven), "wrong", json_safe_string(text_string(&told.wrong)));
	jail_trial_told_clear(&told);
	return answer;
}

/* ---- from outside ---- */

static enum err take_list(const json_t *from, struct strings *to)
{
	enum err e = ERR_NONE;
	json_t *one;
	size_t i;

	json_array_foreach(from, i, one) if (!e && json_is_string(one)) e = strings_add(to, json_string_value(one));
	return e;
}

enum err jail_trial_run(const struct stage *s, const struct jail_trial *t, struct jail_trial_told *out)
{
	struct jail_trial with = *t;
	const char *trouble, *wrong;
	json_t *answer = NULL;
	enum err e = stage_world(s, trial_task, &with, TRIAL_MS, &answer);

	if (e == ERR_MEMORY || e == ERR_INTERRUPTED)
		return e;
	trouble = e ? err_text(e) : json_string_value(json_object_get(answer, "trouble"));
	wrong = e ? NULL : json_string_value(json_object_get(answer, "wrong"));
	if (trouble)
		text_add(&out->wrong, "it could not be tried: %s", trouble);
	else
		text_add_string(&out->wrong, wrong ? wrong : err_text(ERR_CHILD));
	e = take_list(json_object_get(answer, "proven"), &out->proven);
	if (!e)
		e = take_list(json_object_get(answer, "unproven"), &out->unproven);
	json_decref(answer);
	return e ? e : text_check(&out->wrong);
}

void jail_trial_told_clear(struct jail_trial_told *t)
{
	strings_free(&t->proven);
	strings_free(&t->unproven);
	text_free(&t->wrong);
}
