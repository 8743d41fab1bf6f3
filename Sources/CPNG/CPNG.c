#include "CPNG.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

/// One decoding: the bytes, how far they were read, and where errors go.
typedef struct {
    png_structp png;
    png_infop info;
    const uint8_t *data;
    size_t length;
    size_t position;
    jmp_buf escape;
    int status;
    cpng_report *report;
} reader;

static PNG_NORETURN void on_error(png_structp png, png_const_charp message) {
    reader *r = png_get_error_ptr(png);
    snprintf(r->report->message, sizeof r->report->message, "%s", message);
    r->status = CPNG_DAMAGED;
    longjmp(r->escape, 1);
}

// The library warns of oddities in ancillary chunks; none of them changes a pixel that is read here.
static void on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void read_bytes(png_structp png, png_bytep out, size_t count) {
    reader *r = png_get_io_ptr(png);
    if (count > r->length - r->position) png_error(png, "premature end of PNG file");
    memcpy(out, r->data + r->position, count);
    r->position += count;
}

/// Reads the header; leaves by `longjmp` on errors.
static void open_source(reader *r, uint64_t pixel_limit) {
    r->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, r, on_error, on_warning);
    if (r->png) r->info = png_create_info_struct(r->png);
    if (!r->info) {
        snprintf(r->report->message, sizeof r->report->message, "no memory for the PNG decoder");
        r->status = CPNG_DAMAGED;
        longjmp(r->escape, 1);
    }
    png_set_read_fn(r->png, r, read_bytes);
    // Pixels come in portions of this size, and of a file that is cut off the last portion is lost.
    png_set_compression_buffer_size(r->png, 512);
    png_read_info(r->png, r->info);
    const uint32_t width = png_get_image_width(r->png, r->info);
    const uint32_t height = png_get_image_height(r->png, r->info);
    r->report->width = width;
    r->report->height = height;
    if ((uint64_t)width * height > pixel_limit) {
        snprintf(
            r->report->message, sizeof r->report->message, "%u x %u pixels, more than the limit of %llu",
            width, height, (unsigned long long)pixel_limit);
        r->status = CPNG_TOO_LARGE;
        longjmp(r->escape, 1);
    }
}

static void read_pixels(reader *r, uint8_t *rgb, size_t capacity) {
    png_structp png = r->png;
    const size_t row_bytes = (size_t)r->report->width * 3;
    png_set_expand(png);
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    png_set_strip_alpha(png);
    const int pass_count = png_set_interlace_handling(png);
    png_read_update_info(png, r->info);
    if (png_get_rowbytes(png, r->info) != row_bytes || capacity / row_bytes < r->report->height) {
        png_error(png, "rows do not have the expected length");
    }
    for (int pass = 0; pass < pass_count; pass++) {
        for (uint32_t y = 0; y < r->report->height; y++) {
            png_read_row(png, rgb + y * row_bytes, NULL);
            // Every row has pixels once the last pass, or the only one, has come by.
            if (pass == pass_count - 1) r->report->row_count = y + 1;
        }
    }
}

static void prepare(reader *r, const uint8_t *data, size_t length, cpng_report *report) {
    memset(report, 0, sizeof *report);
    memset(r, 0, sizeof *r);
    r->data = data;
    r->length = length;
    r->report = report;
}

int cpng_read_header(const uint8_t *data, size_t length, uint64_t pixel_limit, cpng_report *report) {
    reader r;
    prepare(&r, data, length, report);
    if (setjmp(r.escape) == 0) open_source(&r, pixel_limit);
    png_destroy_read_struct(&r.png, &r.info, NULL);
    return r.status;
}

int cpng_decode(
    const uint8_t *data, size_t length, uint64_t pixel_limit, uint8_t *rgb, size_t capacity,
    cpng_report *report) {
    reader r;
    prepare(&r, data, length, report);
    if (setjmp(r.escape) == 0) {
        open_source(&r, pixel_limit);
        read_pixels(&r, rgb, capacity);
    }
    png_destroy_read_struct(&r.png, &r.info, NULL);
    return r.status;
}

static void describe(png_image *image, uint32_t width, uint32_t height) {
    memset(image, 0, sizeof *image);
    image->version = PNG_IMAGE_VERSION;
    image->width = width;
    image->height = height;
    image->format = PNG_FORMAT_RGB;
    // A fifth of the time; photographs come out twice as large.
    image->flags = PNG_IMAGE_FLAG_FAST;
}

size_t cpng_encoded_limit(uint32_t width, uint32_t height) {
    png_image image;
    describe(&image, width, height);
    return PNG_IMAGE_PNG_SIZE_MAX(image);
}

int cpng_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t *out, size_t capacity, size_t *out_length,
    cpng_report *report) {
    png_image image;
    memset(report, 0, sizeof *report);
    describe(&image, width, height);
    png_alloc_size_t length = capacity;
    if (!png_image_write_to_memory(&image, out, &length, 0, rgb, 0, NULL)) {
        snprintf(report->message, sizeof report->message, "%s", image.message);
        return CPNG_DAMAGED;
    }
    *out_length = length;
    return CPNG_OK;
}
