/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_kex.c - step 1: key exchange, ciphers, MACs, host keys, and what the wire shows of them. */
#include "audit/algorithm.h"
#include "audit/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* A list of algorithms and the policy's values about it. */
struct list_row {
	enum sshd_keyword_id keyword;
	const char *wanted, *refuse, *avoid;
};

static const struct list_row kex_row = { KW_KEXALGORITHMS, "kex", "kex-refuse", "kex-avoid" };
static const struct list_row cipher_row = { KW_CIPHERS, "ciphers", "ciphers-refuse", "ciphers-avoid" };
static const struct list_row mac_row = { KW_MACS, "macs", "macs-refuse", "macs-avoid" };

/* Plans the policy's list, as far as this binary knows it. */
static enum err plan_list(const struct facts *f, const struct policy *p, const struct list_row *row,
			  struct finding *out)
{
	const struct strings *wanted = policy_words(p, row->wanted);
	struct strings supported = { 0 };
	struct text list = { 0 };
	enum err e;

	if (wanted->n == 0)
		return ERR_NONE;
	if ((e = algorithm_supported(f, row->keyword, wanted, &supported)) || supported.n == 0)
		goto out;
	strings_join(&supported, ",", &list);
	if (!(e = text_check(&list)))
		e = finding_set(out, row->keyword, list.s);
out:
	strings_free(&supported);
	text_free(&list);
	return e;
}

/* "a, b and 3 more" */
static void enumerate(const struct strings *names, struct text *out)
{
	size_t shown = names->n > 3 ? 2 : names->n;

	for (size_t i = 0; i < shown; i++)
		text_add(out, "%s%s", i == 0 ? "" : i + 1 == names->n ? " and " : ", ", names->v[i]);
	if (shown < names->n)
		text_add(out, " and %zu more", names->n - shown);
}

static enum err list_found(const struct facts *f, const struct policy *p, const struct list_row *row,
			   const struct strings *weak, const struct strings *avoided, struct finding *out)
{
	const char *name = sshd_keyword(row->keyword)->name;
	struct text all = { 0 }, some = { 0 };
	enum err e;

	out->status = weak->n ? STATUS_FAIL : STATUS_WARN;
	strings_join(weak->n ? weak : avoided, ", ", &all);
	enumerate(weak->n ? weak : avoided, &some);
	if ((e = text_check(&all)) || (e = text_check(&some)) || (e = judge_cite(f, row->keyword, out)) ||
	    (e = finding_reason(out, "%s has %s", name, some.s)) ||
	    (e = finding_detail(out, "%s: %s.", weak->n ? "Offered, but weak" : "Offered, but better avoided",
				all.s)) ||
	    (e = plan_list(f, p, row, out)))
		goto out;
	e = judge_fix(out, "set %s to the list of the policy, as far as this sshd knows it", name);
out:
	text_free(&all);
	text_free(&some);
	return e;
}

static enum err sort_list(const struct strings *names, const struct policy *p, const struct list_row *row,
			  struct strings *weak, struct strings *avoided)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < names->n && !e; i++) {
		if (policy_matches(p, row->refuse, names->v[i]))
			e = strings_add(weak, names->v[i]);
		else if (policy_matches(p, row->avoid, names->v[i]))
			e = strings_add(avoided, names->v[i]);
	}
	return e;
}

static enum err judge_list(const struct facts *f, const struct policy *p, const struct list_row *row,
			   struct finding *out)
{
	struct strings names = { 0 }, weak = { 0 }, avoided = { 0 };
	enum err e = algorithm_list(f, row->keyword, &names);

	if (e == ERR_NOT_FOUND)
		return judge_unknown(f, out);
	if (!e && !(e = sort_list(&names, p, row, &weak, &avoided)) && (weak.n || avoided.n))
		e = list_found(f, p, row, &weak, &avoided, out);
	strings_free(&names);
	strings_free(&weak);
	strings_free(&avoided);
	return e;
}

