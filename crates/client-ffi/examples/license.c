/* A licensed program: activates, checks, counts, shares a seat, works without a connection, and lets go again.
 *
 *     license SETTINGS FOLDER COUNTED_KEY FLOATING_KEY OFFLINE_KEY USER PASSWORD
 *
 * SETTINGS is a file with a line `name value` for each setting (base_url, product, api_key, shared_key, answer_key …). A program
 * that ships has them compiled in. */
#include <countersign_license.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program with what the client says, unless a call went well. */
static void must(csl_client *client, csl_status status, const char *what)
{
    if (status == CSL_OK) {
        printf("ok: %s\n", what);
        return;
    }
    char *message = csl_message(client), *code = csl_code(client);
    fprintf(stderr, "%s: status %d, code %s: %s\n", what, (int)status, code ? code : "none", message ? message : "");
    csl_text_free(message);
    csl_text_free(code);
    csl_free(client);
    exit(EXIT_FAILURE);
}

static csl_client *open_client(const char *settings, const char *folder)
{
    char line[4096];
    csl_client *client = csl_new();
    FILE *file = fopen(settings, "r");
    if (!file) {
        perror(settings);
        exit(EXIT_FAILURE);
    }
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *value = strchr(line, ' ');
        if (value) {
            *value++ = '\0';
            must(client, csl_set(client, line, value), line);
        }
    }
    fclose(file);
    must(client, csl_set(client, "folder", folder), "folder");
    must(client, csl_open(client), "open");
    return client;
}

static void count(csl_client *client, const char *key)
{
    char *license, *counters, *code, *message, *until;
    csl_standing standing;

    must(client, csl_activate_key(client, key, &license), "activate");
    printf("license: %.60s...\n", license);
    csl_text_free(license);

    /* At the start, and every now and then: it goes on for a while when the server cannot be asked. */
    must(client, csl_check_or_grace(client, &standing, &until), "check");
    printf("standing: %d until %s\n", (int)standing, until ? until : "the end of time");
    csl_text_free(until);

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
    char *granted;

    must(client, csl_activate_key(client, key, NULL), "activate the floating license");
    must(client, csl_seat_take(client, NULL), "take a seat");
    must(client, csl_seat_heartbeat(client, NULL), "keep the seat");
    must(client, csl_seat_borrow(client, NULL, NULL, &granted), "borrow the seat");
    printf("borrowed until: %s\n", granted);
    csl_text_free(granted);
    must(client, csl_seat_release(client, NULL), "give the seat back");
    must(client, csl_deactivate(client), "deactivate the floating license");
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

static void work_offline(csl_client *client, const char *key, const char *folder)
{
    char request_path[2048], response_path[2048], response[65536];
    char *request;
    csl_standing standing;

    must(client, csl_offline_request(client, key, &request), "make the request");
    snprintf(request_path, sizeof request_path, "%s/activate_offline.req", folder);
    snprintf(response_path, sizeof response_path, "%s/license.lic", folder);
    write_file(request_path, request);
    csl_text_free(request);
    printf("carry %s to the server, put its response at %s, and press Enter\n", request_path, response_path);
    fflush(stdout);
    getchar();

    FILE *file = fopen(response_path, "r");
    if (!file) {
        perror(response_path);
        exit(EXIT_FAILURE);
    }
    response[fread(response, 1, sizeof response - 1, file)] = '\0';
    fclose(file);
    must(client, csl_offline_activate(client, response, NULL), "read the response");
    must(client, csl_state(client, &standing, NULL), "look at the state");
    printf("standing: %d\n", (int)standing);

    must(client, csl_offline_deactivate(client, &request), "make the deactivation");
    snprintf(request_path, sizeof request_path, "%s/deactivate_offline.req", folder);
    write_file(request_path, request);
    csl_text_free(request);
    must(client, csl_state(client, &standing, NULL), "look at the state again");
    printf("standing: %d\n", (int)standing);
}

int main(int count_of_words, char **words)
{
    if (count_of_words != 8) {
        fprintf(stderr, "license SETTINGS FOLDER COUNTED_KEY FLOATING_KEY OFFLINE_KEY USER PASSWORD\n");
        return EXIT_FAILURE;
    }
    csl_client *client = open_client(words[1], words[2]);
    count(client, words[3]);
    share_a_seat(client, words[4]);
    must(client, csl_activate_user(client, words[6], words[7], NULL), "activate for a user");
    must(client, csl_deactivate(client), "deactivate for a user");
    work_offline(client, words[5], words[2]);
    csl_free(client);
    puts("done");
    return EXIT_SUCCESS;
}
