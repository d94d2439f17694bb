/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyword_ids.h - one KEYWORD(NAME) for each keyword of sshd_config; included by keyword.h with KEYWORD defined. */