static enum err judge_kex_weak(const struct facts *f, const struct policy *p, struct finding *out)
{
	return judge_list(f, p, &kex_row, out);
}

static enum err judge_cipher_weak(const struct facts *f, const struct policy *p, struct finding *out)
{
	return judge_list(f, p, &cipher_row, out);
}

static enum err judge_mac_weak(const struct facts *f, const struct policy *p, struct finding *out)
{
	struct strings ciphers = { 0 };
	bool all_aead = true;
	enum err e = algorithm_list(f, KW_CIPHERS, &ciphers);

	for (size_t i = 0; i < ciphers.n; i++)
		all_aead = all_aead && algorithm_is_aead(ciphers.v[i]);
	all_aead = all_aead && ciphers.n;
	strings_free(&ciphers);
	if (e == ERR_MEMORY)
		return e;
	if (all_aead)
		return finding_detail(out, "All ciphers offered authenticate by themselves, so no MAC is ever used.");
	return judge_list(f, p, &mac_row, out);
}

static enum err judge_kex_no_post_quantum(const struct facts *f, const struct policy *p, struct finding *out)
{
	struct strings kex = { 0 };
	bool found = false;
	enum err e = algorithm_list(f, KW_KEXALGORITHMS, &kex);

	if (e == ERR_NOT_FOUND)
		return judge_unknown(f, out);
	for (size_t i = 0; i < kex.n; i++)
		found = found || algorithm_is_post_quantum(kex.v[i]);
	strings_free(&kex);
	if (e || found)
		return e;
	out->status = STATUS_FAIL;
	if ((e = judge_cite(f, KW_KEXALGORITHMS, out)) ||
	    (e = finding_detail(
		     out, "Whoever records a connection today can read it once large quantum computers exist.")) ||
	    (e = plan_list(f, p, &kex_row, out)))
		return e;
	return judge_fix(out, "offer a hybrid key exchange such as sntrup761x25519-sha512@openssh.com first");
}

/* Host keys */

static enum err weak_key(const struct host_key_fact *k, unsigned bits, struct finding *out)
{
	if (strcmp(k->key.type, "ssh-rsa") == 0 && k->key.bits < bits)
		return finding_evidence(out, k->path, 0, "RSA with %u bits, wants %u", k->key.bits, bits);
	if (strcmp(k->key.type, "ssh-dss") == 0)
		return finding_evidence(out, k->path, 0, "DSA, which is broken");
	return ERR_NONE;
}

/* The names in force without those that the policy refuses. */
static enum err plan_host_algorithms(const struct strings *names, const struct policy *p, struct finding *out)
{
	struct text list = { 0 };
	enum err e;

	for (size_t i = 0; i < names->n; i++)
		if (!policy_matches(p, "host-keys-refuse", names->v[i]))
			text_add(&list, "%s%s", list.len ? "," : "", names->v[i]);
	e = text_check(&list);
	if (!e && list.len)
		e = finding_set(out, KW_HOSTKEYALGORITHMS, list.s);
	text_free(&list);
	return e;
}

static enum err judge_host_algorithms(const struct facts *f, const struct policy *p, struct finding *out)
{
	struct strings names = { 0 }, weak = { 0 };
	enum err e = algorithm_list(f, KW_HOSTKEYALGORITHMS, &names);

	for (size_t i = 0; i < names.n && !e; i++)
		if (policy_matches(p, "host-keys-refuse", names.v[i]))
			e = strings_add(&weak, names.v[i]);
	if (weak.n && !e) {
		struct text t = { 0 };

		strings_join(&weak, ", ", &t);
		if (!(e = text_check(&t)) && !(e = judge_cite(f, KW_HOSTKEYALGORITHMS, out)) &&
		    !(e = finding_evidence(out, NULL, 0, "weak signatures are offered: %s", t.s)))
			e = plan_host_algorithms(&names, p, out);
		text_free(&t);
	}
	strings_free(&names);
	strings_free(&weak);
	return e == ERR_NOT_FOUND ? ERR_NONE : e;
}

