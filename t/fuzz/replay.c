/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A main for the fuzz targets without a fuzzer: feeds every file of a target's corpus to it once and says so
 * in TAP. replay_json reads t/fuzz/corpus/json, or the files and folders that it is given.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

static int count;

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    static uint8_t all[1 << 20];
    uint8_t *data;
    size_t size;

    if (!file) {
        printf("not ok %d - %s cannot be read\n", ++count, path);
        return 1;
    }
    size = fread(all, 1, sizeof(all), file);
    fclose(file);
    data = malloc(size ? size : 1); /* of that size, so that a read past the end is seen */
    if (!data)
        abort();
    memcpy(data, all, size);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    printf("ok %d - %s\n", ++count, path);
    fflush(stdout);
    return 0;
}

static int replay(const char *path)
{
    struct dirent **entries;
    char below[4096];
    int failed = 0, n = scandir(path, &entries, NULL, alphasort);

    if (n < 0)
        return replay_file(path);
    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.') {
            snprintf(below, sizeof(below), "%s/%s", path, entries[i]->d_name);
            failed |= replay(below);
        }
        free(entries[i]);
    }
    free(entries);
    return failed;
}

int main(int argc, char **argv)
{
    const char *name = strstr(argv[0], "replay_");
    char corpus[256];
    int failed = 0;

    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    name = name ? name + strlen("replay_") : "";
    snprintf(corpus, sizeof(corpus), "t/fuzz/corpus/%s", name);
    if (argc < 2)
        failed = replay(corpus);
    for (int i = 1; i < argc; i++)
        failed |= replay(argv[i]);
    printf("1..%d\n", count);
    return failed;
}
