/* SPDX-License-Identifier: GPL-3.0-or-later */
/* own_path.h - where this program is. */
#ifndef CLIENT_OWN_PATH_H
#define CLIENT_OWN_PATH_H

#include "base/err.h"
#include "base/macros.h"

/* Its path in full; where the system does not tell it, "sallyport", for the user's PATH. *out is yours. ERR_MEMORY. */
MUST_USE enum err own_path(char **out);

#endif
