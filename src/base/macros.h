/* SPDX-License-Identifier: GPL-3.0-or-later */
/* macros.h - the few compiler attributes and array helpers that everybody uses. */
#ifndef BASE_MACROS_H
#define BASE_MACROS_H

#include <stddef.h>

#define MUST_USE __attribute__((warn_unused_result))
#ifdef _WIN32 /* where "printf" is that of Microsoft, and ours that of C */
#define FORMAT(fmt, first) __attribute__((format(gnu_printf, fmt, first)))
#else
#define FORMAT(fmt, first) __attribute__((format(printf, fmt, first)))
#endif
#define NORETURN __attribute__((noreturn))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
