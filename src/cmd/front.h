/* SPDX-License-Identifier: GPL-3.0-or-later */
/* front.h - from a command line to its command; without one: the state of the host, the list, what completion asks. */
#ifndef CMD_FRONT_H
#define CMD_FRONT_H

/* All that main() of a program does. Returns an exit status. */
int front_main(int argc, char **argv);

#endif
