/* The floor of a scan: walks a tree and asks for the attributes of everything in it.
 *   walk_bare stat DIR      statx(2) of each entry
 *   walk_bare digest DIR    and reads and digests (SHA-256) each regular file
 * Prints the number of entries and the bytes that it read. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool reads;
static unsigned long entries, bytes;
static EVP_MD_CTX *context;
static EVP_MD *algorithm;
static char chunk[65536];

static void digest(int directory, const char *name)
{
    unsigned char result[EVP_MAX_MD_SIZE];
    int file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        return;
    EVP_DigestInit_ex2(context, algorithm, NULL);
    ssize_t got;
    while ((got = read(file, chunk, sizeof chunk)) > 0) {
        EVP_DigestUpdate(context, chunk, (size_t)got);
        bytes += (unsigned long)got;
    }
    EVP_DigestFinal_ex(context, result, NULL);
    close(file);
}

static void walk(int directory)
{
    DIR *stream = fdopendir(directory);
    if (!stream) {
        close(directory);
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(stream))) {
        const char *name = entry->d_name;
        if (!strcmp(name, ".") || !strcmp(name, ".."))
            continue;
        struct statx status;
        if (statx(dirfd(stream), name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &status))
            continue;
        entries++;
        if (S_ISDIR(status.stx_mode)) {
            int below = openat(dirfd(stream), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (below >= 0)
                walk(below);
        } else if (reads && S_ISREG(status.stx_mode)) {
            digest(dirfd(stream), name);
        }
    }
    closedir(stream);
}

int main(int count, char **arguments)
{
    if (count != 3)
        return 2;
    reads = !strcmp(arguments[1], "digest");
    context = EVP_MD_CTX_new();
    algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    int directory = open(arguments[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || !context || !algorithm)
        return 1;
    walk(directory);
    printf("%lu entries, %lu bytes\n", entries, bytes);
    return 0;
}
