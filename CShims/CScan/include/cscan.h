/// Byte searches over 32 bytes at once, for the decoders' inner loops.
///
/// Here because the compiler makes scalar loops of Swift's own vector comparisons (6.3). No kernel interface.
/// Inline only; every function reads exactly the 32 bytes that `bytes` points to.
#ifndef CSCAN_H
#define CSCAN_H

#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// Bit n: byte n is 0x20 or lower. In the upper half, bit 32 + n: byte n is `=`.
static inline uint64_t cscan_fields32(const uint8_t *_Nonnull bytes)
{
#if defined(__SSE2__)
	const __m128i blank = _mm_set1_epi8(0x20), equals = _mm_set1_epi8('=');
	const __m128i low = _mm_loadu_si128((const __m128i *)bytes);
	const __m128i high = _mm_loadu_si128((const __m128i *)(bytes + 16));
	const uint32_t blanks = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(low, blank), low))
		| (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(high, blank), high)) << 16;
	const uint32_t signs = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(low, equals))
		| (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(high, equals)) << 16;
	return (uint64_t)signs << 32 | blanks;
#else
	uint64_t found = 0;
	for (int index = 0; index < 32; index++) {
		found |= (uint64_t)(bytes[index] <= 0x20) << index;
		found |= (uint64_t)(bytes[index] == '=') << (32 + index);
	}
	return found;
#endif
}

/// Bit n: byte n is 0x20 or lower.
static inline uint32_t cscan_blanks32(const uint8_t *_Nonnull bytes)
{
	return (uint32_t)cscan_fields32(bytes);
}

/// Bit n: byte n cannot stand in a JSON string as it is: a control byte, a quote, a backslash, or not ASCII.
static inline uint32_t cscan_json32(const uint8_t *_Nonnull bytes)
{
#if defined(__SSE2__)
	const __m128i control = _mm_set1_epi8(0x1f), quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
	uint32_t found = 0;
	for (int half = 0; half < 2; half++) {
		const __m128i part = _mm_loadu_si128((const __m128i *)(bytes + 16 * half));
		const __m128i hit = _mm_or_si128(
			_mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(part, control), part), part),
			_mm_or_si128(_mm_cmpeq_epi8(part, quote), _mm_cmpeq_epi8(part, slash)));
		found |= (uint32_t)_mm_movemask_epi8(hit) << 16 * half;
	}
	return found;
#else
	uint32_t found = 0;
	for (int index = 0; index < 32; index++) {
		const uint8_t byte = bytes[index];
		found |= (uint32_t)(byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') << index;
	}
	return found;
#endif
}

#endif
