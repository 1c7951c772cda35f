/* A licensed program whose users log in where their company does.
 *
 *     sign_on SETTINGS FOLDER ACCOUNT REDIRECT_URI
 *
 * A real program opens a browser, and serves REDIRECT_URI itself; here somebody types what came back. */
#include "example.h"

static void log_in(csl_client *client, const char *account, csl_sign_on answer, const char *redirect_uri, char *back, int size)
{
    char *url;

    must(client, csl_sign_on_url(client, account, answer, redirect_uri, &url), "ask where to log in");
    printf("log in at %s\n", url);
    csl_text_free(url);
    ask(back, size);
}

int main(int count_of_words, char **words)
{
    char back[16384];
    char *license, *code;

    if (count_of_words != 5) {
        fprintf(stderr, "sign_on SETTINGS FOLDER ACCOUNT REDIRECT_URI\n");
        return EXIT_FAILURE;
    }
    const char *account = words[3], *redirect_uri = words[4];
    csl_client *client = open_client(words[1], words[2], NULL);

    log_in(client, account, CSL_SIGN_ON_CODE, redirect_uri, back, sizeof back);
    must(client, csl_activate_code(client, account, back, redirect_uri, &license), "activate by code");
    printf("license: %s\n", license);
    csl_text_free(license);
    must(client, csl_check(client, NULL), "check by name alone");
    if (csl_activate_code(client, account, back, redirect_uri, NULL) == CSL_REFUSED) {
        code = csl_code(client);
        printf("refused: %s\n", code);
        csl_text_free(code);
    }
    must(client, csl_deactivate(client), "deactivate");

    log_in(client, account, CSL_SIGN_ON_ID_TOKEN, redirect_uri, back, sizeof back);
    must(client, csl_activate_id_token(client, account, back, &license), "activate by ID token");
    printf("license: %s\n", license);
    csl_text_free(license);
    must(client, csl_deactivate(client), "deactivate");
    csl_free(client);
    puts("done");
    return EXIT_SUCCESS;
}
