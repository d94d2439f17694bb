/* SPDX-License-Identifier: GPL-3.0-or-later */
/* banned.h - calls that have a safer way here; using one does not compile. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/* With _FORTIFY_SOURCE these are macros for clang. */
#undef sprintf
#undef vsprintf

/* text.h and snprintf() instead; strings_split(); number.h; localtime_r(); child.h */
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok atoi atol atoll atof
#pragma GCC poison localtime gmtime ctime asctime system popen tmpnam mktemp tempnam

#endif
