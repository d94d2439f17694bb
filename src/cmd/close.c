/* SPDX-License-Identifier: GPL-3.0-or-later */
/* close.c - sallyport close: end what was granted, before its time. */
#include "base/json.h"
#include "base/message.h"
#include "cmd/command.h"
#include "cmd/door.h"

#include "base/banned.h"

static int answer(const struct common_args *common, const char *what, unsigned changed)
{
	const int status = changed ? EXIT_YES : EXIT_NO;

	if (common->format == FORMAT_JSON) {
		json_t *j = json_pack("{s:s,s:b,s:i}", "schema", "sallyport.close.v1", "changed", changed > 0, "ended",
				      (int)changed);
		int printed = command_print_json(common, j, status);

		json_decref(j);
		return printed;
	}
	if (changed)
		inform("%u %s ended. Connections that are established go on.", changed,
		       changed == 1 ? "grant" : "grants");
	else
		inform("nothing was granted to '%s'", what);
	return status;
}

static int close_run(const struct common_args *common, void *args, const struct strings *rest)
{
	struct control_close want = { 0 };
	struct control_done done = { 0 };
	int fd = -1, status;
	enum err e;

	(void)args;
	if (rest->n != 1)
		return complain("wants one address or key: sallyport close ADDRESS|SHA256:...|FILE.pub");
	if (door_address_parse(rest->v[0], &want.address)) {
		if (door_key_parse(rest->v[0], want.key))
			return complain("'%s' is neither an address nor a key", rest->v[0]);
		want.by_key = 1;
	}
	if ((status = door_open(&fd)))
		return status;
	e = control_revoke(fd, &want, &done);
	door_close(fd);
	if (e || done.error)
		return fail(e ? e : (enum err)done.error, "cannot close for '%s'", rest->v[0]);
	return answer(common, rest->v[0], done.changed);
}

const struct command cmd_close = {
	.name = "close",
	.summary = "end what was granted, before its time",
	.arguments = "ADDRESS|KEY",
	.common = COMMON_REPORT,
	.examples = "  sudo sallyport close 203.0.113.9\n"
		    "  sudo sallyport close SHA256:aBUXKQFbFMQSTAcVuCdmAC3sQ5SUKNtz7eyfsi7o44Y\n",
	.run = close_run,
};
