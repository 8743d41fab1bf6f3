#include "CZstd.h"

#include <stdlib.h>
#include <zstd.h>

struct czstd_encoder {
    ZSTD_CCtx *context;
};

struct czstd_decoder {
    ZSTD_DCtx *context;
};

czstd_encoder *czstd_encoder_create(int level, uint64_t content_size, const char **error) {
    czstd_encoder *encoder = malloc(sizeof *encoder);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (!encoder || !context) {
        *error = "out of memory";
        ZSTD_freeCCtx(context);
        free(encoder);
        return NULL;
    }
    size_t status = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    if (!ZSTD_isError(status)) status = ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    if (!ZSTD_isError(status)) status = ZSTD_CCtx_setPledgedSrcSize(context, content_size);
    if (ZSTD_isError(status)) {
        *error = ZSTD_getErrorName(status);
        ZSTD_freeCCtx(context);
        free(encoder);
        return NULL;
    }
    encoder->context = context;
    return encoder;
}

void czstd_encoder_free(czstd_encoder *encoder) {
    if (!encoder) return;
    ZSTD_freeCCtx(encoder->context);
    free(encoder);
}

int czstd_encoder_step(
    czstd_encoder *encoder, const void *input, size_t input_count, size_t *taken, void *output,
    size_t output_capacity, size_t *given, int end, const char **error) {
    ZSTD_inBuffer in = {input, input_count, 0};
    ZSTD_outBuffer out = {output, output_capacity, 0};
    size_t left = ZSTD_compressStream2(encoder->context, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
    *taken = in.pos;
    *given = out.pos;
    if (ZSTD_isError(left)) {
        *error = ZSTD_getErrorName(left);
        return -1;
    }
    // Without `end`, what is left only says how much the library holds back: no reason to call again.
    return (end && left > 0) || in.pos < in.size;
}

czstd_decoder *czstd_decoder_create(const char **error) {
    czstd_decoder *decoder = malloc(sizeof *decoder);
    ZSTD_DCtx *context = ZSTD_createDCtx();
    if (!decoder || !context) {
        *error = "out of memory";
        ZSTD_freeDCtx(context);
        free(decoder);
        return NULL;
    }
    decoder->context = context;
    return decoder;
}

void czstd_decoder_free(czstd_decoder *decoder) {
    if (!decoder) return;
    ZSTD_freeDCtx(decoder->context);
    free(decoder);
}

int czstd_decoder_step(
    czstd_decoder *decoder, const void *input, size_t input_count, size_t *taken, void *output,
    size_t output_capacity, size_t *given, const char **error) {
    ZSTD_inBuffer in = {input, input_count, 0};
    ZSTD_outBuffer out = {output, output_capacity, 0};
    size_t left = ZSTD_decompressStream(decoder->context, &out, &in);
    *taken = in.pos;
    *given = out.pos;
    if (ZSTD_isError(left)) {
        *error = ZSTD_getErrorName(left);
        return -1;
    }
    return left > 0;
}

const char *czstd_version(void) { return ZSTD_versionString(); }

int czstd_minimum_level(void) { return ZSTD_minCLevel(); }

int czstd_maximum_level(void) { return ZSTD_maxCLevel(); }
