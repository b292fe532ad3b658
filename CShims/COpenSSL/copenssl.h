/// The system's libcrypto, which digests files.
#include <openssl/evp.h>
