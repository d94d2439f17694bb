/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate_table.h - whether the firewall table of the gate is in the kernel, daemon or no daemon. */
#ifndef AUDIT_GATE_TABLE_H
#define AUDIT_GATE_TABLE_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>

/* The table "inet sallyport" of this network namespace. ERR_SYSTEM: the kernel does not say; EPERM: to root only. */
MUST_USE enum err gate_table_find(bool *loaded);

#endif
