/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_create_make.c - jail create: the tree and the account are made and tried by logins; in force they are written down, else they go again. */
#include "base/interrupt.h"
#include "base/message.h"
#include "cmd/jail_create.h"
#include "harden/jail_log.h"
#include "jail/contents.h"
#include "jail/upkeep.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static void take_problems(const struct diags *problems, enum err e, struct text *wrong)
{
	for (size_t i = 0; i < problems->n; i++) {
		if (problems->v[i].warning)
			continue;
		text_add_string(wrong, wrong->len ? "; " : "");
		if (problems->v[i].file) {
			text_add_escaped(wrong, problems->v[i].file, strlen(problems->v[i].file));
			text_add_string(wrong, ": ");
		}
		text_add_string(wrong, problems->v[i].text);
	}
	if (!wrong->len)
		text_add(wrong, "the jail cannot be made: %s", err_text(e));
}

/* What is in 'wrong' by now is no error. */
static enum err said_or(enum err e)
{
	return e == ERR_MEMORY || e == ERR_INTERRUPTED ? e : ERR_NONE;
}

/* The manifest, then the tree, then the account: what a crash leaves of them goes again. */
static enum err make_new(struct create *c, struct text *wrong)
{
	struct diags problems = { 0 };
	enum err e = build_create(c->f->root, &c->m, c->m.jail.copies ? BUILD_COPY : BUILD_SHARE, c->known, &c->told,
				  &problems);

	if (e && e != ERR_INTERRUPTED)
		take_problems(&problems, e, wrong);
	else if (!e)
		c->made = true;
	if (!e && !c->account)
		e = jail_account_make(c->f->root, &c->m.jail, &c->account_made, wrong);
	diags_free(&problems);
	return said_or(e);
}

static enum err is_same(const struct manifest *a, const struct manifest *b, bool *same)
{
	struct text ta = { 0 }, tb = { 0 };
	enum err e;

	if (!(e = manifest_format(a, &ta)) && !(e = manifest_format(b, &tb)))
		*same = strcmp(ta.s, tb.s) == 0;
	text_free(&ta);
	text_free(&tb);
	return e;
}

/* An update takes the lock of the jails alone: one that came between the plan and now counts, else nobody would know what it brought in. */
static enum err look_again(struct create *c, struct text *wrong, struct diags *problems)
{
	struct manifest now = { 0 };
	bool same = false;
	enum err e = manifest_read(c->f->root, c->m.jail.user, &now, NULL);

	if (!e)
		e = is_same(&c->old, &now, &same);
	else if (e != ERR_MEMORY)
		text_add(wrong, "the manifest of the jail cannot be read any more: %s", err_text(e));
	if (e || same) {
		manifest_clear(&now);
		return e;
	}
	inform("The jail was brought up to date meanwhile: what it gets is found out anew.");
	manifest_clear(&c->old);
	c->old = now; /* that owns it now */
	entries_clear(&c->m.entries);
	return contents_find(c->f->root, &c->m.jail, &c->m.entries, problems);
}

/* A jail that is there, and perhaps lived in: brought to what is asked for. */
static enum err make_again(struct create *c, struct text *wrong)
{
	struct diags problems = { 0 };
	enum err e = look_again(c, wrong, &problems);

	if (!e)
		e = build_update(c->f->root, &c->old, &c->m.entries, c->m.jail.copies ? BUILD_COPY : BUILD_SHARE,
				 &c->told, &problems);
	if (e && e != ERR_INTERRUPTED && !wrong->len)
		take_problems(&problems, e, wrong);
	diags_free(&problems);
	return said_or(e);
}

/* One that nothing tells what is ours in it. */
static enum err make_lost(struct create *c, struct text *wrong)
{
	struct diags problems = { 0 };
	struct manifest lost = { .jail = c->m.jail };
	char *kept = NULL;
	enum err e = ERR_MEMORY;

	if ((lost.made = manifest_now()))
		e = build_again(c->f->root, &lost, &c->m.entries, c->m.jail.copies ? BUILD_COPY : BUILD_SHARE, &c->told,
				&kept, &problems);
	if (e && e != ERR_INTERRUPTED)
		take_problems(&problems, e, wrong);
	if (kept) /* also where it does not come to the change */
		inform("What may be somebody's own is kept: %s", kept);
	free(kept);
	lost.jail = (struct jail){ 0 };
	manifest_clear(&lost);
	diags_free(&problems);
	return said_or(e);
}

/* What it did is written by build_update(); this is what was asked for. */
static enum err write_wishes(struct create *c)
{
	struct manifest now = { 0 };
	struct jail kept;
	enum err e = manifest_read(c->f->root, c->m.jail.user, &now, NULL);

	if (e)
		return e;
	kept = now.jail;
	now.jail = c->m.jail;
	now.state = MANIFEST_READY;
	e = manifest_write(c->f->root, &now);
	now.jail = kept;
	manifest_clear(&now);
	return e;
}

