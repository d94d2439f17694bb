/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ssh_parent.c - Windows tells no program the arguments of its parent. */
#include "client/ssh_arguments.h"

#include "base/banned.h"

enum err ssh_arguments_of_parent(struct ssh_arguments *out)
{
	return ERR_NOT_FOUND;
}