static enum err judge_hostkey_weak(const struct facts *f, const struct policy *p, struct finding *out)
{
	unsigned bits = (unsigned)policy_number(p, "rsa-bits", 2048);
	size_t unknown = 0;
	enum err e = ERR_NONE;

	if (!f->config)
		return judge_unknown(f, out);
	for (size_t i = 0; i < f->nhost_keys && !e; i++) {
		unknown += f->host_keys[i].key_err != ERR_NONE && f->host_keys[i].stat_err != ERR_NOT_FOUND;
		if (!f->host_keys[i].key_err)
			e = weak_key(&f->host_keys[i], bits, out);
	}
	if (e)
		return e;
	if (out->nevidence) {
		out->status = STATUS_FAIL;
		return finding_fix(
			out, NULL,
			"make a new host key with ssh-keygen and take the weak one out; clients will see a changed key");
	}
	if ((e = judge_host_algorithms(f, p, out)))
		return e;
	if (out->nevidence) {
		out->status = STATUS_FAIL;
		return judge_fix(out, "take these algorithms out of HostKeyAlgorithms");
	}
	if (!unknown && f->nhost_keys)
		return ERR_NONE;
	out->status = STATUS_UNKNOWN;
	return finding_detail(out,
			      f->nhost_keys ? "The public part (.pub) of %zu host keys could not be read."
					    : "No host key was found.",
			      unknown);
}

static enum err judge_key_file(const struct facts *f, const struct host_key_fact *k, struct finding *out)
{
	mode_t mode = k->st.st_mode & 07777;
	enum err e;

	if (k->st.st_uid != 0) {
		out->status = STATUS_FAIL;
		return finding_evidence(out, k->path, 0, "belongs to uid %u, not to root", (unsigned)k->st.st_uid);
	}
	if (!(mode & 077))
		return ERR_NONE;
	/* Red Hat's packages give a group of their own (ssh_keys) the right to read. */
	if (mode == 0640 && k->st.st_gid != 0) {
		if (out->status == STATUS_PASS)
			out->status = STATUS_WARN;
	} else {
		out->status = STATUS_FAIL;
	}
	if ((e = finding_evidence(out, k->path, 0, "mode %04o, wants 0600", (unsigned)mode)))
		return e;
	return finding_mode(out, k->path, 0600);
}

static enum err judge_missing_key(const struct host_key_fact *k, struct finding *out)
{
	enum err e;

	if (out->status == STATUS_PASS)
		out->status = STATUS_WARN;
	if ((e = judge_cite_line(k->by, out)))
		return e;
	return finding_detail(
		out, "A host key that is named does not exist; sshd notes it in its log and goes on with the others.");
}

static enum err judge_hostkey_mode(const struct facts *f, const struct policy *p, struct finding *out)
{
	size_t unseen = 0;
	enum err e = ERR_NONE;

	if (!f->config)
		return judge_unknown(f, out);
	for (size_t i = 0; i < f->nhost_keys && !e; i++) {
		const struct host_key_fact *k = &f->host_keys[i];

		if (k->stat_err == ERR_NONE)
			e = judge_key_file(f, k, out);
		else if (k->stat_err == ERR_NOT_FOUND && k->by)
			e = judge_missing_key(k, out);
		else
			unseen++;
	}
	if (e)
		return e;
	if (out->status != STATUS_PASS)
		return out->nchanges ? judge_fix(out, "give the host keys mode 0600")
				     : finding_fix(out, NULL,
						   "make the files belong to root, or take their HostKey lines out");
	if (!unseen && f->nhost_keys)
		return ERR_NONE;
	out->status = STATUS_UNKNOWN;
	return finding_detail(
		out, f->nhost_keys ? "The files of %zu host keys could not be seen." : "No host key was found.",
		unseen);
}

/* The wire */

