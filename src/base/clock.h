/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clock.h - the clocks: wall time for people, boot time for time limits. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

time_t clock_wall(void);      /* seconds since 1970 */
uint64_t clock_boot_ms(void); /* milliseconds since boot, suspended time included; nobody can set it */
/* Somebody keeps the wall clock right (adjtimex(2)); false where that cannot be asked. */
bool clock_synchronised(void);
/* The kernel's id of this boot, 36 characters and a NUL; "" if it cannot be read. */
void clock_boot_id(char out[37]);

#endif
