/* A licensed program that is sold in a bundle: all its licenses at once, with the server and without a connection.
 *
 *     bundle SETTINGS FOLDER BUNDLE KEY
 *
 * BUNDLE is the code of the bundle, which takes the place of the product in SETTINGS. */
#include "example.h"

static void print_standing(csl_client *client)
{
    csl_standing standing;

    must(client, csl_check_or_grace(client, &standing, NULL, NULL), "look at the state");
    printf("standing: %d\n", (int)standing);
}

int main(int count_of_words, char **words)
{
    char path[2048], response[1 << 18];
    char *licenses, *request;

    if (count_of_words != 5) {
        fprintf(stderr, "bundle SETTINGS FOLDER BUNDLE KEY\n");
        return EXIT_FAILURE;
    }
    csl_client *client = open_client(words[1], words[2], words[3]);

    must(client, csl_bundle_activate_key(client, words[4], NULL), "activate all licenses");
    must(client, csl_bundle_check(client, &licenses), "check all licenses");
    printf("licenses: %s\n", licenses);
    csl_text_free(licenses);
    print_standing(client);
    must(client, csl_bundle_deactivate(client), "deactivate all licenses");
    print_standing(client);

    must(client, csl_offline_request(client, words[4], &request), "make the request");
    carry(words[2], request, response, sizeof response);
    csl_text_free(request);
    must(client, csl_bundle_offline_activate(client, response, NULL), "read the response");
    print_standing(client);

    must(client, csl_offline_deactivate(client, &request), "make the deactivation");
    snprintf(path, sizeof path, "%s/deactivate_offline.req", words[2]);
    write_file(path, request);
    csl_text_free(request);
    print_standing(client);
    csl_free(client);
    puts("done");
    return EXIT_SUCCESS;
}
