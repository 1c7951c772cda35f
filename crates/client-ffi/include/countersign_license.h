/* The license client of Countersign, for C and for whatever can call C.
 *
 * A client is a handle: made by csl_new, told what it needs by csl_set, opened by csl_open, and freed by csl_free. It works for one
 * product on one machine, and remembers what the server has said in a folder, signed and bound to the machine.
 *
 * Texts are UTF-8 and end with NUL. Texts that go in stay the caller's and are not kept. Texts that come out through a
 * `char **` belong to the caller, who frees each with csl_text_free; NULL may be given for an answer that nobody wants. When
 * a call fails, NULL is put there. Answers are JSON: a license has the members that the server has signed, and nothing of an answer is read
 * before its signatures were verified.
 *
 * Any number of threads may use one client at the same time, except that nobody may use it while or after csl_free runs. Calls
 * block while they talk to the server. csl_message and csl_code tell about the last call with this client, on this thread, that failed.
 *
 * A client is of the process that made it. In a child after fork() nothing may be called with it, csl_free included: other threads may
 * have been in calls, and what they had locked stays locked there. A child makes a client of its own, best after exec().
 *
 * The library never ends the program and lets no exception out: a fault of its own is CSL_FAULT. */
#ifndef COUNTERSIGN_LICENSE_H
#define COUNTERSIGN_LICENSE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The outcome of a call. Numbers are never used for something else; new ones may be added. */
typedef int32_t csl_status;
enum {
    CSL_OK = 0,
    CSL_INVALID_ARGUMENT = 1, /* an argument is NULL, not UTF-8, or cannot be what it should */
    CSL_NOT_OPEN = 2,         /* the client is not open yet, or it is open already */
    CSL_REFUSED = 3,          /* the server has refused: csl_code says why; without a code, it has answered but gave no seat */
    CSL_UNAVAILABLE = 4,      /* the server could not be asked, or had a fault; worth another try later */
    CSL_NOT_TRUSTED = 5,      /* an answer, a file or what was kept is not signed by the producer, or not for this machine */
    CSL_NOT_ACTIVATED = 6,    /* there is no license on this machine that the call could be about */
    CSL_STORAGE = 7,          /* a file cannot be read or written */
    CSL_FAULT = 8             /* a fault of the library */
};

/* Whether the application may run, as csl_state says it: with CSL_VALID and CSL_GRACE it may. */
typedef int32_t csl_standing;
enum {
    CSL_UNKNOWN = -1,        /* the call has failed */
    CSL_VALID = 0,           /* until: the end of the license, if it has one */
    CSL_GRACE = 1,           /* it goes on for now; until: how long; reason: CSL_SERVER_AWAY or CSL_PAYMENT_DUE */
    CSL_GRACE_ENDED = 2,     /* the server could not be asked for too long; until: when that was over */
    CSL_EXPIRED = 3,         /* the license is over; until: its end */
    CSL_NOT_STARTED = 4,     /* until: its first moment */
    CSL_DISABLED = 5,        /* by the producer */
    CSL_NOT_ACTIVE = 6,      /* it is not active on this machine any more */
    CSL_TURNED_AWAY = 7,     /* the server has refused the last check for another reason; reason: its code */
    CSL_NO_SEAT = 8,         /* no seat is held */
    CSL_CLOCK_SET_BACK = 9,  /* the clock of this machine stands before a time that is known to have passed; until: that time */
    CSL_WRONG_MACHINE = 10,  /* what was kept is of another machine */
    CSL_ALTERED = 11,        /* what was kept was altered, or is signed by a key that is not trusted any more */
    CSL_NEVER_ACTIVATED = 12 /* there is no license on this machine */
};

/* The reasons of CSL_GRACE. New ones may be added. */
#define CSL_SERVER_AWAY "server_away" /* the server was not asked for a while, or could not be */
#define CSL_PAYMENT_DUE "payment_due" /* the license is past its end, and goes on for the days that a payment may be late */

/* What comes back when people have logged in, as csl_sign_on_url asks for it. */
typedef int32_t csl_sign_on;
enum {
    CSL_SIGN_ON_ID_TOKEN = 0, /* an ID token */
    CSL_SIGN_ON_CODE = 1      /* a code */
};

