/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statements NAME: prints a statement of the module as it stands in store/statements.h, so that pgbench runs
 * the very same.
 */
#include <stdio.h>
#include <string.h>

#include "store/statements.h"

static const struct {
    const char *name, *sql;
} statements[] = {
#define CAREER_X(name, parameters, sql) {#name, sql},
    CAREER_STATEMENTS(CAREER_X)
#undef CAREER_X
};

int main(int argc, char **argv)
{
    for (int i = 0; argc == 2 && i < CAREER_STATEMENT_COUNT; i++) {
        if (strcmp(statements[i].name, argv[1]) == 0) {
            puts(statements[i].sql);
            return 0;
        }
    }
    fprintf(stderr, "usage: statements NAME\n");
    return 2;
}
