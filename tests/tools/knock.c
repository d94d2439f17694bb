/* SPDX-License-Identifier: GPL-3.0-or-later */
/* knock.c - makes one knock with an Ed25519 key file and sends it: for tests, which may want one that is wrong. */
#include "file_bytes.h"
#include "gate/host_key.h"
#include "knock/native.h"

#include "base/number.h"
#include "base/root.h"
#include "key/public.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

/*
 * usage: knock HOST-KEY.pub USER-KEY USER ADDRESS PORT [from=ADDRESS] [age=SECONDS] [duration=SECONDS] [port=TCP-PORT] [out=FILE]
 *        knock send FILE ADDRESS PORT
 *        knock make HOST-KEY.pub
 * USER-KEY without a passphrase. With out= the datagram is written there and not sent. make: each line of stdin is
 * 'USER-KEY USER [OPTION...]', and its datagram goes to stdout. Exit status 0: done, 2: trouble.
 */

static int trouble(const char *what)
{
	fprintf(stderr, "knock: %s\n", what);
	return 2;
}

static int datagram_send(const uint8_t *bytes, const char *address, const char *port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };
	const bool is_six = strchr(address, ':');
	uint64_t number;
	int fd, status = 2;

	if (number_parse(port, 1, 65535, &number))
		return trouble("no port");
	six.sin6_port = four.sin_port = htons((uint16_t)number);
	if (inet_pton(is_six ? AF_INET6 : AF_INET, address, is_six ? (void *)&six.sin6_addr : (void *)&four.sin_addr) !=
	    1)
		return trouble("no address");
	fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && sendto(fd, bytes, NATIVE_DATAGRAM, 0,
			      is_six ? (const struct sockaddr *)&six : (const struct sockaddr *)&four,
			      is_six ? sizeof six : sizeof four) == NATIVE_DATAGRAM)
		status = 0;
	if (fd >= 0)
		close(fd);
	return status ? trouble("cannot send") : 0;
}

#define WORDS 16

struct order {
	uint8_t host[NATIVE_HOST_KEY], seed[32], public[32];
	struct native_knock knock;
	const char *out;
};

static int option_read(const char *word, struct order *o)
{
	uint64_t number;

	if (!strncmp(word, "from=", 5)) {
		o->knock.addr_type = strchr(word, ':') ? 6 : 4;
		return inet_pton(o->knock.addr_type == 6 ? AF_INET6 : AF_INET, word + 5, o->knock.addr) == 1
			       ? 0
			       : trouble(word);
	}
	if (!strncmp(word, "out=", 4)) {
		o->out = word + 4;
		return 0;
	}
	if (!strncmp(word, "age=", 4) && !number_parse(word + 4, 0, 1000000, &number)) {
		o->knock.ts -= number * 1000;
		return 0;
	}
	if (!strncmp(word, "duration=", 9) && !number_parse(word + 9, 1, 65535, &number)) {
		o->knock.duration = (uint16_t)number;
		return 0;
	}
	if (!strncmp(word, "port=", 5) && !number_parse(word + 5, 1, 65535, &number)) {
		o->knock.ports[o->knock.nports++] = (uint16_t)number;
		return 0;
	}
	return trouble(word);
}

static void string_add(struct text *t, const void *bytes, size_t len)
{
	const uint8_t size[4] = { 0, 0, (uint8_t)(len >> 8), (uint8_t)len };

	text_add_bytes(t, size, sizeof size);
	text_add_bytes(t, bytes, len);
}

static int knock_make(struct order *o, uint8_t datagram[NATIVE_DATAGRAM])
{
	uint8_t ephemeral[32], enc[32], plain[NATIVE_PLAIN], pk[32], sk[64], made[crypto_sign_BYTES];
	struct text blob = { 0 }, message = { 0 }, tbs = { 0 }, sig = { 0 };
	size_t len;
	int status = 2;

	string_add(&blob, "ssh-ed25519", 11);
	string_add(&blob, o->public, 32);
	crypto_hash_sha256(o->knock.keyid, (const uint8_t *)blob.s, blob.len);
	randombytes_buf(ephemeral, sizeof ephemeral);
	if (!native_enc(ephemeral, enc) && !native_write(&o->knock, plain, &len)) {
		native_message(o->host, enc, plain, len, &message);
		native_to_be_signed(&message, &tbs);
		crypto_sign_seed_keypair(pk, sk, o->seed);
		crypto_sign_detached(made, NULL, (const uint8_t *)tbs.s, tbs.len, sk);
		string_add(&sig, "ssh-ed25519", 11);
		string_add(&sig, made, sizeof made);
		if (!native_write_signature(plain, len, (const uint8_t *)sig.s, sig.len) &&
		    !native_seal(o->host, NULL, ephemeral, plain, datagram))
			status = 0;
	}
	text_free(&blob);
	text_free(&message);
	text_free(&tbs);
	text_free(&sig);
	return status ? trouble("no such knock can be made") : 0;
}

