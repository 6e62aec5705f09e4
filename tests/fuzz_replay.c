/* SPDX-License-Identifier: MIT */
/* Hands the files of a folder to the fuzzer of groups: fuzz-groups FOLDER ROWS fails where fewer
 * rows than that get as far as a group. */
#include "fuzz_table.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static int replay(const char *folder, const char *name)
{
    static uint8_t bytes[1 << 16];
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 0;
    }
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return LLVMFuzzerTestOneInput(bytes, size) == 0;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 3 ? opendir(argv[1]) : NULL;
    int fine = folder != NULL;
    for (struct dirent *entry; fine && (entry = readdir(folder));)
        if (entry->d_name[0] != '.')
            fine = replay(argv[1], entry->d_name);
    if (folder)
        closedir(folder);
    printf("%zu rows\n", fuzz_rows);
    return !fine || fuzz_rows < strtoul(argv[2], NULL, 10);
}
