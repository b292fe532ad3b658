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

/// Decodes 16 hexadecimal digits to 8 bytes. Returns 0, with `bytes` in any state, when one of them is none.
static inline int cscan_unhex16(const uint8_t *_Nonnull digits, uint8_t *_Nonnull bytes)
{
#if defined(__SSE2__)
	const __m128i text = _mm_loadu_si128((const __m128i *)digits);
	const __m128i figure = _mm_sub_epi8(text, _mm_set1_epi8('0'));
	const __m128i letter = _mm_sub_epi8(_mm_or_si128(text, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
	const __m128i is_figure = _mm_cmpeq_epi8(_mm_min_epu8(figure, _mm_set1_epi8(9)), figure);
	const __m128i is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter);
	if (_mm_movemask_epi8(_mm_or_si128(is_figure, is_letter)) != 0xffff)
		return 0;
	const __m128i nibbles = _mm_or_si128(_mm_and_si128(is_figure, figure),
					     _mm_and_si128(is_letter, _mm_add_epi8(letter, _mm_set1_epi8(10))));
	const __m128i pairs = _mm_and_si128(_mm_or_si128(_mm_slli_epi16(nibbles, 4), _mm_srli_epi16(nibbles, 8)),
					    _mm_set1_epi16(0xff));
	_mm_storel_epi64((__m128i *)bytes, _mm_packus_epi16(pairs, pairs));
	return 1;
#else
	for (int index = 0; index < 8; index++) {
		uint8_t byte = 0;
		for (int half = 0; half < 2; half++) {
			const uint8_t digit = digits[2 * index + half];
			const uint8_t letter = (uint8_t)((digit | 0x20) - 'a');
			if (digit >= '0' && digit <= '9')
				byte = (uint8_t)(byte << 4 | (digit - '0'));
			else if (letter < 6)
				byte = (uint8_t)(byte << 4 | (letter + 10));
			else
				return 0;
		}
		bytes[index] = byte;
	}
	return 1;
#endif
}

#endif
