/* SPDX-License-Identifier: MIT */
/* Gives the files named as arguments to a fuzz target, without libFuzzer. */
#include <stdio.h>

#include "fuzz.h"

int main(int argc, char **argv)
{
	static uint8_t bytes[1 << 20];

	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		size_t n = f ? fread(bytes, 1, sizeof(bytes), f) : 0;
		char *copy;

		if (!f) {
			perror(argv[i]);
			return 1;
		}
		fclose(f);
		copy = exact(bytes, n);
		LLVMFuzzerTestOneInput((const uint8_t *)copy, n);
		free(copy);
	}
	return 0;
}
