/// The system's libcrypto, which digests files.
///
/// By the functions of each digest, which OpenSSL 3 calls deprecated but has: those of `evp.h` read a configuration
/// and set up all algorithms first, and 2 MB more are resident ever after.
#define OPENSSL_SUPPRESS_DEPRECATED 1
#include <openssl/md5.h>
#include <openssl/sha.h>
