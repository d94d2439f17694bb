/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyword.c - the table of all keywords of sshd_config, and what each release makes of them. */
#include "sshd/keyword.h"

#include "sshd/version.h"

#include <stdlib.h>
#include <strings.h>

#include "base/banned.h"

/*
 * By name, since the look-up halves the table. What was deprecated before 7.4 has
 * gone = 7.4; the Kerberos and GSSAPI rows are those of builds that have them, as the
 * distributions' do, with Debian's additions (DebianBanner, GSSAPIKeyExchange ...).
 */
#define ROW(ID, NAME, ...) [KW_##ID] = { .id = KW_##ID, .name = NAME, __VA_ARGS__ }

/* clang-format off */
static const struct sshd_keyword keywords[KW_COUNT] = {
	ROW(ACCEPTENV, "AcceptEnv", .kind = KIND_WORDS, .order = ORDER_ADD, .in_match = true),
	ROW(ADDRESSFAMILY, "AddressFamily", .kind = KIND_CHOICE, .choices = "inet inet6 any", .defaults = { { 0, "any" } }),
	ROW(AFSTOKENPASSING, "AFSTokenPassing", .kind = KIND_OBSOLETE, .gone = SSHD_RELEASE(7, 4)),
	ROW(ALLOWAGENTFORWARDING, "AllowAgentForwarding", .kind = KIND_FLAG, .in_match = true, .defaults = { { 0, "yes" } }),
	ROW(ALLOWGROUPS, "AllowGroups", .kind = KIND_WORDS, .order = ORDER_ADD, .in_match = true),
	ROW(ALLOWSTREAMLOCALFORWARDING, "AllowStreamLocalForwarding", .kind = KIND_CHOICE, .in_match = true, .choices = "yes no remote local all=yes", .defaults = { { 0, "yes" } }),
	ROW(ALLOWTCPFORWARDING, "AllowTcpForwarding", .kind = KIND_CHOICE, .in_match = true, .choices = "yes no remote local all=yes", .defaults = { { 0, "yes" } }),
	ROW(ALLOWUSERS, "AllowUsers", .kind = KIND_WORDS, .order = ORDER_ADD, .in_match = true),
	ROW(AUTHENTICATIONMETHODS, "AuthenticationMethods", .kind = KIND_SPECIAL, .in_match = true, .defaults = { { 0, "any" } }),
	ROW(AUTHORIZEDKEYSCOMMAND, "AuthorizedKeysCommand", .kind = KIND_SPECIAL, .in_match = true, .defaults = { { 0, "none" } }),
	ROW(AUTHORIZEDKEYSCOMMANDUSER, "AuthorizedKeysCommandUser", .kind = KIND_WORD, .in_match = true, .defaults = { { 0, "none" } }),
	ROW(AUTHORIZEDKEYSFILE, "AuthorizedKeysFile", .kind = KIND_SPECIAL, .in_match = true, .defaults = { { 0, ".ssh/authorized_keys .ssh/authorized_keys2" } }),
	ROW(AUTHORIZEDKEYSFILE2, "AuthorizedKeysFile2", .kind = KIND_OBSOLETE, .in_match = true, .gone = SSHD_RELEASE(7, 4)),
	ROW(AUTHORIZEDPRINCIPALSCOMMAND, "AuthorizedPrincipalsCommand", .kind = KIND_SPECIAL, .in_match = true, .defaults = { { 0, "none" } }),
	ROW(AUTHORIZEDPRINCIPALSCOMMANDUSER, "AuthorizedPrincipalsCommandUser", .kind = KIND_WORD, .in_match = true, .defaults = { { 0, "none" } }),
	ROW(AUTHORIZEDPRINCIPALSFILE, "AuthorizedPrincipalsFile", .kind = KIND_SPECIAL, .in_match = true, .defaults = { { 0, "none" } }),
	ROW(BANNER, "Banner", .kind = KIND_SPECIAL, .in_match = true, .defaults = { { 0, "none" } }),
	ROW(CASIGNATUREALGORITHMS, "CASignatureAlgorithms", .kind = KIND_ALGS, .in_match = true, .since = SSHD_RELEASE(7, 9)),
	ROW(CHANNELTIMEOUT, "ChannelTimeout", .kind = KIND_SPECIAL, .in_match = true, .since = SSHD_RELEASE(9, 2), .defaults = { { 0, "" }, { SSHD_RELEASE(9, 3), "none" } }),
	ROW(CHECKMAIL, "CheckMail", .kind = KIND_OBSOLETE, .gone = SSHD_RELEASE(7, 4)),
	ROW(CHROOTDIRECTORY, "ChrootDirectory", .kind = KIND_SPECIAL, .in_match = true, .defaults = { { 0, "none" } }),
	ROW(CIPHERS, "Ciphers", .kind = KIND_ALGS),
	ROW(CLIENTALIVECOUNTMAX, "ClientAliveCountMax", .kind = KIND_NUMBER, .in_match = true, .defaults = { { 0, "3" } }),
	ROW(CLIENTALIVEINTERVAL, "ClientAliveInterval", .kind = KIND_TIME, .in_match = true, .defaults = { { 0, "0" } }),
	ROW(COMPRESSION, "Compression", .kind = KIND_CHOICE, .choices = "yes no delayed=yes", .defaults = { { 0, "yes" } }),
	ROW(DEBIANBANNER, "DebianBanner", .kind = KIND_FLAG, .defaults = { { 0, "yes" } }),
	ROW(DENYGROUPS, "DenyGroups", .kind = KIND_WORDS, .order = ORDER_ADD, .in_match = true),
	ROW(DENYUSERS, "DenyUsers", .kind = KIND_WORDS, .order = ORDER_ADD, .in_match = true),
	ROW(DISABLEFORWARDING, "DisableForwarding", .kind = KIND_FLAG, .in_match = true, .since = SSHD_RELEASE(7, 4), .defaults = { { 0, "no" } }),
	ROW(EXPOSEAUTHINFO, "ExposeAuthInfo", .kind = KIND_FLAG, .in_match = true, .since = SSHD_RELEASE(7, 6), .defaults = { { 0, "no" } }),
	ROW(FINGERPRINTHASH, "FingerprintHash", .kind = KIND_CHOICE, .order = ORDER_LAST, .first_since = SSHD_NEVER, .choices = "MD5 SHA1 SHA256 SHA384 SHA512", .defaults = { { 0, "SHA256" } }),
	ROW(FORCECOMMAND, "ForceCommand", .kind = KIND_REST, .in_match = true, .defaults = { { 0, "none" } }),
	ROW(GATEWAYPORTS, "GatewayPorts", .kind = KIND_CHOICE, .in_match = true, .choices = "yes no clientspecified", .defaults = { { 0, "no" } }),
	ROW(GSSAPIAUTHENTICATION, "GSSAPIAuthentication", .kind = KIND_FLAG, .in_match = true, .defaults = { { 0, "no" } }),
	ROW(GSSAPICLEANUPCREDENTIALS, "GSSAPICleanupCredentials", .kind = KIND_FLAG, .defaults = { { 0, "yes" } }),
	ROW(GSSAPIDELEGATECREDENTIALS, "GSSAPIDelegateCredentials", .kind = KIND_FLAG, .since = SSHD_RELEASE(10, 3), .defaults = { { 0, "yes" } }),
	ROW(GSSAPIKEXALGORITHMS, "GSSAPIKexAlgorithms", .kind = KIND_ALGS),
	ROW(GSSAPIKEYEXCHANGE, "GSSAPIKeyExchange", .kind = KIND_FLAG, .defaults = { { 0, "no" } }),
	ROW(GSSAPISTORECREDENTIALSONREKEY, "GSSAPIStoreCredentialsOnRekey", .kind = KIND_FLAG, .defaults = { { 0, "no" } }),
	ROW(GSSAPISTRICTACCEPTORCHECK, "GSSAPIStrictAcceptorCheck", .kind = KIND_FLAG, .defaults = { { 0, "yes" } }),
	ROW(GSSAPIUSESESSIONCREDCACHE, "GSSAPIUseSessionCredCache", .kind = KIND_OBSOLETE, .gone = SSHD_RELEASE(7, 4)),
	ROW(HOSTBASEDACCEPTEDALGORITHMS, "HostbasedAcceptedAlgorithms", .kind = KIND_ALGS, .in_match = true),
	ROW(HOSTBASEDAUTHENTICATION, "HostbasedAuthentication", .kind = KIND_FLAG, .in_match = true, .defaults = { { 0, "no" } }),
	ROW(HOSTBASEDUSESNAMEFROMPACKETONLY, "HostbasedUsesNameFromPacketOnly", .kind = KIND_FLAG, .in_match = true, .defaults = { { 0, "no" } }),
	ROW(HOSTCERTIFICATE, "HostCertificate", .kind = KIND_SPECIAL, .order = ORDER_ADD),
	ROW(HOSTKEY, "HostKey", .kind = KIND_SPECIAL, .order = ORDER_ADD),
	ROW(HOSTKEYAGENT, "HostKeyAgent", .kind = KIND_SPECIAL, .defaults = { { 0, "none" } }),
	ROW(HOSTKEYALGORITHMS, "HostKeyAlgorithms", .kind = KIND_ALGS),
	ROW(IGNORERHOSTS, "IgnoreRhosts", .kind = KIND_CHOICE, .in_match = true, .match_since = SSHD_RELEASE(8, 3), .choices = "yes no shosts-only@803", .defaults = { { 0, "yes" } }),
	ROW(IGNOREUSERKNOWNHOSTS, "IgnoreUserKnownHosts", .kind = KIND_FLAG, .defaults = { { 0, "no" } }),
	ROW(INCLUDE, "Include", .kind = KIND_BLOCK, .order = ORDER_BLOCK, .in_match = true, .since = SSHD_RELEASE(8, 2)),
	ROW(IPQOS, "IPQoS", .kind = KIND_SPECIAL, .order = ORDER_LAST, .in_match = true, .first_since = SSHD_RELEASE(10, 3), .defaults = { { 0, "lowdelay throughput" }, { SSHD_RELEASE(7, 8), "af21 cs1" }, { SSHD_RELEASE(10, 1), "ef cs0" } }),
	ROW(KBDINTERACTIVEAUTHENTICATION, "KbdInteractiveAuthentication", .kind = KIND_FLAG, .in_match = true, .defaults = { { 0, "yes" } }),
	ROW(KERBEROSAUTHENTICATION, "KerberosAuthentication", .kind = KIND_FLAG, .in_match = true, .defaults = { { 0, "no" } }),
	ROW(KERBEROSGETAFSTOKEN, "KerberosGetAFSToken", .kind = KIND_OBSOLETE, .gone = SSHD_RELEASE(7, 4)),
	ROW(KERBEROSORLOCALPASSWD, "KerberosOrLocalPasswd", .kind = KIND_FLAG, .defaults = { { 0, "yes" } }),
	ROW(KERBEROSTGTPASSING, "KerberosTgtPassing", .kind = KIND_OBSOLETE, .gone = SSHD_RELEASE(7, 4)),
	ROW(KERBEROSTICKETCLEANUP, "KerberosTicketCleanup", .kind = KIND_FLAG, .defaults = { { 0, "yes" } }),
	ROW(KEXALGORITHMS, "KexAlgorithms", .kind = KIND_ALGS),
	ROW(KEYREGENERATIONINTERVAL, "KeyRegenerationInterval", .kind = KIND_OBSOLETE, .gone = SSHD_RELEASE(7, 4)),
	ROW(LISTENADDRESS, "ListenAddress", .kind = KIND_SPECIAL, .order = ORDER_ADD),
	ROW(LOGINGRACETIME, "LoginGraceTime", .kind = KIND_TIME, .defaults = { { 0, "120" } }),
	ROW(LOGLEVEL, "LogLevel", .kind = KIND_CHOICE, .in_match = true, .match_since = SSHD_RELEASE(7, 6), .choices = "SILENT QUIET=SILENT FATAL ERROR INFO VERBOSE DEBUG DEBUG1=DEBUG DEBUG2 DEBUG3", .defaults = { { 0, "INFO" } }),
	ROW(LOGVERBOSE, "LogVerbose", .kind = KIND_SPECIAL, .in_match = true, .since = SSHD_RELEASE(8, 5)),
	ROW(MACS, "MACs", .kind = KIND_ALGS),
	ROW(MATCH, "Match", .kind = KIND_BLOCK, .order = ORDER_BLOCK, .in_match = true),
	ROW(MAXAUTHTRIES, "MaxAuthTries", .kind = KIND_NUMBER, .in_match = true, .defaults = { { 0, "6" } }),
	ROW(MAXSESSIONS, "MaxSessions", .kind = KIND_NUMBER, .in_match = true, .defaults = { { 0, "10" } }),
	ROW(MAXSTARTUPS, "MaxStartups", .kind = KIND_SPECIAL, .order = ORDER_LAST, .first_since = SSHD_RELEASE(10, 1), .defaults = { { 0, "10:30:100" } }),
	ROW(MODULIFILE, "ModuliFile", .kind = KIND_SPECIAL, .since = SSHD_RELEASE(8, 6), .defaults = { { 0, "/etc/ssh/moduli" } }),
	ROW(PAMAUTHENTICATIONVIAKBDINT, "PAMAuthenticationViaKbdInt", .kind = KIND_OBSOLETE, .gone = SSHD_RELEASE(7, 4)),
	ROW(PAMSERVICENAME, "PAMServiceName", .kind = KIND_WORD, .in_match = true, .since = SSHD_RELEASE(9, 8), .defaults = { { 0, "sshd" } }),
	ROW(PASSWORDAUTHENTICATION, "PasswordAuthentication", .kind = KIND_FLAG, .in_match = true, .defaults = { { 0, "yes" } }),
	ROW(PERMITBLACKLISTEDKEYS, "PermitBlacklistedKeys", .kind = KIND_OBSOLETE, .gone = SSHD_RELEASE(7, 4)),
	ROW(PERMITEMPTYPASSWORDS, "PermitEmptyPasswords", .kind = KIND_FLAG, .in_match = true, .defaults = { { 0, "no" } }),
	ROW(PERMITLISTEN, "PermitListen", .kind = KIND_SPECIAL, .in_match = true, .since = SSHD_RELEASE(7, 8), .defaults = { { 0, "any" } }),
	ROW(PERMITOPEN, "PermitOpen", .kind = KIND_SPECIAL, .in_match = true, .defaults = { { 0, "any" } }),
	ROW(PERMITROOTLOGIN, "PermitRootLogin", .kind = KIND_CHOICE, .in_match = true, .choices = "yes no prohibit-password forced-commands-only without-password=prohibit-password", .defaults = { { 0, "without-password" }, { SSHD_RELEASE(10, 1), "prohibit-password" } }),
	ROW(PERMITTTY, "PermitTTY", .kind = KIND_FLAG, .in_match = true, .defaults = { { 0, "yes" } }),
	ROW(PERMITTUNNEL, "PermitTunnel", .kind = KIND_CHOICE, .in_match = true, .exact = true, .choices = "yes no point-to-point ethernet", .defaults = { { 0, "no" } }),
	ROW(PERMITUSERENVIRONMENT, "PermitUserEnvironment", .kind = KIND_SPECIAL, .defaults = { { 0, "no" } }),
	ROW(PERMITUSERRC, "PermitUserRC", .kind = KIND_FLAG, .in_match = true, .defaults = { { 0, "yes" } }),
	ROW(PERSOURCEMAXSTARTUPS, "PerSourceMaxStartups", .kind = KIND_SPECIAL, .order = ORDER_LAST, .since = SSHD_RELEASE(8, 5), .first_since = SSHD_RELEASE(9, 5), .defaults = { { 0, "none" } }),
	ROW(PERSOURCENETBLOCKSIZE, "PerSourceNetBlockSize", .kind = KIND_SPECIAL, .order = ORDER_LAST, .since = SSHD_RELEASE(8, 5), .first_since = SSHD_RELEASE(10, 1), .defaults = { { 0, "32:128" } }),
	ROW(PERSOURCEPENALTIES, "PerSourcePenalties", .kind = KIND_SPECIAL, .since = SSHD_RELEASE(9, 8), .defaults = { { 0, "crash:90 authfail:5 noauth:1 grace-exceeded:10 max:600 min:15 max-sources4:65536 max-sources6:65536 overflow:permissive overflow6:permissive" }, { SSHD_RELEASE(9, 9), "crash:90 authfail:5 noauth:1 grace-exceeded:10 refuseconnection:10 max:600 min:15 max-sources4:65536 max-sources6:65536 overflow:permissive overflow6:permissive" }, { SSHD_RELEASE(10, 3), "crash:90.000000 authfail:5.000000 noauth:1.000000 invaliduser:5.000000 grace-exceeded:10.000000 refuseconnection:10.000000 max:600.000000 min:15.000000 max-sources4:65536 max-sources6:65536 overflow:permissive overflow6:permissive" } }),
	ROW(PERSOURCEPENALTYEXEMPTLIST, "PerSourcePenaltyExemptList", .kind = KIND_SPECIAL, .since = SSHD_RELEASE(9, 8), .defaults = { { 0, "none" } }),
	ROW(PIDFILE, "PidFile", .kind = KIND_SPECIAL, .defaults = { { 0, "/run/sshd.pid" } }),
	ROW(PORT, "Port", .kind = KIND_SPECIAL, .order = ORDER_ADD, .defaults = { { 0, "22" } }),
	ROW(PRINTLASTLOG, "PrintLastLog", .kind = KIND_FLAG, .defaults = { { 0, "yes" } }),
	ROW(PRINTMOTD, "PrintMotd", .kind = KIND_FLAG, .defaults = { { 0, "yes" } }),
	ROW(PROTOCOL, "Protocol", .kind = KIND_OBSOLETE, .gone = SSHD_RELEASE(7, 4)),
	ROW(PUBKEYACCEPTEDALGORITHMS, "PubkeyAcceptedAlgorithms", .kind = KIND_ALGS, .in_match = true),
	ROW(PUBKEYAUTHENTICATION, "PubkeyAuthentication", .kind = KIND_FLAG, .in_match = true, .defaults = { { 0, "yes" } }),
	ROW(PUBKEYAUTHOPTIONS, "PubkeyAuthOptions", .kind = KIND_SPECIAL, .in_match = true, .since = SSHD_RELEASE(8, 2), .defaults = { { 0, "none" } }),
	ROW(RDOMAIN, "RDomain", .kind = KIND_SPECIAL, .in_match = true, .since = SSHD_RELEASE(7, 7)),
	ROW(REFUSECONNECTION, "RefuseConnection", .kind = KIND_FLAG, .in_match = true, .since = SSHD_RELEASE(9, 9), .defaults = { { 0, "no" } }),
	ROW(REKEYLIMIT, "RekeyLimit", .kind = KIND_SPECIAL, .in_match = true, .defaults = { { 0, "0 0" } }),
	ROW(REQUIREDRSASIZE, "RequiredRSASize", .kind = KIND_NUMBER, .in_match = true, .since = SSHD_RELEASE(9, 1), .defaults = { { 0, "1024" } }),
	ROW(REVERSEMAPPINGCHECK, "ReverseMappingCheck", .kind = KIND_OBSOLETE, .gone = SSHD_RELEASE(7, 4)),
	ROW(REVOKEDKEYS, "RevokedKeys", .kind = KIND_SPECIAL, .in_match = true, .defaults = { { 0, "none" }, { SSHD_RELEASE(10, 3), "" } }),
	ROW(RHOSTSAUTHENTICATION, "RhostsAuthentication", .kind = KIND_OBSOLETE, .gone = SSHD_RELEASE(7, 4)),
	ROW(RHOSTSRSAAUTHENTICATION, "RhostsRSAAuthentication", .kind = KIND_OBSOLETE, .in_match = true, .gone = SSHD_RELEASE(7, 4)),
	ROW(RSAAUTHENTICATION, "RSAAuthentication", .kind = KIND_OBSOLETE, .in_match = true, .gone = SSHD_RELEASE(7, 4)),
	ROW(SECURITYKEYPROVIDER, "SecurityKeyProvider", .kind = KIND_SPECIAL, .since = SSHD_RELEASE(8, 2), .defaults = { { 0, "internal" } }),
	ROW(SERVERKEYBITS, "ServerKeyBits", .kind = KIND_OBSOLETE, .gone = SSHD_RELEASE(7, 4)),
	ROW(SETENV, "SetEnv", .kind = KIND_SPECIAL, .in_match = true, .since = SSHD_RELEASE(7, 8)),
	ROW(SSHDAUTHPATH, "SshdAuthPath", .kind = KIND_SPECIAL, .since = SSHD_RELEASE(10, 0)),
	ROW(SSHDSESSIONPATH, "SshdSessionPath", .kind = KIND_SPECIAL, .since = SSHD_RELEASE(9, 8)),
	ROW(STREAMLOCALBINDMASK, "StreamLocalBindMask", .kind = KIND_SPECIAL, .order = ORDER_LAST, .in_match = true, .first_since = SSHD_NEVER, .defaults = { { 0, "0177" } }),
	ROW(STREAMLOCALBINDUNLINK, "StreamLocalBindUnlink", .kind = KIND_FLAG, .in_match = true, .defaults = { { 0, "no" } }),
	ROW(STRICTMODES, "StrictModes", .kind = KIND_FLAG, .defaults = { { 0, "yes" } }),
	ROW(SUBSYSTEM, "Subsystem", .kind = KIND_SPECIAL, .order = ORDER_ADD, .in_match = true, .match_since = SSHD_RELEASE(9, 5)),
	ROW(SYSLOGFACILITY, "SyslogFacility", .kind = KIND_CHOICE, .choices = "DAEMON USER AUTH AUTHPRIV LOCAL0 LOCAL1 LOCAL2 LOCAL3 LOCAL4 LOCAL5 LOCAL6 LOCAL7", .defaults = { { 0, "AUTH" } }),
	ROW(TCPKEEPALIVE, "TCPKeepAlive", .kind = KIND_FLAG, .defaults = { { 0, "yes" } }),
	ROW(TRUSTEDUSERCAKEYS, "TrustedUserCAKeys", .kind = KIND_SPECIAL, .in_match = true, .defaults = { { 0, "none" } }),
	ROW(UNUSEDCONNECTIONTIMEOUT, "UnusedConnectionTimeout", .kind = KIND_SPECIAL, .in_match = true, .since = SSHD_RELEASE(9, 2), .defaults = { { 0, "none" } }),
	ROW(USEDNS, "UseDNS", .kind = KIND_FLAG, .defaults = { { 0, "no" } }),
	ROW(USELOGIN, "UseLogin", .kind = KIND_OBSOLETE, .gone = SSHD_RELEASE(7, 4)),
	ROW(USEPAM, "UsePAM", .kind = KIND_FLAG, .defaults = { { 0, "no" } }),
	ROW(USEPRIVILEGESEPARATION, "UsePrivilegeSeparation", .kind = KIND_CHOICE, .gone = SSHD_RELEASE(7, 5), .choices = "yes no sandbox", .defaults = { { 0, "sandbox" } }),
	ROW(VERIFYREVERSEMAPPING, "VerifyReverseMapping", .kind = KIND_OBSOLETE, .gone = SSHD_RELEASE(7, 4)),
	ROW(VERSIONADDENDUM, "VersionAddendum", .kind = KIND_REST, .defaults = { { 0, "none" } }),
	ROW(X11DISPLAYOFFSET, "X11DisplayOffset", .kind = KIND_NUMBER, .in_match = true, .defaults = { { 0, "10" } }),
	ROW(X11FORWARDING, "X11Forwarding", .kind = KIND_FLAG, .in_match = true, .defaults = { { 0, "no" } }),
	ROW(X11USELOCALHOST, "X11UseLocalhost", .kind = KIND_FLAG, .in_match = true, .defaults = { { 0, "yes" } }),
	ROW(XAUTHLOCATION, "XAuthLocation", .kind = KIND_SPECIAL, .defaults = { { 0, "/usr/bin/xauth" } }),
};
/* clang-format on */

