/// Decompression as one stream of bytes, whatever the format: zlib, liblzma and libzstd behind three functions.
///
/// Here because the three keep their state in structs of pointers into the caller's buffers.
#ifndef CDECOMPRESS_H
#define CDECOMPRESS_H

#include <stddef.h>
#include <stdint.h>

enum cdecompress_format { CDECOMPRESS_NONE, CDECOMPRESS_GZIP, CDECOMPRESS_XZ, CDECOMPRESS_ZSTD };

typedef struct cdecompress cdecompress;

/// Which format the first bytes of a file are of.
enum cdecompress_format cdecompress_detect(const uint8_t *_Nonnull bytes, size_t count);

/// A decompressor; NULL for CDECOMPRESS_NONE and without memory. To be given to `cdecompress_close`.
cdecompress *_Nullable cdecompress_open(enum cdecompress_format format);

/// Takes from `input` and writes to `output`; tells in `consumed` how much was taken. Returns how much was written, or
/// -EBADMSG for bytes that are not of the format.
int64_t cdecompress_run(cdecompress *_Nonnull state, const uint8_t *_Nullable input, size_t input_count,
			uint8_t *_Nonnull output, size_t output_count, size_t *_Nonnull consumed);

/// Whether what has been taken ends with a complete member: then an end of the file is no truncation.
int cdecompress_at_end(const cdecompress *_Nonnull state);

void cdecompress_close(cdecompress *_Nullable state);

#endif