static enum err wire_unknown(const struct facts *f, struct finding *out)
{
	if (!f->live)
		return judge_skip(out, "Nothing is connected to when another system's files are judged.");
	if (!f->wire_tried)
		return judge_skip(out, "The running server does not use the configuration that was named.");
	out->status = STATUS_UNKNOWN;
	return finding_detail(out, "%s: %s.", f->wire_where, err_text(f->wire_err));
}

static bool any_matches(const struct strings *l, const char *end)
{
	for (size_t i = 0; i < l->n; i++) {
		size_t n = strlen(l->v[i]), m = strlen(end);

		if (n >= m && strcmp(l->v[i] + n - m, end) == 0)
			return true;
	}
	return false;
}

/* Attackable are ChaCha20-Poly1305, and CBC with encrypt-then-MAC. */
static bool terrapin_applies(const struct kexinit *k)
{
	return strings_has(&k->cipher_s2c, "chacha20-poly1305@openssh.com") ||
	       strings_has(&k->cipher_c2s, "chacha20-poly1305@openssh.com") ||
	       ((any_matches(&k->cipher_s2c, "-cbc") || any_matches(&k->cipher_c2s, "-cbc")) &&
		(any_matches(&k->mac_s2c, "-etm@openssh.com") || any_matches(&k->mac_c2s, "-etm@openssh.com")));
}

static enum err judge_terrapin(const struct facts *f, const struct policy *p, struct finding *out)
{
	enum err e;

	if (!f->wire_tried || f->wire_err) {
		if (f->release >= SSHD_RELEASE(9, 6))
			return finding_detail(out, "OpenSSH has the strict key exchange since 9.6.");
		return wire_unknown(f, out);
	}
	if (f->wire.kexinit.strict)
		return finding_detail(out, "The server announces the strict key exchange.");
	if (!terrapin_applies(&f->wire.kexinit))
		return finding_detail(out,
				      "There is no strict key exchange, but no cipher that can be attacked either.");
	out->status = STATUS_FAIL;
	if ((e = finding_evidence(out, NULL, 0, "%s: no kex-strict-s-v00@openssh.com in its KEXINIT", f->wire_where)) ||
	    (e = finding_reason(out, "no strict key exchange on %s", f->wire_where)) ||
	    (e = finding_detail(
		     out, "An attacker in the path can drop the first messages of a connection unnoticed (Terrapin).")))
		return e;
	return finding_fix(out, NULL, "update openssh-server; until then leave out chacha20-poly1305 and CBC ciphers");
}

static enum err compare_list(const struct facts *f, enum sshd_keyword_id keyword, const struct strings *wire,
			     struct finding *out)
{
	struct strings seen = { 0 }, wanted = { 0 };
	struct text t = { 0 };
	enum err e;

	if ((e = kexinit_configured(wire, &seen)) || (e = algorithm_list(f, keyword, &wanted)))
		goto out;
	if (strings_equal(&seen, &wanted))
		goto out;
	out->status = STATUS_FAIL;
	strings_join(&seen, ",", &t);
	if ((e = text_check(&t)) || (e = judge_cite(f, keyword, out)))
		goto out;
	e = finding_evidence(out, NULL, 0, "%s offers: %s", f->wire_where, text_string(&t));
out:
	strings_free(&seen);
	strings_free(&wanted);
	text_free(&t);
	return e;
}

/* "SSH-2.0-OpenSSH_9.2p1 ..." must be the release of the installed binary, or an update was not restarted. */
static enum err compare_release(const struct facts *f, struct finding *out)
{
	const char *id = f->wire.identification;
	unsigned release;

	if (!f->release || sshd_version_find(id, strlen(id), &release, NULL, 0) || release == f->release)
		return ERR_NONE;
	out->status = STATUS_FAIL;
	return finding_evidence(out, NULL, 0, "%s runs %s, installed is OpenSSH %s", f->wire_where, id,
				f->openssh ? f->openssh : "?");
}