static enum err try_it(struct create *c, const struct stage *s, struct text *wrong)
{
	const struct jail_trial trial = { .facts = c->f, .jail = &c->m.jail, .keys = c->keys_path };
	enum err e;

	if (!c->f->live)
		return strings_add(&c->trial.unproven,
				   "nothing was tried by a login: these are another system's files");
	if ((e = jail_trial_run(s, &trial, &c->trial)))
		return e;
	if (c->trial.wrong.len)
		text_add(wrong, "a login into the jail shows that it does not hold or is of no use: %s",
			 c->trial.wrong.s);
	return ERR_NONE;
}

/* From where something is made to where it is in force or gone again. */
static void hold_signals(struct create *c)
{
	interrupt_hold(&c->signals);
	c->held = true;
}

static void release_signals(struct create *c)
{
	if (c->held)
		interrupt_release(&c->signals);
	c->held = false;
}

static enum err make_and_try(struct create *c, const struct stage *s, struct text *wrong)
{
	enum err e = c->lost ? make_lost(c, wrong) : c->again ? make_again(c, wrong) : make_new(c, wrong);

	c->cannot = wrong->len > 0;
	if (e || wrong->len || (e = try_it(c, s, wrong)) || wrong->len)
		return e;
	return create_tell(c);
}

enum err create_make_ready(void *arg, const struct stage *s, struct text *wrong)
{
	struct create *c = arg;
	enum err e = jail_lock(c->f->root, JAIL_LOCK_SECONDS, &c->lock);

	if (e == ERR_BUSY) {
		text_add_string(wrong, "another sallyport is at work on the jails; try again when it is done");
		return ERR_NONE;
	}
	if (e)
		return e;
	hold_signals(c);
	e = make_and_try(c, s, wrong);
	if (!interrupt_pending())
		return e;
	text_reset(wrong); /* it also ended the programs that we ran */
	return ERR_INTERRUPTED;
}

/* ---- afterwards ---- */

/* As if it had never been tried: nobody has lived in it. */
static void undo(struct create *c)
{
	struct diags problems = { 0 };
	enum err e = ERR_NONE;

	if (!c->made)
		return;
	if (c->account_made)
		e = jail_account_undo(c->f->root, &c->m);
	if (!e)
		e = build_remove(c->f->root, &c->m, true, NULL, &problems);
	jail_say_problems(&problems);
	if (e)
		complain("what was made of the jail could not be taken away; sudo sallyport recover tries again");
	diags_free(&problems);
}

/* The manifest last: until it says that the jail is ready, recovery does the rest. */
int create_finish(void *arg)
{
	struct create *c = arg;
	struct diags problems = { 0 };
	struct text why = { 0 };
	int status = 0;
	enum err e, e2;

	c->stands = true;
	c->m.state = MANIFEST_READY;
	if (!(e = jail_log_install(c->f->root, &c->m.jail, &why)))
		e = upkeep_install(c->f->root, &problems);
	if ((e2 = c->again ? write_wishes(c) : manifest_write(c->f->root, &c->m)))
		status = fail(e2, "the jail stands and is in force, but that could not be written down");
	else if (e)
		status = fail(e, "the jail stands and is in force, but what keeps it current could not be installed");
	if (why.len)
		warn("what %s does by sftp is not logged: %s", c->m.jail.user, text_string(&why));
	jail_say_problems(&problems);
	jail_account_warn(c->common, c->m.jail.user);
	diags_free(&problems);
	text_free(&why);
	return status;
}

static void take_back(struct create *c)
{
	const bool interrupted = interrupt_pending();

	undo(c);
	if (interrupted && c->again)
		inform("sshd's configuration is as it was before. What is in the jail may be changed already: run it again, or "
		       "take the change back with sudo sallyport jail update %s",
		       c->m.jail.user);
	else if (interrupted)
		inform("What was made of the jail is gone again; run it again to have it.");
}

int create_end(struct create *c, int status)
{
	if (status != EXIT_YES && !c->stands)
		take_back(c);
	release_signals(c);
	return c->cannot ? EXIT_TROUBLE : status;
}

/* ---- the contents alone ---- */

int create_change_contents(struct create *c)
{
	struct text wrong = { 0 };
	int status;
	enum err e;

	if ((e = jail_lock(c->f->root, JAIL_LOCK_SECONDS, &c->lock))) {
		status = fail(e, "cannot change what is in the jail");
		text_free(&wrong);
		return status;
	}
	hold_signals(c);
	if ((e = make_again(c, &wrong)) || (e = wrong.len ? ERR_NONE : write_wishes(c))) {
		status = e == ERR_INTERRUPTED ? complain("interrupted: nothing was changed, run it again")
					      : fail(e, "cannot change what is in the jail");
	} else if (wrong.len) {
		status = complain("%s", text_string(&wrong));
	} else {
		text_add(&c->also, "%s is changed: %zu added, %zu replaced, %zu removed\n", c->m.jail.dir,
			 c->told.added.n, c->told.replaced.n, c->told.removed.n);
		status = create_answer(c, true);
	}
	release_signals(c);
	text_free(&wrong);
	return status;
}
