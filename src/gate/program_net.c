/* SPDX-License-Identifier: GPL-3.0-or-later */
/* program_net.c - sallyport-net: executed by sallyportd and by nobody else. */
#include "gate/role.h"

#include <string.h>

#include "base/banned.h"

int main(int argc, char **argv)
{
	return net_main(argc > 1 && !strcmp(argv[1], "-D"));
}
