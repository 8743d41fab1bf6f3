#pragma once

#include <stddef.h>
#include <stdint.h>

/// Outcome of a call; anything but `CJPEG_OK` comes with a text in `cjpeg_report.message`.
enum {
    CJPEG_OK = 0,
    /// Not a JPEG file, or one that is damaged.
    CJPEG_DAMAGED = 1,
    /// A sound file of a kind this library does not decode to 8-bit RGB.
    CJPEG_UNSUPPORTED = 2,
    /// More pixels than the caller allows; nothing was allocated for them.
    CJPEG_TOO_LARGE = 3,
};

typedef struct {
    /// Size of the frame as stored, before `scale_denominator`.
    uint32_t width;
    uint32_t height;
    /// Size of what `cjpeg_decode` writes.
    uint32_t scaled_width;
    uint32_t scaled_height;
    /// Messages about damage to the picture; the first is in `message`.
    int damage_count;
    /// Messages about oddities that leave every pixel intact, such as stray bytes before a marker.
    int oddity_count;
    char message[256];
} cjpeg_report;

/// Reads up to the first scan and fills in the sizes for `scale_denominator` (1, 2, 4 or 8).
int cjpeg_read_header(
    const uint8_t *data, size_t length, int scale_denominator, uint64_t pixel_limit, cjpeg_report *report);

/// Decodes to interleaved RGB, rows from the top. `rgb` has `capacity` bytes, at least three times the scaled
/// size of the header. With `refuse_damage` the first message about damage ends the call with
/// `CJPEG_DAMAGED`, otherwise the library's best guess is written and `damage_count` is not 0.
int cjpeg_decode(
    const uint8_t *data, size_t length, int scale_denominator, uint64_t pixel_limit, int refuse_damage,
    uint8_t *rgb, size_t capacity, cjpeg_report *report);

/// Encodes interleaved RGB, 4:2:0, as a baseline file. The caller frees `*out` with `cjpeg_free`.
int cjpeg_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, int quality, uint8_t **out, size_t *out_length,
    cjpeg_report *report);

void cjpeg_free(uint8_t *buffer);
