/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plain.c - makes a sallyport-grant whose table nobody owns, as on kernels before 6.9, for tests. */
#include "gate/firewall_table.h"

enum err __real_firewall_table_put(struct firewall *f, char **why);
enum err __wrap_firewall_table_put(struct firewall *f, char **why);

enum err __wrap_firewall_table_put(struct firewall *f, char **why)
{
	f->rules.unowned = true;
	return __real_firewall_table_put(f, why);
}
