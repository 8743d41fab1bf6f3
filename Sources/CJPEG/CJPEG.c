#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

// A progressive file of a few kilobytes can hold thousands of scans, each a pass over the whole picture.
// Ordinary encoders write about ten; the library's own fuzzers stop at this number.
static const int scan_limit = 500;

/// The library's error manager with what our callbacks need behind it.
typedef struct {
    struct jpeg_error_mgr base;
    jmp_buf escape;
    cjpeg_report *report;
    int refuse_damage;
    int status;
} error_manager;

/// The library's progress monitor, used for the number of scans alone.
typedef struct {
    struct jpeg_progress_mgr base;
    error_manager *errors;
} scan_monitor;

static void describe(j_common_ptr cinfo, cjpeg_report *report) {
    char text[JMSG_LENGTH_MAX];
    cinfo->err->format_message(cinfo, text);
    snprintf(report->message, sizeof report->message, "%s", text);
}

// Replaces the library's own, which prints and calls exit.
static void on_error(j_common_ptr cinfo) {
    error_manager *errors = (error_manager *)cinfo->err;
    describe(cinfo, errors->report);
    switch (cinfo->err->msg_code) {
        case JERR_ARITH_NOTIMPL:
        case JERR_BAD_PRECISION:
        case JERR_COMPONENT_COUNT:
        case JERR_CONVERSION_NOTIMPL:
        case JERR_SOF_UNSUPPORTED:
            errors->status = CJPEG_UNSUPPORTED;
            break;
        case JERR_IMAGE_TOO_BIG:
            errors->status = CJPEG_TOO_LARGE;
            break;
        default:
            errors->status = CJPEG_DAMAGED;
    }
    longjmp(errors->escape, 1);
}

// A level below 0 is a warning, others are traces.
static void on_message(j_common_ptr cinfo, int level) {
    if (level >= 0) return;
    error_manager *errors = (error_manager *)cinfo->err;
    switch (cinfo->err->msg_code) {
        case JWRN_ADOBE_XFORM:
        case JWRN_BOGUS_ICC:
        case JWRN_EXTRANEOUS_DATA:
        case JWRN_JFIF_MAJOR:
        case JWRN_NOT_SEQUENTIAL:
            errors->report->oddity_count++;
            return;
        default:
            break;
    }
    if (errors->report->damage_count++ == 0) describe(cinfo, errors->report);
    if (errors->refuse_damage) {
        errors->status = CJPEG_DAMAGED;
        longjmp(errors->escape, 1);
    }
}

static void on_progress(j_common_ptr cinfo) {
    if (!cinfo->is_decompressor) return;
    const int scan = ((j_decompress_ptr)cinfo)->input_scan_number;
    if (scan <= scan_limit) return;
    error_manager *errors = ((scan_monitor *)cinfo->progress)->errors;
    snprintf(errors->report->message, sizeof errors->report->message, "more than %d scans", scan_limit);
    errors->status = CJPEG_DAMAGED;
    longjmp(errors->escape, 1);
}

static void prepare(error_manager *errors, cjpeg_report *report, int refuse_damage) {
    memset(report, 0, sizeof *report);
    jpeg_std_error(&errors->base);
    errors->base.error_exit = on_error;
    errors->base.emit_message = on_message;
    errors->report = report;
    errors->refuse_damage = refuse_damage;
    errors->status = CJPEG_OK;
}

/// Reads the header and sets the output up; leaves by `longjmp` on errors.
static void open_source(
    j_decompress_ptr cinfo, error_manager *errors, const uint8_t *data, size_t length, int scale_denominator,
    uint64_t pixel_limit) {
    cjpeg_report *report = errors->report;
    jpeg_mem_src(cinfo, data, (unsigned long)length);
    jpeg_read_header(cinfo, TRUE);
    report->width = cinfo->image_width;
    report->height = cinfo->image_height;
    if ((uint64_t)cinfo->image_width * cinfo->image_height > pixel_limit) {
        snprintf(
            report->message, sizeof report->message, "%u x %u pixels, more than the limit of %llu",
            cinfo->image_width, cinfo->image_height, (unsigned long long)pixel_limit);
        errors->status = CJPEG_TOO_LARGE;
        longjmp(errors->escape, 1);
    }
    // Later versions of the library read headers of 12 and 16 bits, which need other calls to decode.
    if (cinfo->data_precision != 8) {
        snprintf(
            report->message, sizeof report->message, "Unsupported JPEG data precision %d",
            cinfo->data_precision);
        errors->status = CJPEG_UNSUPPORTED;
        longjmp(errors->escape, 1);
    }
    const int has_black = cinfo->jpeg_color_space == JCS_CMYK || cinfo->jpeg_color_space == JCS_YCCK;
    cinfo->out_color_space = has_black ? JCS_CMYK : JCS_RGB;
    cinfo->scale_num = 1;
    cinfo->scale_denom = (unsigned)scale_denominator;
    cinfo->dct_method = JDCT_ISLOW;
    cinfo->do_fancy_upsampling = TRUE;
    jpeg_calc_output_dimensions(cinfo);
    report->scaled_width = cinfo->output_width;
    report->scaled_height = cinfo->output_height;
}

// Four-component files hold 255 minus ink. Adobe started it, and the field's decoders (OpenCV, Pillow,
// browsers) read files without Adobe's marker the same way. The division is rounded to nearest, exact for
// products of bytes.
static void rgb_from_inverted_cmyk(const uint8_t *cmyk, uint8_t *rgb, uint32_t width) {
    for (uint32_t x = 0; x < width; x++) {
        for (int c = 0; c < 3; c++) {
            const unsigned product = (unsigned)cmyk[4 * x + c] * cmyk[4 * x + 3] + 128;
            rgb[3 * x + c] = (uint8_t)((product + (product >> 8)) >> 8);
        }
    }
}