typedef struct csl_client csl_client;

/* A client without settings; NULL when the library has a fault. */
csl_client *csl_new(void);

/* Frees a client and what it holds; seats are not given back by this. NULL is fine. */
void csl_free(csl_client *client);

/* Frees a text that came out of this library. NULL is fine. */
void csl_text_free(char *text);

/* The version of the library. Not to be freed. */
const char *csl_version(void);

/* Tells a client something, before csl_open:
 *
 *   base_url           where the server is, without /api/v4
 *   product            code of the product, or of the bundle
 *   folder             where the license is kept; it must exist and be writable
 *   api_key, shared_key        how requests are proved: these two, or
 *   client_id, client_secret   these two; token_url if tokens do not come from where the server says
 *   answer_key         the public key that answers are signed with (PEM, or base64 of DER); set it again for a second one
 *   hardware_id        names this machine; left out: a fingerprint of it
 *   air_gap_key        the public key for codes across an air gap
 *   confirmed_seconds  how long an answer of the server holds by itself; left out: a day
 *   grace_seconds      how long after an answer the license goes on when the server cannot be asked; 0: not at all; left out: three days
 *   timeout_seconds    how long one attempt to ask the server may take, from 1 to 600; left out: a minute
 *   attempts           how often a call asks at most when there is no answer, from 1 to 10; left out: 3
 *
 * What the producer is told of the machine with each activation, in files too; what is left out is not told:
 *
 *   is_vm              true or false: whether it is a virtual machine; licenses may refuse those, but only when they are told of them
 *   vm_info            what kind of virtual machine
 *   app_version, os_version    of the application, and of the operating system
 *   hostname, ip, mac_address  what it is called in its network */
csl_status csl_set(csl_client *client, const char *name, const char *value);

/* Makes the client from its settings. Nothing is sent. */
csl_status csl_open(csl_client *client);

/* What went wrong in words for people, and the server's code when it has refused (such as license_not_found), or NULL. */
char *csl_message(const csl_client *client);
char *csl_code(const csl_client *client);

/* Activates a license on this machine: by its key, or by a license user's name and password. */
csl_status csl_activate_key(csl_client *client, const char *key, char **license);
csl_status csl_activate_user(csl_client *client, const char *user, const char *password, char **license);

/* People who log in where their customer account does. csl_sign_on_url says where they are to be sent; what comes back with them, an ID
 * token or a code, activates. `redirect_uri` is where they come back to (NULL: what the producer has laid down), and the same for
 * both calls. */
csl_status csl_sign_on_url(csl_client *client, const char *account, csl_sign_on answer, const char *redirect_uri, char **url);
csl_status csl_activate_id_token(csl_client *client, const char *account, const char *id_token, char **license);
csl_status csl_activate_code(csl_client *client, const char *account, const char *code, const char *redirect_uri, char **license);

/* Changes the password of a license user. It is asked once; after CSL_UNAVAILABLE nobody knows whether it was changed. */
csl_status csl_change_password(csl_client *client, const char *user, const char *password, const char *new_password);

/* Asks the server about the license. A floating license gets or keeps its seat by this. */
csl_status csl_check(csl_client *client, char **license);

/* Asks the server about a feature of the license. A floating feature gets or keeps its seat by this. The answer is an object with code, name,
 * is_expired, ends, seats, units and metadata. */
csl_status csl_check_feature(csl_client *client, const char *feature, char **answer);

/* The license as the server has signed it last, without asking the server: its features, and what the producer has written beside it. It may
 * be over, as csl_state says. CSL_NOT_ACTIVATED: there is none on this machine. */
csl_status csl_license(csl_client *client, char **license);

/* What names this machine to the server: the setting hardware_id, or the fingerprint. */
csl_status csl_hardware_id(csl_client *client, char **hardware_id);

/* Whether the application may run by what was kept, without asking the server; `until` is a time (RFC 3339), or NULL, and `reason` a word
 * where there are several reasons for a standing, or NULL. */
csl_status csl_state(csl_client *client, csl_standing *standing, char **until, char **reason);

/* Asks the server if it can be asked, and says then whether the application may run. To be called at the start, and every now and then. */
csl_status csl_check_or_grace(csl_client *client, csl_standing *standing, char **until, char **reason);

