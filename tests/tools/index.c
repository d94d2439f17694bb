/* SPDX-License-Identifier: GPL-3.0-or-later */
/* index.c - asks the gate's index about logins to this system, for tests: index RELEASE CONFIG [PROGRAM], JSON lines in and out. */
#include "gate/index_serve.h"
#include "gate/message.h"
#include "gate/role.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/number.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

#define QUESTIONS 1000
#define PATIENCE_MS 20000

struct asker {
	int parent, net, grant;
	pid_t index;
	uint64_t asked_ms[QUESTIONS];
	uint32_t asked, answered;
};

static void refresh(void *context)
{
	struct diags problems = { 0 };
	enum err e = lookup_refresh(context, &problems);

	if (e)
		diags_print(&problems, "", stderr);
	diags_free(&problems);
}

static int serve(const char *config, unsigned release, const int fds[3])
{
	struct index_setup s = { .parent = fds[0], .net = fds[1], .grant = fds[2], .refresh = refresh };
	struct diags problems = { 0 };
	struct root *root = NULL;
	int status = 2;

	if (!root_open(NULL, &root) && !command_memory_new(&s.memory) &&
	    !lookup_new(root, config, release, &s.lookup, &problems)) {
		lookup_remember(s.lookup, s.memory, INDEX_COMMAND_MS);
		s.context = s.lookup;
		status = index_serve(&s);
	}
	diags_print(&problems, "", stderr);
	return status;
}

/* As sallyportd executes it: nothing but these descriptors, and no environment. */
static NORETURN void execute(const char *program, const char *config, const int fds[3])
{
	int settings = memfd_create("settings", 0), given[] = { fds[0], settings, fds[1], fds[2] };
	char *const argv[] = { (char *)program, (char[]){ "-D" }, NULL };
	char *const environment[] = { NULL };

	dprintf(settings, "SshdConfig %s\n", config);
	lseek(settings, 0, SEEK_SET);
	/* out of the way first */
	for (size_t i = 0; i < ARRAY_SIZE(given); i++)
		given[i] = fcntl(given[i], F_DUPFD_CLOEXEC, 100);
	for (size_t i = 0; i < ARRAY_SIZE(given); i++)
		dup2(given[i], ROLE_PARENT + (int)i);
	execve(program, argv, environment);
	_exit(2);
}

static bool begin(struct asker *a, const char *config, unsigned release, const char *program)
{
	int parent[2], net[2], grant[2];
	char ready;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, parent) || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, net) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, grant) || (a->index = fork()) < 0)
		return false;
	if (!a->index) {
		close(parent[0]);
		close(net[0]);
		close(grant[0]);
		if (program)
			execute(program, config, (const int[]){ parent[1], net[1], grant[1] });
		_exit(serve(config, release, (const int[]){ parent[1], net[1], grant[1] }));
	}
	close(parent[1]);
	close(net[1]);
	close(grant[1]);
	/* of a role: that it serves */
	if (program && recv(parent[0], &ready, 1, 0) != 1)
		return false;
	a->parent = parent[0];
	a->net = net[0];
	a->grant = grant[0];
	return true;
}

static enum err take(void *role, int fd, uint32_t id, const void *body)
{
	struct asker *a = role;
	struct message_answer answer;

	memcpy(&answer, body, sizeof answer);
	if (id >= a->asked)
		return ERR_SYNTAX;
	a->answered++;
	printf("{\"id\": %u, \"stage\": \"%s\", \"ms\": %llu, \"reason\": ", id, knock_stage_text(answer.stage),
	       (unsigned long long)(clock_boot_ms() - a->asked_ms[id]));
	json_t *reason = json_string(answer.reason);
	json_dumpf(reason, stdout, JSON_ENCODE_ANY);
	json_decref(reason);
	printf("}\n");
	return ERR_NONE;
}

/* Until all have been answered. */
static bool await(struct asker *a)
{
	static const struct message_row rows[] = { { MESSAGE_ANSWER, sizeof(struct message_answer), take }, { 0 } };
	struct pollfd fds[] = { { .fd = a->net, .events = POLLIN }, { .fd = a->grant, .events = POLLIN } };

	while (a->answered < a->asked)
		if (poll(fds, 2, PATIENCE_MS) <= 0 || message_receive(a->net, rows, a, 100) ||
		    message_receive(a->grant, rows, a, 100))
			return false;
	return true;
}

/* {"user", "from", "key": BASE64[, "grant": true]}; {"await": FILE}, which is made then; {"sleep": MS}. */
static bool ask(struct asker *a, const json_t *row)
{
	const char *user = json_string_value(json_object_get(row, "user"));
	const char *from = json_string_value(json_object_get(row, "from"));
	const char *key = json_string_value(json_object_get(row, "key"));
	struct message_question q = { .kind = NATIVE_PLAIN_KEY, .port = 22 };
	int fd = json_is_true(json_object_get(row, "grant")) ? a->grant : a->net;
	const char *done = json_string_value(json_object_get(row, "await"));
	uint8_t blob[2048];
	size_t len;

	if (done)
		return await(a) && (fd = open(done, O_WRONLY | O_CREAT, 0600)) >= 0 && !close(fd);
	if (json_object_get(row, "sleep"))
		return !usleep((useconds_t)json_integer_value(json_object_get(row, "sleep")) * 1000);
	if (!user || !from || !key || a->asked == QUESTIONS || strlen(user) >= sizeof q.user ||
	    sodium_base642bin(blob, sizeof blob, key, strlen(key), NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL))
		return false;
	q.user_len = (uint16_t)strlen(user);
	memcpy(q.user, user, q.user_len);
	q.from.family = strchr(from, ':') ? 6 : 4;
	if (inet_pton(q.from.family == 6 ? AF_INET6 : AF_INET, from, q.from.bytes) != 1)
		return false;
	crypto_hash_sha256(q.keyid, blob, len);
	a->asked_ms[a->asked] = clock_boot_ms();
	return !message_send(fd, MESSAGE_QUESTION, a->asked++, &q, sizeof q);
}

static bool ask_all(struct asker *a)
{
	char *line = NULL;
	size_t size = 0;
	bool fine = true;

	while (fine && getline(&line, &size, stdin) > 0) {
		json_t *row = json_loads(line, 0, NULL);
		fine = row && ask(a, row);
		json_decref(row);
	}
	free(line);
	return fine && await(a);
}

int main(int argc, char **argv)
{
	static struct asker a;
	uint64_t release;
	int status = 2;
	bool fine;

	if (argc < 3 || argc > 4 || number_parse(argv[1], 704, 9999, &release) || sodium_init() < 0 ||
	    !begin(&a, argv[2], (unsigned)release, argv[3])) {
		fprintf(stderr, "usage: index RELEASE CONFIG [PROGRAM]\n");
		return 2;
	}
	fine = ask_all(&a);
	fflush(stdout);
	if (!fine)
		fprintf(stderr, "index: a line that is none, or no answer came\n");
	close(a.parent);
	waitpid(a.index, &status, 0);
	return fine && WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
