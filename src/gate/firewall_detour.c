/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall_detour.c - the second table of ours, which is there only while a rescue sshd answers. */
#include "gate/firewall_detour.h"

#include "gate/firewall_table.h"

#include <linux/netlink.h>
#include <stdlib.h>

#include "base/banned.h"

struct firewall_detour {
	struct firewall table;
};

enum err firewall_detour_open(const uint16_t *ports, unsigned nports, uint16_t to, struct firewall_detour **out)
{
	struct firewall_detour *d = calloc(1, sizeof *d);
	enum err e;

	if (!d)
		return ERR_MEMORY;
	if (!(e = netlink_open(&d->table.netlink, NETLINK_NETFILTER)))
		e = firewall_table_detour(&d->table, ports, nports, to);
	if (e) {
		netlink_close(&d->table.netlink);
		netlink_batch_free(&d->table.batch);
		free(d);
		return e;
	}
	*out = d;
	return ERR_NONE;
}

void firewall_detour_close(struct firewall_detour *d)
{
	if (!d)
		return;
	(void)!firewall_table_detour_delete(&d->table);
	netlink_close(&d->table.netlink);
	netlink_batch_free(&d->table.batch);
	free(d);
}