static int host_read(const char *path, uint8_t host[NATIVE_HOST_KEY])
{
	struct public_key_line line = { 0 };
	size_t len;
	char *content = (char *)file_bytes(path, &len);
	int status = 2;

	if (content && !public_key_decode_line(content, strcspn(content, "\n"), 1000, &line) && line.blob_len == 51) {
		memcpy(host, line.blob + 19, NATIVE_HOST_KEY);
		status = 0;
	}
	public_key_line_clear(&line);
	free(content);
	return status ? trouble("cannot read the host's key") : 0;
}

static int key_read(const char *path, struct order *o)
{
	const char *why = "cannot be read";
	size_t len;
	uint8_t *content = file_bytes(path, &len);
	int status = !content || host_key_parse(content, len, o->public, o->seed, &why);

	free(content);
	return status ? trouble(why) : 0;
}

static int bytes_write(const char *path, const uint8_t *bytes)
{
	FILE *f = fopen(path, "we");
	bool fine = f && fwrite(bytes, 1, NATIVE_DATAGRAM, f) == NATIVE_DATAGRAM;

	if (f && fclose(f))
		fine = false;
	return fine ? 0 : trouble("cannot write");
}

static int send_file(char **argv)
{
	size_t len = 0;
	uint8_t *bytes = file_bytes(argv[2], &len);
	int status = bytes && len == NATIVE_DATAGRAM ? datagram_send(bytes, argv[3], argv[4])
						     : trouble("no datagram in that file");

	free(bytes);
	return status;
}

/* One knock by the words KEY USER [OPTION...]; 'host' is the key that it is sealed to. */
static int words_make(const uint8_t host[NATIVE_HOST_KEY], char **word, int n, struct order *o,
		      uint8_t datagram[NATIVE_DATAGRAM])
{
	int status;

	*o = (struct order){ .knock = { .kind = NATIVE_PLAIN_KEY, .ts = (uint64_t)time(NULL) * 1000 } };
	if (n < 2 || strlen(word[1]) > NATIVE_USER)
		return trouble("see the source for its usage");
	memcpy(o->host, host, sizeof o->host);
	memcpy(o->knock.user, word[1], strlen(word[1]));
	status = key_read(word[0], o);
	for (int i = 2; i < n && !status; i++)
		status = option_read(word[i], o);
	return status ? status : knock_make(o, datagram);
}

static int lines_make(const uint8_t host[NATIVE_HOST_KEY])
{
	uint8_t datagram[NATIVE_DATAGRAM];
	char line[4096], *word[WORDS], *rest;

	while (fgets(line, sizeof line, stdin)) {
		struct order o;
		int n = 0;

		for (char *w = strtok_r(line, " \n", &rest); w && n < WORDS; w = strtok_r(NULL, " \n", &rest))
			word[n++] = w;
		if (words_make(host, word, n, &o, datagram))
			return 2;
		if (fwrite(datagram, 1, sizeof datagram, stdout) != sizeof datagram || fflush(stdout))
			return trouble("cannot write");
	}
	return 0;
}

int main(int argc, char **argv)
{
	uint8_t datagram[NATIVE_DATAGRAM], host[NATIVE_HOST_KEY];
	struct order o;
	char *word[WORDS];
	int status, n = 0;

	if (sodium_init() < 0 || argc < 3)
		return trouble("see the source for its usage");
	if (argc == 5 && !strcmp(argv[1], "send"))
		return send_file(argv);
	if (argc == 3 && !strcmp(argv[1], "make"))
		return host_read(argv[2], host) ? 2 : lines_make(host);
	if (argc < 6 || argc - 4 > WORDS)
		return trouble("see the source for its usage");
	for (int i = 2; i < argc; i++)
		if (i != 4 && i != 5)
			word[n++] = argv[i];
	status = host_read(argv[1], host);
	if (!status)
		status = words_make(host, word, n, &o, datagram);
	if (status)
		return status;
	return o.out ? bytes_write(o.out, datagram) : datagram_send(datagram, argv[4], argv[5]);
}
