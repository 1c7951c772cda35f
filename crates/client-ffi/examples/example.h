/* What the examples share: settings out of a file, an end with what went wrong, texts in files, and people who are asked. */
#include <countersign_license.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program with what the client says, unless a call went well. */
static inline void must(csl_client *client, csl_status status, const char *what)
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

/* A client with the settings of a file: a line `name value` for each. `product` (NULL: none) takes the place of the one there. */
static inline csl_client *open_client(const char *settings, const char *folder, const char *product)
{
    char line[4096];
    csl_client *client = csl_new();
    FILE *file = fopen(settings, "r");
    if (!client || !file) {
        perror(client ? settings : "csl_new");
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
    if (product)
        must(client, csl_set(client, "product", product), "product of its own");
    must(client, csl_open(client), "open");
    return client;
}

static inline void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

static inline void read_file(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

/* The line that somebody types when this was printed. */
static inline void ask(char *line, int size)
{
    fflush(stdout);
    if (!fgets(line, size, stdin))
        line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
}

/* Has a request carried to the server in a file, and gives the response that comes back in another. */
static inline void carry(const char *folder, const char *request, char *response, size_t size)
{
    char request_path[2048], response_path[2048], line[8];

    snprintf(request_path, sizeof request_path, "%s/activate_offline.req", folder);
    snprintf(response_path, sizeof response_path, "%s/license.lic", folder);
    write_file(request_path, request);
    printf("carry %s to the server, put its response at %s, and press Enter\n", request_path, response_path);
    ask(line, sizeof line);
    read_file(response_path, response, size);
}
