#include "cdecompress.h"

#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

struct cdecompress {
	enum cdecompress_format format;
	int at_end;
	z_stream zlib;
	lzma_stream lzma;
	ZSTD_DStream *zstd;
};

enum cdecompress_format cdecompress_detect(const uint8_t *bytes, size_t count)
{
	if (count >= 2 && !memcmp(bytes, "\x1f\x8b", 2))
		return CDECOMPRESS_GZIP;
	if (count >= 6 && !memcmp(bytes, "\xfd" "7zXZ\0", 6))
		return CDECOMPRESS_XZ;
	if (count >= 4 && !memcmp(bytes, "\x28\xb5\x2f\xfd", 4))
		return CDECOMPRESS_ZSTD;
	return CDECOMPRESS_NONE;
}

cdecompress *cdecompress_open(enum cdecompress_format format)
{
	cdecompress *state = calloc(1, sizeof *state);
	if (!state)
		return NULL;
	state->format = format;
	int opened = 0;
	switch (format) {
	case CDECOMPRESS_GZIP:
		opened = inflateInit2(&state->zlib, 16 + MAX_WBITS) == Z_OK;
		break;
	case CDECOMPRESS_XZ:
		opened = lzma_stream_decoder(&state->lzma, 256 << 20, LZMA_CONCATENATED) == LZMA_OK;
		break;
	case CDECOMPRESS_ZSTD:
		state->zstd = ZSTD_createDStream();
		opened = state->zstd != NULL;
		break;
	case CDECOMPRESS_NONE:
		break;
	}
	if (opened)
		return state;
	free(state);
	return NULL;
}

static int64_t run_gzip(cdecompress *state, const uint8_t *input, size_t input_count, uint8_t *output,
			size_t output_count, size_t *consumed)
{
	z_stream *stream = &state->zlib;
	// Members may follow each other; zeros after the last one are padding.
	if (state->at_end && input_count) {
		if (input[0] == 0) {
			*consumed = input_count;
			return 0;
		}
		inflateReset(stream);
		state->at_end = 0;
	}
	stream->next_in = (Bytef *)input;
	stream->avail_in = (uInt)input_count;
	stream->next_out = output;
	stream->avail_out = (uInt)output_count;
	const int result = inflate(stream, Z_NO_FLUSH);
	*consumed = input_count - stream->avail_in;
	if (result == Z_STREAM_END)
		state->at_end = 1;
	else if (result != Z_OK && result != Z_BUF_ERROR)
		return -EBADMSG;
	return (int64_t)(output_count - stream->avail_out);
}

static int64_t run_xz(cdecompress *state, const uint8_t *input, size_t input_count, uint8_t *output,
		      size_t output_count, size_t *consumed)
{
	lzma_stream *stream = &state->lzma;
	stream->next_in = input;
	stream->avail_in = input_count;
	stream->next_out = output;
	stream->avail_out = output_count;
	const lzma_ret result = lzma_code(stream, input_count ? LZMA_RUN : LZMA_FINISH);
	*consumed = input_count - stream->avail_in;
	state->at_end = result == LZMA_STREAM_END;
	if (result != LZMA_OK && result != LZMA_STREAM_END && result != LZMA_BUF_ERROR)
		return -EBADMSG;
	return (int64_t)(output_count - stream->avail_out);
}

static int64_t run_zstd(cdecompress *state, const uint8_t *input, size_t input_count, uint8_t *output,
			size_t output_count, size_t *consumed)
{
	ZSTD_inBuffer in = { input, input_count, 0 };
	ZSTD_outBuffer out = { output, output_count, 0 };
	const size_t result = ZSTD_decompressStream(state->zstd, &out, &in);
	*consumed = in.pos;
	if (ZSTD_isError(result))
		return -EBADMSG;
	if (in.pos || out.pos)
		state->at_end = result == 0;
	return (int64_t)out.pos;
}

int64_t cdecompress_run(cdecompress *state, const uint8_t *input, size_t input_count, uint8_t *output,
			size_t output_count, size_t *consumed)
{
	*consumed = 0;
	switch (state->format) {
	case CDECOMPRESS_GZIP:
		return run_gzip(state, input, input_count, output, output_count, consumed);
	case CDECOMPRESS_XZ:
		return run_xz(state, input, input_count, output, output_count, consumed);
	case CDECOMPRESS_ZSTD:
		return run_zstd(state, input, input_count, output, output_count, consumed);
	case CDECOMPRESS_NONE:
		break;
	}
	return -EBADMSG;
}

int cdecompress_at_end(const cdecompress *state) { return state->at_end; }

void cdecompress_close(cdecompress *state)
{
	if (!state)
		return;
	if (state->format == CDECOMPRESS_GZIP)
		inflateEnd(&state->zlib);
	if (state->format == CDECOMPRESS_XZ)
		lzma_end(&state->lzma);
	ZSTD_freeDStream(state->zstd);
	free(state);
}
