/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_private_openssh.c - any file, as it is and with the letters around it made for it, is a private key of OpenSSH or is refused with a reason. */
#include "private_keys.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	private_check(data, size);
	private_check_armored("OPENSSH PRIVATE KEY", data, size, true);
	return 0;
}
