/* SPDX-License-Identifier: GPL-3.0-or-later */
/* capability.h - what the parent of the roles gives up of root. */
#ifndef GATE_CAPABILITY_H
#define GATE_CAPABILITY_H

#include "base/err.h"
#include "base/macros.h"

#include <stdint.h>

/*
 * All capabilities but those in 'keep' (bits 1 << CAP_...) go for ever, from this process and from whatever it executes. Those
 * that it lacks already are no error. ERR_SYSTEM.
 */
MUST_USE enum err capability_keep(uint64_t keep);

#endif
