/* SPDX-License-Identifier: Apache-2.0 */
/* A connection string, taken apart into hosts, each as libpq takes it. */
#include "store/postgres_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *option(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val && *options->val ? options->val : NULL;
    return NULL;
}

static unsigned list_length(const char *list)
{
    unsigned count = 1;

    for (; list && *list; list++)
        count += *list == ',';
    return list ? count : 0;
}

/* Item i of a comma-separated list; the only one of a list of one. */
static char *list_item(const char *list, unsigned i)
{
    if (!list)
        return NULL;
    if (list_length(list) > 1)
        while (i--)
            list = strchr(list, ',') + 1;
    return strndup(list, strcspn(list, ","));
}

void career_host_set(career_host *self, const char *keyword, const char *value)
{
    size_t n = 0;

    if (!value || !*value)
        return;
    while (self->keywords[n] && strcmp(self->keywords[n], keyword) != 0)
        n++;
    if (n == CAREER_KEYWORDS_MAX)
        return;
    self->keywords[n] = keyword;
    self->values[n] = value;
}

static void fill_host(career_address *address, unsigned i)
{
    static const char *const defaults[][2] = {
        {"fallback_application_name", "mod_career"},
        {"keepalives_idle", "10"},
        {"keepalives_interval", "3"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "10000"},
    };
    career_host *self = &address->hosts[i];

    for (size_t n = 0; n < sizeof(defaults) / sizeof(*defaults); n++)
        career_host_set(self, defaults[n][0], defaults[n][1]);
    for (const PQconninfoOption *o = address->options; o->keyword; o++)
        career_host_set(self, o->keyword, o->val);
    career_host_set(self, "client_encoding", "UTF8");
    self->name = list_item(option(address->options, "host"), i);
    self->numeric = list_item(option(address->options, "hostaddr"), i);
    self->port = list_item(option(address->options, "port"), i);
    career_host_set(self, "host", self->name);
    career_host_set(self, "hostaddr", self->numeric);
    career_host_set(self, "port", self->port);
}

/* libpq's own message may quote a part of the string, such as half a password. */
static const char *describe_fault(const char *message)
{
    if (message && strstr(message, "invalid connection option"))
        return "it names an option that libpq does not know";
    if (message && strstr(message, "unterminated quoted string"))
        return "a quoted value does not end";
    if (message && strstr(message, "missing \"=\""))
        return "an option has no \"=\" (a value with blanks needs single quotes)";
    return "it is neither \"key=value ...\" nor a postgresql:// URI";
}

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits < 6 && text[digits] == '\0' &&
           (!digits || (atoi(text) > 0 && atoi(text) < 65536));
}

static bool are_ports(const char *list, unsigned count)
{
    bool good = true;

    for (unsigned i = 0; i < count && good; i++) {
        char *port = list_item(list, i);

        good = port && is_port(port);
        free(port);
    }
    return good;
}

static const char *judge(career_address *address)
{
    static const char *const attrs[] = {"any",     "read-write", "read-only",
                                        "primary", "standby",    "prefer-standby"};
    const char *wanted = option(address->options, "target_session_attrs");
    unsigned hosts = list_length(option(address->options, "host"));
    unsigned numeric = list_length(option(address->options, "hostaddr"));
    unsigned ports = list_length(option(address->options, "port"));

    address->count = hosts > numeric ? hosts : numeric;
    if (address->count == 0)
        address->count = 1;
    if (address->count > CAREER_HOSTS_MAX)
        return "it names too many hosts";
    if (hosts && numeric && hosts != numeric)
        return "host and hostaddr name different numbers of hosts";
    if (ports > 1 && ports != address->count)
        return "it names more or fewer ports than hosts";
    if (!are_ports(option(address->options, "port"), ports))
        return "a port is no number from 1 to 65535";
    for (size_t i = 0; wanted && i < sizeof(attrs) / sizeof(*attrs); i++)
        if (strcmp(wanted, attrs[i]) == 0)
            wanted = NULL;
    return wanted ? "target_session_attrs has a value that libpq does not know" : NULL;
}

static char *name_servers(const PQconninfoOption *options)
{
    const char *names = option(options, "host"), *numbers = option(options, "hostaddr");
    const char *ports = option(options, "port");
    char *all;

    if (asprintf(&all, "%s%s%s:%s", names ? names : "", numbers ? "=" : "", numbers ? numbers : "",
                 ports ? ports : "5432") < 0)
        return NULL;
    return all;
}

const char *career_address_parse(const char *conninfo, career_address **out)
{
    career_address *address = calloc(1, sizeof(*address));
    const char *wanted, *fault;
    char *message = NULL;

    if (!address)
        return "out of memory";
    address->options = PQconninfoParse(conninfo, &message);
    fault = address->options ? judge(address) : describe_fault(message);
    PQfreemem(message);
    if (fault) {
        address->count = 0;
        career_address_free(address);
        return fault;
    }
    address->name = name_servers(address->options);
    wanted = option(address->options, "target_session_attrs");
    address->prefer_standby = wanted && strcmp(wanted, "prefer-standby") == 0;
    for (unsigned i = 0; i < address->count; i++)
        fill_host(address, i);
    *out = address;
    return NULL;
}

void career_address_free(career_address *address)
{
    for (unsigned i = 0; i < address->count; i++) {
        free(address->hosts[i].name);
        free(address->hosts[i].numeric);
        free(address->hosts[i].port);
    }
    PQconninfoFree(address->options);
    free(address->name);
    free(address);
}

const char *career_address_name(const career_address *address)
{
    return address->name ? address->name : "";
}