/*
 * Spellings that differ from the name in the table: other words for the same
 * setting, and names that are younger than their setting.
 */
static const struct spelling {
	const char *name;
	enum sshd_keyword_id id;
	unsigned since;
	unsigned match_since; /* SSHD_NEVER: not allowed in Match, whatever the keyword is */
} spellings[] = {
	{ "ChallengeResponseAuthentication", KW_KBDINTERACTIVEAUTHENTICATION, 0, SSHD_RELEASE(8, 7) },
	{ "DSAAuthentication", KW_PUBKEYAUTHENTICATION, 0, SSHD_NEVER },
	{ "GSSAPICleanupCreds", KW_GSSAPICLEANUPCREDENTIALS, 0, 0 },
	{ "GSSUseSessionCcache", KW_GSSAPIUSESESSIONCREDCACHE, 0, 0 },
	{ "HostbasedAcceptedAlgorithms", KW_HOSTBASEDACCEPTEDALGORITHMS, SSHD_RELEASE(8, 5), 0 },
	{ "HostbasedAcceptedKeyTypes", KW_HOSTBASEDACCEPTEDALGORITHMS, 0, 0 },
	{ "HostDSAKey", KW_HOSTKEY, 0, 0 },
	{ "KeepAlive", KW_TCPKEEPALIVE, 0, 0 },
	{ "PubkeyAcceptedAlgorithms", KW_PUBKEYACCEPTEDALGORITHMS, SSHD_RELEASE(8, 5), 0 },
	{ "PubkeyAcceptedKeyTypes", KW_PUBKEYACCEPTEDALGORITHMS, 0, 0 },
	{ "SkeyAuthentication", KW_KBDINTERACTIVEAUTHENTICATION, 0, SSHD_RELEASE(8, 7) },
};