/* Counts units of the license, or of a feature of it (NULL: of the license); negative numbers give units back. A call whose
 * outcome is not known is repeated with the same text `once` (1 to 255 visible ASCII characters): the units are counted once within 24
 * hours; NULL: only the attempts of one call are known as one. The counters are an object with used, limit, overage and left, where null
 * means any number. */
csl_status csl_consume(csl_client *client, const char *feature, int64_t units, const char *once, char **counters);

/* Seats of a floating license, or of a floating feature (NULL: of the license). Taken by csl_seat_take, held by csl_seat_heartbeat
 * more often than the timeout, given back by csl_seat_release. The answer is an object with timeout_seconds, count, in_use, held and
 * borrowed_until: a time (RFC 3339), or null when the seat is not on loan. One that is on loan, from an earlier run too, is given back by
 * csl_seat_release like any other: whoever wants to keep it does not call that. CSL_REFUSED without a code: what the seat is of has ended,
 * so there is none to hold. After a heartbeat that failed with CSL_UNAVAILABLE the seat is held until a timeout after the last that did not;
 * then another machine can have it. csl_seat_borrow keeps it while the machine is away: until a time (RFC 3339), or for as long as the
 * license allows (NULL); the time that was granted comes back. csl_seat_leave is csl_seat_release for the end of a program: it asks once, and
 * waits for seconds only; a seat that was not given back is free after its timeout. */
csl_status csl_seat_take(csl_client *client, const char *feature, char **seat);
csl_status csl_seat_heartbeat(csl_client *client, const char *feature, char **seat);
csl_status csl_seat_borrow(csl_client *client, const char *feature, const char *until, char **granted);
csl_status csl_seat_release(csl_client *client, const char *feature);
csl_status csl_seat_leave(csl_client *client, const char *feature);

/* Without a connection: the text of the request is carried to the server in a file, and the text of its response is carried back. A new
 * request takes the place of one before. csl_offline_refresh reads a later file about the same license. csl_offline_deactivate gives the
 * license back: it is not active here from then on, and the text is all that is left of it, so it must be written down. */
csl_status csl_offline_request(csl_client *client, const char *key, char **request);
csl_status csl_offline_activate(csl_client *client, const char *response, char **license);
csl_status csl_offline_refresh(csl_client *client, const char *refresh, char **license);
csl_status csl_offline_deactivate(csl_client *client, char **request);

/* Bundles: several licenses under one key or user, all of them or none. `product` is the code of the bundle, and answers are arrays of
 * licenses. csl_state and csl_check_or_grace are about all licenses together. Without a connection, csl_offline_request and
 * csl_offline_deactivate make the files, which are carried to the server as files about a bundle; csl_bundle_offline_activate reads the
 * response. There are no refresh files for bundles: another request does the same. csl_bundle_licenses is what csl_license is, for all of
 * them. */
csl_status csl_bundle_activate_key(csl_client *client, const char *key, char **licenses);
csl_status csl_bundle_activate_user(csl_client *client, const char *user, const char *password, char **licenses);
csl_status csl_bundle_check(csl_client *client, char **licenses);
csl_status csl_bundle_licenses(csl_client *client, char **licenses);
csl_status csl_bundle_offline_activate(csl_client *client, const char *response, char **licenses);
csl_status csl_bundle_deactivate(csl_client *client);

/* Across an air gap, with the setting air_gap_key: people type codes. csl_air_gap_code answers the producer's initialization code with the
 * code of this machine; the producer's confirmation code then activates, with the text of the policy file that comes with the software.
 * csl_air_gap_deactivate answers a fresh initialization code, and gives the license back: it is not active here from then on, and the
 * code is all that is left of it. */
csl_status csl_air_gap_code(csl_client *client, const char *key, const char *initialization, char **code);
csl_status csl_air_gap_activate(csl_client *client, const char *key, const char *confirmation, const char *policy, char **license);
csl_status csl_air_gap_deactivate(csl_client *client, const char *initialization, char **code);

/* Gives the license back. */
csl_status csl_deactivate(csl_client *client);

#ifdef __cplusplus
}
#endif

#endif
