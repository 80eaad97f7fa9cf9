/* SPDX-License-Identifier: Apache-2.0 */
/* What httpd calls for a request: the hooks that mod_career.c registers. */
#ifndef CAREER_HANDLER_H
#define CAREER_HANDLER_H

#include <httpd.h>

/* translate_name: keeps ErrorDocuments away from what mod_rewrite or mod_alias refuse there. */
int career_handler_translate(request_rec *r);

/* map_to_storage: refuses TRACE (RFC 9110 9.3.8: the core would echo the token) and spares the resource a
 * walk through the file system, where it is not. */
int career_handler_locate(request_rec *r);

/* access_checker_ex: a browser's preflight carries no token (Fetch standard), so none is asked of it. */
int career_authn_admit(request_rec *r);

/* check_authn: AuthType Career. */
int career_authn_check(request_rec *r);

/* note_auth_failure: a good token that Require does not admit is 401, which names what would do (RFC 9110 15.5.2). */
int career_authn_note(request_rec *r, const char *type);

/* handler */
int career_handler_run(request_rec *r);

/* server_status.c: a section of mod_status. */
void career_server_status_register(void);

/* envelope.c: errors of the core and of other modules in the contract's JSON. */
void career_envelope_register(void);
void career_envelope_insert(request_rec *r);

#endif