static int keyword_compare(const void *name, const void *row)
{
	return strcasecmp(name, ((const struct sshd_keyword *)row)->name);
}

static int spelling_compare(const void *name, const void *row)
{
	return strcasecmp(name, ((const struct spelling *)row)->name);
}

static const struct spelling *spelling_find(const char *name)
{
	return bsearch(name, spellings, ARRAY_SIZE(spellings), sizeof spellings[0], spelling_compare);
}

const struct sshd_keyword *sshd_keyword_find(const char *name)
{
	const struct spelling *s = spelling_find(name);

	if (s)
		return &keywords[s->id];
	return bsearch(name, keywords, KW_COUNT, sizeof keywords[0], keyword_compare);
}

const struct sshd_keyword *sshd_keyword(enum sshd_keyword_id id)
{
	return &keywords[id];
}

bool sshd_keyword_known(const struct sshd_keyword *k, unsigned release)
{
	return release >= k->since;
}

bool sshd_keyword_in_match(const struct sshd_keyword *k, unsigned release)
{
	return k->in_match && release >= k->match_since;
}

bool sshd_keyword_first_wins(const struct sshd_keyword *k, unsigned release)
{
	return k->order == ORDER_FIRST || release >= k->first_since;
}

bool sshd_spelling_known(const char *name, unsigned release)
{
	const struct sshd_keyword *k = sshd_keyword_find(name);
	const struct spelling *s = spelling_find(name);

	return k && sshd_keyword_known(k, release) && (!s || release >= s->since);
}

bool sshd_spelling_in_match(const char *name, unsigned release)
{
	const struct sshd_keyword *k = sshd_keyword_find(name);
	const struct spelling *s = spelling_find(name);

	return k && sshd_keyword_in_match(k, release) && (!s || release >= s->match_since);
}

const char *sshd_keyword_default(const struct sshd_keyword *k, unsigned release)
{
	const char *value = NULL;

	if (!sshd_keyword_known(k, release))
		return NULL;
	for (const struct sshd_default *d = k->defaults; d->value && release >= d->since; d++)
		value = d->value;
	return value && *value ? value : NULL;
}

const char *const *sshd_keyword_names(void)
{
	static const char *names[KW_COUNT + 1];

	for (size_t i = 0; i < KW_COUNT; i++)
		names[i] = keywords[i].name;
	return names;
}
