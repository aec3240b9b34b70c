/* SPDX-License-Identifier: MIT */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

/* Ends the program with a word about why. */
_Noreturn void die(const char *what);

/* Keeps sockets and processes coming and going until stdin ends (churn.c). dir:
 * where names may be made. */
int churn(const char *dir);

#endif