static const char *reload_command(const struct facts *f, char *buffer, size_t size)
{
	if (f->service.manager == SERVICE_SYSTEMD && f->service.unit)
		snprintf(buffer, size, "sudo systemctl reload %s", f->service.unit);
	else if (f->service.pid)
		snprintf(buffer, size, "sudo kill -HUP %d", (int)f->service.pid);
	else
		return NULL;
	return buffer;
}

static enum err judge_wire_differs(const struct facts *f, const struct policy *p, struct finding *out)
{
	const struct kexinit *k = &f->wire.kexinit;
	char command[128];
	enum err e;

	if (!f->wire_tried || f->wire_err)
		return wire_unknown(f, out);
	if ((e = compare_release(f, out)) || (e = compare_list(f, KW_KEXALGORITHMS, &k->kex, out)) ||
	    (e = compare_list(f, KW_CIPHERS, &k->cipher_s2c, out)) || (e = compare_list(f, KW_MACS, &k->mac_s2c, out)))
		return e == ERR_NOT_FOUND ? judge_unknown(f, out) : e;
	if (out->status == STATUS_PASS)
		return ERR_NONE;
	if ((e = finding_reason(out, "the running server is not as its files say")) ||
	    (e = finding_detail(
		     out,
		     "The running server offers something else than its files and binary would: it was not reloaded since "
		     "they changed, or another program answers.")))
		return e;
	return finding_fix(out, reload_command(f, command, sizeof command), "reload sshd");
}

static const char *const kex_refs[] = { "RFC 9142", "ssh-audit hardening guides", "BSI TR-02102-4", NULL };
static const char *const pq_refs[] = { "OpenSSH 9.0 release notes", "OpenSSH 10.0 release notes", NULL };
static const char *const cipher_refs[] = { "CVE-2008-5161", "RFC 8758", "sshd_config(5) Ciphers", NULL };
static const char *const mac_refs[] = { "RFC 6668", "sshd_config(5) MACs", NULL };
static const char *const hostkey_refs[] = { "OpenSSH 8.8 release notes", "BSI TR-02102-4", NULL };
static const char *const mode_refs[] = { "sshd_config(5) HostKey", NULL };
static const char *const terrapin_refs[] = { "CVE-2023-48795", "OpenSSH 9.6 release notes", NULL };
static const char *const wire_refs[] = { "RFC 4253 section 7.1", NULL };

const struct rule rules_kex[] = {
	{ "kex-weak", 1, SEVERITY_HIGH, 0, 0, "no weak key exchange is offered", judge_kex_weak, NULL, kex_refs },
	{ "kex-no-post-quantum", 1, SEVERITY_MEDIUM, SSHD_RELEASE(8, 5), 0, "a post-quantum key exchange is offered",
	  judge_kex_no_post_quantum, NULL, pq_refs },
	{ "cipher-weak", 1, SEVERITY_HIGH, 0, 0, "no weak cipher is offered", judge_cipher_weak, NULL, cipher_refs },
	{ "mac-weak", 1, SEVERITY_MEDIUM, 0, 0, "no weak MAC is offered", judge_mac_weak, NULL, mac_refs },
	{ "hostkey-weak", 1, SEVERITY_HIGH, 0, 0, "the host keys are strong", judge_hostkey_weak, NULL, hostkey_refs },
	{ "hostkey-mode", 1, SEVERITY_HIGH, 0, 0, "only root can read the private host keys", judge_hostkey_mode, NULL,
	  mode_refs },
	{ "terrapin", 1, SEVERITY_HIGH, 0, 0, "the key exchange is strict (Terrapin)", judge_terrapin, NULL,
	  terrapin_refs },
	{ "wire-differs", 1, SEVERITY_MEDIUM, 0, 0, "the running server offers what its files say", judge_wire_differs,
	  NULL, wire_refs },
};
const size_t rules_kex_n = ARRAY_SIZE(rules_kex);
