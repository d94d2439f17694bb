/* SPDX-License-Identifier: GPL-3.0-or-later */
/* program_rescue.c - sallyport-rescue: executed by the service manager or by sallyportd, and by nobody else. */
#include "gate/rescue.h"

#include <string.h>

#include "base/banned.h"

int main(int argc, char **argv)
{
	return rescue_main(argc > 1 && !strcmp(argv[1], "-D"));
}
