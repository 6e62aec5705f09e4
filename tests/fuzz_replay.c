/* SPDX-License-Identifier: MIT */
/* Hands the files of a folder to what the fuzzer calls. */
#include "fuzz_table.h"

#include <dirent.h>
#include <stdio.h>

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
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    int files = 0, fine = folder != NULL;
    for (struct dirent *entry; fine && (entry = readdir(folder));)
        if (entry->d_name[0] != '.')
            fine = replay(argv[1], entry->d_name) && ++files > 0;
    if (folder)
        closedir(folder);
    return !fine || files == 0;
}