int cjpeg_read_header(
    const uint8_t *data, size_t length, int scale_denominator, uint64_t pixel_limit, cjpeg_report *report) {
    struct jpeg_decompress_struct cinfo;
    error_manager errors;
    prepare(&errors, report, 1);
    cinfo.err = &errors.base;
    jpeg_create_decompress(&cinfo);
    if (setjmp(errors.escape) == 0) {
        open_source(&cinfo, &errors, data, length, scale_denominator, pixel_limit);
    }
    jpeg_destroy_decompress(&cinfo);
    return errors.status;
}

int cjpeg_decode(
    const uint8_t *data, size_t length, int scale_denominator, uint64_t pixel_limit, int refuse_damage,
    uint8_t *rgb, size_t capacity, cjpeg_report *report) {
    struct jpeg_decompress_struct cinfo;
    error_manager errors;
    scan_monitor monitor;
    prepare(&errors, report, refuse_damage);
    cinfo.err = &errors.base;
    jpeg_create_decompress(&cinfo);
    if (setjmp(errors.escape) == 0) {
        memset(&monitor, 0, sizeof monitor);
        monitor.base.progress_monitor = on_progress;
        monitor.errors = &errors;
        cinfo.progress = &monitor.base;
        open_source(&cinfo, &errors, data, length, scale_denominator, pixel_limit);
        const size_t row_bytes = (size_t)cinfo.output_width * 3;
        if (capacity / row_bytes < cinfo.output_height) {
            snprintf(
                report->message, sizeof report->message, "output buffer of %zu bytes is too small", capacity);
            errors.status = CJPEG_TOO_LARGE;
            longjmp(errors.escape, 1);
        }
        jpeg_start_decompress(&cinfo);
        JSAMPARRAY inks = NULL;
        if (cinfo.out_color_space == JCS_CMYK) {
            inks = cinfo.mem->alloc_sarray((j_common_ptr)&cinfo, JPOOL_IMAGE, cinfo.output_width * 4, 1);
        }
        while (cinfo.output_scanline < cinfo.output_height) {
            JSAMPROW row = rgb + cinfo.output_scanline * row_bytes;
            jpeg_read_scanlines(&cinfo, inks ? inks : &row, 1);
            if (inks) rgb_from_inverted_cmyk(inks[0], row, cinfo.output_width);
        }
        // No jpeg_finish_decompress: it would read on to an end marker, through whatever some cameras and
        // scanners put behind the picture, and no pixel depends on it.
    }
    jpeg_destroy_decompress(&cinfo);
    return errors.status;
}

/// Output that grows in memory. The library's own loses track of its buffer when an error comes after a
/// growth.
typedef struct {
    struct jpeg_destination_mgr base;
    uint8_t *bytes;
    size_t capacity;
} memory_sink;

static void sink_start(j_compress_ptr cinfo) {
    memory_sink *sink = (memory_sink *)cinfo->dest;
    sink->capacity = 1 << 16;
    sink->bytes = malloc(sink->capacity);
    if (!sink->bytes) ERREXIT1(cinfo, JERR_OUT_OF_MEMORY, 0);
    sink->base.next_output_byte = sink->bytes;
    sink->base.free_in_buffer = sink->capacity;
}

static boolean sink_grow(j_compress_ptr cinfo) {
    memory_sink *sink = (memory_sink *)cinfo->dest;
    uint8_t *larger = realloc(sink->bytes, sink->capacity * 2);
    if (!larger) ERREXIT1(cinfo, JERR_OUT_OF_MEMORY, 0);
    sink->bytes = larger;
    sink->base.next_output_byte = larger + sink->capacity;
    sink->base.free_in_buffer = sink->capacity;
    sink->capacity *= 2;
    return TRUE;
}

static void sink_end(j_compress_ptr cinfo) { (void)cinfo; }

int cjpeg_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, int quality, uint8_t **out, size_t *out_length,
    cjpeg_report *report) {
    struct jpeg_compress_struct cinfo;
    error_manager errors;
    memory_sink sink;
    prepare(&errors, report, 1);
    memset(&sink, 0, sizeof sink);
    cinfo.err = &errors.base;
    jpeg_create_compress(&cinfo);
    if (setjmp(errors.escape) == 0) {
        sink.base.init_destination = sink_start;
        sink.base.empty_output_buffer = sink_grow;
        sink.base.term_destination = sink_end;
        cinfo.dest = &sink.base;
        cinfo.image_width = width;
        cinfo.image_height = height;
        cinfo.input_components = 3;
        cinfo.in_color_space = JCS_RGB;
        jpeg_set_defaults(&cinfo);
        jpeg_set_quality(&cinfo, quality, TRUE);
        jpeg_start_compress(&cinfo, TRUE);
        while (cinfo.next_scanline < cinfo.image_height) {
            JSAMPROW row = (JSAMPROW)rgb + (size_t)cinfo.next_scanline * width * 3;
            jpeg_write_scanlines(&cinfo, &row, 1);
        }
        jpeg_finish_compress(&cinfo);
    }
    jpeg_destroy_compress(&cinfo);
    if (errors.status != CJPEG_OK) {
        free(sink.bytes);
        return errors.status;
    }
    *out = sink.bytes;
    *out_length = sink.capacity - sink.base.free_in_buffer;
    return CJPEG_OK;
}

void cjpeg_free(uint8_t *buffer) { free(buffer); }
