/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/format.h"

#include <ctype.h>
#include <strings.h>

/* Beyond ASCII, in UTF-8. */
static const char *const blanks[] = {
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe1\xa0\x8e", "\xe2\x80\x80",
    "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85",
    "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a",
    "\xe2\x80\x8b", "\xe2\x80\x8c", "\xe2\x80\x8d", "\xe2\x80\xa8", "\xe2\x80\xa9",
    "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe2\x81\xa0", "\xe3\x80\x80", "\xef\xbb\xbf"};

static bool is_ascii_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Length of the blank that the text begins with, or ends with; 0: none. */
static size_t blank_at(career_slice text, bool end)
{
    char edge;

    if (text.len == 0)
        return 0;
    edge = end ? text.data[text.len - 1] : text.data[0];
    if ((unsigned char)edge < 0x80)
        return is_ascii_blank(edge) ? 1 : 0;
    for (size_t i = 0; i < sizeof(blanks) / sizeof(*blanks); i++) {
        size_t len = strlen(blanks[i]);

        if (text.len >= len &&
            memcmp(end ? text.data + text.len - len : text.data, blanks[i], len) == 0)
            return len;
    }
    return 0;
}

career_slice career_format_trim(career_slice text)
{
    size_t len;

    while ((len = blank_at(text, false))) {
        text.data += len;
        text.len -= len;
    }
    while ((len = blank_at(text, true)))
        text.len -= len;
    return text;
}

/* Takes that many digits off the text; -1 when there are fewer. */
static int take_digits(career_slice *text, size_t count)
{
    int value = 0;

    if (text->len < count)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (!isdigit((unsigned char)text->data[i]))
            return -1;
        value = 10 * value + (text->data[i] - '0');
    }
    text->data += count;
    text->len -= count;
    return value;
}

static bool take_one_of(career_slice *text, const char *characters)
{
    if (text->len == 0 || text->data[0] == '\0' || !strchr(characters, text->data[0]))
        return false;
    text->data++;
    text->len--;
    return true;
}

static bool take_date(career_slice *text)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = take_digits(text, 4), month, day;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (year < 0 || !take_one_of(text, "-"))
        return false;
    month = take_digits(text, 2);
    if (month < 1 || month > 12 || !take_one_of(text, "-"))
        return false;
    day = take_digits(text, 2);
    return day >= 1 && day <= days[month - 1] + (month == 2 && leap);
}

/* hh:mm, up to that hour */
static bool take_hour_and_minute(career_slice *text, int hour_max)
{
    int hour = take_digits(text, 2), minute;

    if (hour < 0 || hour > hour_max || !take_one_of(text, ":"))
        return false;
    minute = take_digits(text, 2);
    return minute >= 0 && minute <= 59;
}

static bool take_time(career_slice *text)
{
    int second;

    if (!take_hour_and_minute(text, 23) || !take_one_of(text, ":"))
        return false;
    second = take_digits(text, 2);
    if (second < 0 || second > 60) /* 60: a leap second */
        return false;
    if (!take_one_of(text, "."))
        return true;
    if (take_digits(text, 1) < 0)
        return false;
    while (take_digits(text, 1) >= 0)
        ;
    return true;
}

bool career_format_is_date(career_slice text)
{
    return take_date(&text) && text.len == 0;
}

bool career_format_is_date_time(career_slice text)
{
    if (!take_date(&text) || !take_one_of(&text, "Tt") || !take_time(&text))
        return false;
    if (take_one_of(&text, "Zz"))
        return text.len == 0;
    return take_one_of(&text, "+-") && take_hour_and_minute(&text, 23) && text.len == 0;
}

/* Letters and digits, and within (neither first nor last) hyphens; at most 63 (RFC 1035 2.3.4). */
static bool is_label(career_slice label)
{
    if (label.len == 0 || label.len > 63 || label.data[0] == '-' ||
        label.data[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!isalnum((unsigned char)label.data[i]) && label.data[i] != '-')
            return false;
    return true;
}

static bool is_host_name(career_slice host)
{
    while (host.len) {
        const char *dot = memchr(host.data, '.', host.len);
        size_t len = dot ? (size_t)(dot - host.data) : host.len;

        if (!is_label((career_slice){host.data, len}))
            return false;
        if (!dot)
            return true;
        host.data += len + 1;
        host.len -= len + 1;
    }
    return false;
}

bool career_format_is_email(career_slice text)
{
    const char *at = text.len && text.len <= 254 ? memchr(text.data, '@', text.len) : NULL;
    size_t local = at ? (size_t)(at - text.data) : 0;

    if (local == 0 || local > 64)
        return false;
    for (size_t i = 0; i < local; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (!isalnum(c) && (c == '\0' || !strchr(".!#$%&'*+/=?^_`{|}~-", c)))
            return false;
    }
    return is_host_name((career_slice){at + 1, text.len - local - 1});
}

/* host, host:port or [address]:port; RFC 3986 3.2 without userinfo, which only serves deception */
static bool is_authority(career_slice authority)
{
    const char *colon;
    career_slice host = authority;

    if (authority.len && authority.data[0] == '[') {
        const char *end = memchr(authority.data, ']', authority.len);
        size_t len = end ? (size_t)(end - authority.data) : 0;

        if (len < 3 || strspn(authority.data + 1, "0123456789abcdefABCDEF:.") != len - 1)
            return false;
        authority.data += len + 1;
        authority.len -= len + 1;
        if (authority.len == 0)
            return true;
        return authority.data[0] == ':' && authority.len <= 6 &&
               strspn(authority.data + 1, "0123456789") >= authority.len - 1;
    }
    colon = authority.len ? memchr(authority.data, ':', authority.len) : NULL;
    if (colon) {
        career_slice port = {colon + 1, authority.len - (size_t)(colon - authority.data) - 1};

        host.len = (size_t)(colon - authority.data);
        if (port.len > 5)
            return false;
        while (port.len)
            if (take_digits(&port, 1) < 0)
                return false;
    }
    return is_host_name(host);
}

bool career_format_is_url(career_slice text)
{
    size_t scheme = 0, len;

    if (text.len > 7 && strncasecmp(text.data, "http://", 7) == 0)
        scheme = 7;
    else if (text.len > 8 && strncasecmp(text.data, "https://", 8) == 0)
        scheme = 8;
    if (scheme == 0)
        return false;
    for (size_t i = scheme; i < text.len;
         i++) /* beyond ASCII is what people paste; the rest is not */
        if ((unsigned char)text.data[i] <= 0x20 || strchr("\"<>\\^`{|}\x7f", text.data[i]))
            return false;
    text.data += scheme;
    text.len -= scheme;
    for (len = 0; len < text.len && !strchr("/?#", text.data[len]); len++)
        ;
    return is_authority((career_slice){text.data, len});
}

bool career_format_is_uuid(career_slice text)
{
    if (text.len != 36)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? text.data[i] != '-' : !isxdigit((unsigned char)text.data[i]))
            return false;
    }
    return true;
}

const career_format career_formats[] = {
    {"date", career_format_is_date, "a date such as 2026-02-28"},
    {"date-time", career_format_is_date_time, "a date and time such as 2026-02-28T12:00:00Z"},
    {"email", career_format_is_email, "an email address"},
    {"url", career_format_is_url, "a web address that begins with http:// or https://"},
    {"uuid", career_format_is_uuid, "a UUID"},
    {NULL, NULL, NULL},
};
