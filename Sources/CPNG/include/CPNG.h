#pragma once

#include <stddef.h>
#include <stdint.h>

/// Outcome of a call; anything but `CPNG_OK` comes with a text in `cpng_report.message`.
enum {
    CPNG_OK = 0,
    /// Not a PNG file, or one that is damaged.
    CPNG_DAMAGED = 1,
    /// More pixels than the caller allows; nothing was allocated for them.
    CPNG_TOO_LARGE = 2,
};

typedef struct {
    uint32_t width;
    uint32_t height;
    /// Rows that hold pixels from the file; all of them unless the file is damaged.
    uint32_t row_count;
    char message[256];
} cpng_report;

/// Reads the header alone.
int cpng_read_header(const uint8_t *data, size_t length, uint64_t pixel_limit, cpng_report *report);

/// Decodes to interleaved 8-bit RGB, rows from the top: palette and grey expanded, 16 bits scaled to 8, alpha
/// dropped, no gamma correction. `rgb` has `capacity` bytes, at least three times the size in the header.
/// On `CPNG_DAMAGED` the first `row_count` rows hold what could be read.
int cpng_decode(
    const uint8_t *data, size_t length, uint64_t pixel_limit, uint8_t *rgb, size_t capacity,
    cpng_report *report);

/// An upper bound for what `cpng_encode` writes.
size_t cpng_encoded_limit(uint32_t width, uint32_t height);

/// Encodes interleaved 8-bit RGB into `out` of `capacity` bytes.
int cpng_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t *out, size_t capacity, size_t *out_length,
    cpng_report *report);
