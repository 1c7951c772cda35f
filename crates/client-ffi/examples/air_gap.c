/* A licensed program behind an air gap: nothing but codes that people type goes across it.
 *
 *     air_gap SETTINGS FOLDER KEY POLICY
 *
 * POLICY is the policy file of the license, which comes with the software. Settings have an air_gap_key. */
#include "example.h"

int main(int count_of_words, char **words)
{
    char line[512], policy[65536];
    char *code;
    csl_standing standing;

    if (count_of_words != 5) {
        fprintf(stderr, "air_gap SETTINGS FOLDER KEY POLICY\n");
        return EXIT_FAILURE;
    }
    csl_client *client = open_client(words[1], words[2], NULL);
    read_file(words[4], policy, sizeof policy);

    puts("the producer's initialization code?");
    ask(line, sizeof line);
    must(client, csl_air_gap_code(client, words[3], line, &code), "answer it");
    printf("the producer's confirmation of %s?\n", code);
    csl_text_free(code);
    ask(line, sizeof line);
    must(client, csl_air_gap_activate(client, words[3], line, policy, NULL), "activate");
    must(client, csl_check_or_grace(client, &standing, NULL, NULL), "look at the state");
    printf("standing: %d\n", (int)standing);

    puts("the producer's initialization code?");
    ask(line, sizeof line);
    must(client, csl_air_gap_deactivate(client, line, &code), "give the license back");
    printf("tell the producer %s\n", code);
    csl_text_free(code);
    must(client, csl_state(client, &standing, NULL, NULL), "look at the state again");
    printf("standing: %d\n", (int)standing);
    csl_free(client);
    puts("done");
    return EXIT_SUCCESS;
}
