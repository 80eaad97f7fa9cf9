/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/slots.h"

/* Four bits at a time: x^16 + x^12 + x^5 + 1. */
static unsigned crc16(career_slice bytes)
{
    static const uint16_t table[16] = {0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5,
                                       0x60c6, 0x70e7, 0x8108, 0x9129, 0xa14a, 0xb16b,
                                       0xc18c, 0xd1ad, 0xe1ce, 0xf1ef};
    unsigned crc = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        unsigned byte = (unsigned char)bytes.data[i];

        crc = (crc << 4 & 0xffff) ^ table[(crc >> 12 ^ byte >> 4) & 15];
        crc = (crc << 4 & 0xffff) ^ table[(crc >> 12 ^ byte) & 15];
    }
    return crc;
}

unsigned career_slot_of(career_slice key)
{
    const char *open = key.len ? memchr(key.data, '{', key.len) : NULL, *close;

    if (open) {
        open++;
        close = memchr(open, '}', (size_t)(key.data + key.len - open));
        if (close && close > open)
            key = (career_slice){open, (size_t)(close - open)};
    }
    return crc16(key) % CAREER_SLOTS;
}

void career_slots_clear(career_slots *slots)
{
    slots->count = 0;
    for (size_t i = 0; i < CAREER_SLOTS; i++)
        slots->owner[i] = CAREER_NOBODY;
}

uint16_t career_slots_master(career_slots *slots, const career_redis_address *address)
{
    size_t i = 0;

    while (i < slots->count && (strcmp(slots->masters[i].host, address->host) != 0 ||
                                strcmp(slots->masters[i].port, address->port) != 0))
        i++;
    if (i == CAREER_MASTERS)
        return CAREER_NOBODY;
    if (i == slots->count) {
        slots->masters[i] = *address;
        slots->count++;
    }
    slots->present[i] = true;
    return (uint16_t)i;
}

/* One range as CLUSTER SLOTS has it: first, last, [host, port, …], replicas … */
typedef struct range {
    unsigned first, last;
    career_redis_address master;
} range;

static bool read_host(career_redis_address *address, const career_reply *host, const char *asked)
{
    career_slice text = host->text;

    if (host->kind != CAREER_REPLY_TEXT || text.len == 0 ||
        career_slice_equal(text, CAREER_SLICE("?")))
        text = career_slice_of(asked);
    if (text.len == 0 || text.len >= CAREER_HOST_ROOM || memchr(text.data, '\0', text.len))
        return false;
    memcpy(address->host, text.data, text.len);
    address->host[text.len] = '\0';
    return true;
}

static bool read_port(career_redis_address *address, int64_t port)
{
    unsigned left = (unsigned)port;
    char digits[CAREER_PORT_ROOM], *at = digits + sizeof(digits) - 1;

    if (port < 1 || port > 65535)
        return false;
    for (*at = '\0'; left; left /= 10)
        *--at = (char)('0' + left % 10);
    memcpy(address->port, at, strlen(at) + 1);
    return true;
}

static bool read_range(const career_reply *item, const char *asked, range *to)
{
    career_reply first, last, node, host, port;

    if (item->kind != CAREER_REPLY_ARRAY || item->count < 3)
        return false;
    first = career_redis_item(item, 0);
    last = career_redis_item(item, 1);
    node = career_redis_item(item, 2);
    if (first.kind != CAREER_REPLY_INTEGER || last.kind != CAREER_REPLY_INTEGER ||
        node.kind != CAREER_REPLY_ARRAY || node.count < 2)
        return false;
    if (first.integer < 0 || first.integer > last.integer || last.integer >= CAREER_SLOTS)
        return false;
    to->first = (unsigned)first.integer;
    to->last = (unsigned)last.integer;
    host = career_redis_item(&node, 0);
    port = career_redis_item(&node, 1);
    return read_host(&to->master, &host, asked) && port.kind == CAREER_REPLY_INTEGER &&
           read_port(&to->master, port.integer);
}

bool career_slots_read(career_slots *slots, const career_reply *reply, const char *asked)
{
    range one;

    if (reply->kind != CAREER_REPLY_ARRAY || reply->count == 0)
        return false;
    for (size_t i = 0; i < reply->count; i++) {
        career_reply item = career_redis_item(reply, i);

        if (!read_range(&item, asked, &one))
            return false;
    }
    memset(slots->present, 0, sizeof(slots->present));
    for (size_t i = 0; i < CAREER_SLOTS; i++)
        slots->owner[i] = CAREER_NOBODY;
    for (size_t i = 0; i < reply->count; i++) {
        career_reply item = career_redis_item(reply, i);
        uint16_t master;

        read_range(&item, asked, &one);
        master = career_slots_master(slots, &one.master);
        for (unsigned slot = one.first; slot <= one.last; slot++)
            slots->owner[slot] = master;
    }
    return true;
}

/* host:port up to the end; the host may be an IPv6 address with or without brackets, or empty. */
static bool read_address(career_slice text, career_redis_address *to)
{
    const char *colon = memrchr(text.data, ':', text.len);
    career_slice host = {text.data, colon ? (size_t)(colon - text.data) : 0};
    size_t port_len = colon ? text.len - host.len - 1 : 0;

    if (!colon || !career_port_is_good(colon + 1, port_len))
        return false;
    if (host.len > 1 && host.data[0] == '[' && host.data[host.len - 1] == ']')
        host = (career_slice){host.data + 1, host.len - 2};
    if (host.len >= CAREER_HOST_ROOM || (host.len && memchr(host.data, '\0', host.len)))
        return false;
    memcpy(to->host, host.data, host.len);
    to->host[host.len] = '\0';
    memcpy(to->port, colon + 1, port_len);
    to->port[port_len] = '\0';
    return true;
}

career_redirect career_redirect_read(const career_reply *reply)
{
    career_redirect redirect = {.kind = CAREER_STAY};
    career_slice text = reply->text;
    size_t word = 0, digits = 0;

    if (reply->kind != CAREER_REPLY_ERROR)
        return redirect;
    if (text.len > 6 && memcmp(text.data, "MOVED ", 6) == 0)
        word = 6;
    else if (text.len > 4 && memcmp(text.data, "ASK ", 4) == 0)
        word = 4;
    else
        return redirect;
    text = (career_slice){text.data + word, text.len - word};
    for (; digits < text.len && digits < 6 && text.data[digits] >= '0' && text.data[digits] <= '9';
         digits++)
        redirect.slot = redirect.slot * 10 + (unsigned)(text.data[digits] - '0');
    if (digits == 0 || redirect.slot >= CAREER_SLOTS || digits == text.len ||
        text.data[digits] != ' ')
        return redirect;
    text = (career_slice){text.data + digits + 1, text.len - digits - 1};
    if (read_address(text, &redirect.to))
        redirect.kind = word == 6 ? CAREER_MOVED : CAREER_ASK;
    return redirect;
}
