/// The system's zlib, which keeps the content of text files small.
#include <zlib.h>
