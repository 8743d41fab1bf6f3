#pragma once

#include <stddef.h>
#include <stdint.h>

/// Streaming compression and decompression of one zstd frame with a checksum of its content.
/// Nothing here prints or exits: a function that can fail returns a negative number, and *error is set to
/// the library's text (static storage, never freed).

typedef struct czstd_encoder czstd_encoder;
typedef struct czstd_decoder czstd_decoder;

/// NULL when there is no memory or a parameter is refused; `content_size` is what will be fed in, in bytes.
czstd_encoder *czstd_encoder_create(int level, uint64_t content_size, const char **error);
void czstd_encoder_free(czstd_encoder *encoder);

/// Takes some of the input and gives some output. With `end` nonzero the frame is closed after the input.
/// Returns 0 when all input is taken and, at the end, all output is out; 1 when it wants to be called again.
int czstd_encoder_step(
    czstd_encoder *encoder, const void *input, size_t input_count, size_t *taken, void *output,
    size_t output_capacity, size_t *given, int end, const char **error);

/// NULL when there is no memory.
czstd_decoder *czstd_decoder_create(const char **error);
void czstd_decoder_free(czstd_decoder *decoder);

/// Returns 0 when the frame is complete and its checksum right, 1 when there is more to come.
/// Input after the end of the frame is not taken.
int czstd_decoder_step(
    czstd_decoder *decoder, const void *input, size_t input_count, size_t *taken, void *output,
    size_t output_capacity, size_t *given, const char **error);

/// The linked library's version, as in "1.5.4".
const char *czstd_version(void);

/// The lowest and the highest level the linked library knows.
int czstd_minimum_level(void);
int czstd_maximum_level(void);
