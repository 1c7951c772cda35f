/* A licensed program: activates, checks, counts, shares a seat, works without a connection, and lets go again.
 *
 *     license SETTINGS FOLDER COUNTED_KEY FLOATING_KEY OFFLINE_KEY USER PASSWORD
 *
 * SETTINGS is a file with a line `name value` for each setting (base_url, product, api_key, shared_key, answer_key …). A program
 * that ships has them compiled in. */
#include "example.h"

static void count(csl_client *client, const char *key)
{
    char *license, *counters, *code, *message, *until, *reason;
    csl_standing standing;

    must(client, csl_activate_key(client, key, &license), "activate");
    printf("license: %.60s...\n", license);
    csl_text_free(license);

    /* At the start, and every now and then: it goes on for a while when the server cannot be asked. */
    must(client, csl_check_or_grace(client, &standing, &until, &reason), "check");
    printf("standing: %d until %s, %s\n", (int)standing, until ? until : "the end of time", reason ? reason : "nothing to say");
    csl_text_free(until);
    csl_text_free(reason);

    /* Features and what the producer has written, at any time: as they were signed last. */
    must(client, csl_license(client, &license), "look at what is kept");
    printf("kept: %.60s...\n", license);
    csl_text_free(license);

    must(client, csl_consume(client, NULL, 3, NULL, &counters), "count 3 units");
    printf("counters: %s\n", counters);
    csl_text_free(counters);

    /* More than there are: refused with a reason, and nothing is counted. */
    if (csl_consume(client, NULL, 1000, NULL, NULL) == CSL_REFUSED) {
        code = csl_code(client);
        message = csl_message(client);
        printf("refused: %s (%s)\n", code, message);
        csl_text_free(code);
        csl_text_free(message);
    }
    must(client, csl_deactivate(client), "deactivate");
}

static void share_a_seat(csl_client *client, const char *key)
{
    char *granted, *seat;

    must(client, csl_activate_key(client, key, NULL), "activate the floating license");
    must(client, csl_seat_take(client, NULL, &seat), "take a seat");
    printf("seat: %s\n", seat);
    csl_text_free(seat);
    must(client, csl_seat_heartbeat(client, NULL, NULL), "keep the seat");
    must(client, csl_seat_borrow(client, NULL, NULL, &granted), "borrow the seat");
    printf("borrowed until: %s\n", granted);
    csl_text_free(granted);
    must(client, csl_seat_take(client, NULL, &seat), "take the seat that is on loan");
    printf("on loan: %s\n", seat);
    csl_text_free(seat);
    must(client, csl_seat_release(client, NULL), "give the seat back");

    /* At the end of a program, a server that is away does not matter: the seat is free after its timeout. */
    must(client, csl_seat_take(client, NULL, NULL), "take a seat again");
    if (csl_seat_leave(client, NULL) == CSL_OK)
        puts("ok: leave the seat");
    must(client, csl_deactivate(client), "deactivate the floating license");
}

static void work_offline(csl_client *client, const char *key, const char *folder)
{
    char path[2048], response[65536];
    char *request;
    csl_standing standing;

    must(client, csl_offline_request(client, key, &request), "make the request");
    carry(folder, request, response, sizeof response);
    csl_text_free(request);
    must(client, csl_offline_activate(client, response, NULL), "read the response");
    must(client, csl_state(client, &standing, NULL, NULL), "look at the state");
    printf("standing: %d\n", (int)standing);

    must(client, csl_offline_deactivate(client, &request), "make the deactivation");
    snprintf(path, sizeof path, "%s/deactivate_offline.req", folder);
    write_file(path, request);
    csl_text_free(request);
    must(client, csl_state(client, &standing, NULL, NULL), "look at the state again");
    printf("standing: %d\n", (int)standing);
}

int main(int count_of_words, char **words)
{
    if (count_of_words != 8) {
        fprintf(stderr, "license SETTINGS FOLDER COUNTED_KEY FLOATING_KEY OFFLINE_KEY USER PASSWORD\n");
        return EXIT_FAILURE;
    }
    csl_client *client = open_client(words[1], words[2], NULL);
    count(client, words[3]);
    share_a_seat(client, words[4]);
    must(client, csl_activate_user(client, words[6], words[7], NULL), "activate for a user");
    must(client, csl_deactivate(client), "deactivate for a user");
    work_offline(client, words[5], words[2]);
    csl_free(client);
    puts("done");
    return EXIT_SUCCESS;
}
