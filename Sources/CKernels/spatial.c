#include "CKernelsSpatial.h"

#include "kernel.h"

typedef struct {
    ck_window w;
    const void *x;
    void *y;
    uint8_t *chosen;
} pool;

// The most pixels of a window.
enum { MAX_WINDOW = 64 };

// Pixels of the window at (oy, ox) that lie on the map: their first elements, counted from the image's, and their
// positions in the window.
INLINE int window_pixels(const ck_window *w, int64_t oy, int64_t ox, int64_t pixels[], int32_t *positions) {
    int count = 0;
    for (int64_t ky = 0; ky < w->kernel; ky++) {
        const int64_t iy = oy * w->stride + ky - w->padding;
        if (iy < 0 || iy >= w->ih) continue;
        for (int64_t kx = 0; kx < w->kernel; kx++) {
            const int64_t ix = ox * w->stride + kx - w->padding;
            if (ix < 0 || ix >= w->iw) continue;
            pixels[count] = (iy * w->iw + ix) * w->channels;
            positions[count++] = (int32_t)(ky * w->kernel + kx);
        }
    }
    return count;
}

// Channels taken at a time: a strip's values and places stay in the first-level cache.
enum { POOL_STRIP = 256 };

// The maximum of `count` pixels in `lanes` channels from `c` on, and which pixel it was, the first of equals; a NaN wins
// and stays, as in PyTorch. Two loops: each vectorises by itself.
INLINE void pool_strip(
    const void *image, const int64_t *pixels, const int32_t *positions, int count, int64_t c, int64_t lanes,
    int32_t type, void *y, int64_t at, uint8_t *chosen) {
    float best[POOL_STRIP];
    for (int64_t i = 0; i < lanes; i++) best[i] = load(image, pixels[0] + c + i, type);
    for (int p = 1; p < count; p++) {
        const int64_t from = pixels[p] + c;
        for (int64_t i = 0; i < lanes; i++) {
            const float x = load(image, from + i, type);
            best[i] = ((x > best[i]) | (x != x)) ? x : best[i];
        }
    }
    for (int64_t i = 0; i < lanes; i++) store(y, at + c + i, best[i], type);
    if (!chosen) return;
    int32_t found[POOL_STRIP];
    for (int64_t i = 0; i < lanes; i++) found[i] = positions[count - 1];
    for (int p = count - 2; p >= 0; p--) {
        const int64_t from = pixels[p] + c;
        const int32_t position = positions[p];
        for (int64_t i = 0; i < lanes; i++) {
            const float x = load(image, from + i, type);
            found[i] = ((x == best[i]) | (x != x)) ? position : found[i];
        }
    }
    for (int64_t i = 0; i < lanes; i++) chosen[at + c + i] = (uint8_t)found[i];
}

// Items are output rows of all images.
INLINE void max_pool_rows(void *context, int64_t begin, int64_t end, int32_t type) {
    const pool *k = context;
    const ck_window *w = &k->w;
    const int64_t c = w->channels;
    int64_t pixels[MAX_WINDOW];
    int32_t positions[MAX_WINDOW];
    for (int64_t row = begin; row < end; row++) {
        const char *image = (const char *)k->x + row / w->oh * w->ih * w->iw * c * (int64_t)bytes_of(type);
        for (int64_t ox = 0; ox < w->ow; ox++) {
            const int count = window_pixels(w, row % w->oh, ox, pixels, positions);
            for (int64_t i = 0; i < c; i += POOL_STRIP)
                pool_strip(
                    image, pixels, positions, count, i, min64(POOL_STRIP, c - i), type, k->y,
                    (row * w->ow + ox) * c, k->chosen);
        }
    }
}
TYPED_BODIES(max_pool_rows)
void ck_max_pool(int32_t type, const ck_window *window, const void *x, void *y, uint8_t *chosen) {
    pool k = {*window, x, y, chosen};
    cthreading_for(window->n * window->oh, 1, TYPED(max_pool_rows, type), &k);
}

// Items are input rows of all images; each pixel asks the windows over it whether it was theirs.
INLINE void max_pool_backward_rows(void *context, int64_t begin, int64_t end, int32_t type) {
    const pool *k = context;
    const ck_window *w = &k->w;
    const int64_t c = w->channels;
    for (int64_t row = begin; row < end; row++) {
        const int64_t n = row / w->ih, iy = row % w->ih;
        for (int64_t ix = 0; ix < w->iw; ix++) {
            // Windows over this pixel: the output each belongs to, and the pixel's position in it.
            int64_t outputs[MAX_WINDOW];
            uint8_t positions[MAX_WINDOW];
            int count = 0;
            for (int64_t ky = (iy + w->padding) % w->stride; ky < w->kernel; ky += w->stride) {
                const int64_t oy = (iy + w->padding - ky) / w->stride;
                if (iy + w->padding < ky || oy >= w->oh) continue;
                for (int64_t kx = (ix + w->padding) % w->stride; kx < w->kernel; kx += w->stride) {
                    const int64_t ox = (ix + w->padding - kx) / w->stride;
                    if (ix + w->padding < kx || ox >= w->ow) continue;
                    outputs[count] = ((n * w->oh + oy) * w->ow + ox) * c;
                    positions[count++] = (uint8_t)(ky * w->kernel + kx);
                }
            }
            const int64_t at = (row * w->iw + ix) * c;
            for (int64_t i = 0; i < c; i += POOL_STRIP) {
                const int64_t lanes = min64(POOL_STRIP, c - i);
                float sum[POOL_STRIP];
                for (int64_t l = 0; l < lanes; l++) sum[l] = 0;
                for (int p = 0; p < count; p++) {
                    const int64_t from = outputs[p] + i;
                    const uint8_t position = positions[p];
                    const uint8_t *chosen = k->chosen + from;
                    for (int64_t l = 0; l < lanes; l++)
                        sum[l] += chosen[l] == position ? load(k->x, from + l, type) : 0;
                }
                for (int64_t l = 0; l < lanes; l++) store(k->y, at + i + l, sum[l], type);
            }
        }
    }
}
TYPED_BODIES(max_pool_backward_rows)
void ck_max_pool_backward(
    int32_t type, const ck_window *window, const void *dy, const uint8_t *chosen, void *dx) {
    pool k = {*window, dy, dx, (uint8_t *)chosen};
    cthreading_for(window->n * window->ih, 1, TYPED(max_pool_backward_rows, type), &k);
}

typedef struct {
    int64_t fh, fw, ch, cw, channels;
    const void *fine, *coarse;
    void *out;
} upsample;

// First fine coordinate that reads coarse coordinate `i`, for floor(f * coarse / fine) == i.
INLINE int64_t first_reader(int64_t i, int64_t coarse, int64_t fine) { return (i * fine + coarse - 1) / coarse; }

INLINE void upsample_rows(void *context, int64_t begin, int64_t end, int32_t type) {
    const upsample *k = context;
    const int64_t c = k->channels;
    for (int64_t row = begin; row < end; row++) {
        const int64_t n = row / k->fh, y = row % k->fh;
        const int64_t coarse = (n * k->ch + y * k->ch / k->fh) * k->cw * c;
        for (int64_t x = 0; x < k->fw; x++) {
            const int64_t o = (row * k->fw + x) * c, from = coarse + x * k->cw / k->fw * c;
            for (int64_t i = 0; i < c; i++)
                store(k->out, o + i, load(k->fine, o + i, type) + load(k->coarse, from + i, type), type);
        }
    }
}
TYPED_BODIES(upsample_rows)
void ck_upsample_add(
    int32_t type, int64_t n, int64_t fh, int64_t fw, int64_t ch, int64_t cw, int64_t channels, const void *fine,
    const void *coarse, void *out) {
    upsample k = {fh, fw, ch, cw, channels, fine, coarse, out};
    cthreading_for(n * fh, rows_per_piece(fw * channels), TYPED(upsample_rows, type), &k);
}

INLINE void upsample_backward_rows(void *context, int64_t begin, int64_t end, int32_t type) {
    const upsample *k = context;
    const int64_t c = k->channels;
    for (int64_t row = begin; row < end; row++) {
        const int64_t n = row / k->ch, y = row % k->ch;
        const int64_t y0 = first_reader(y, k->ch, k->fh), y1 = first_reader(y + 1, k->ch, k->fh);
        for (int64_t x = 0; x < k->cw; x++) {
            const int64_t x0 = first_reader(x, k->cw, k->fw), x1 = first_reader(x + 1, k->cw, k->fw);
            const int64_t at = (row * k->cw + x) * c;
            for (int64_t first = 0; first < c; first += STRIP) {
                const int64_t lanes = min64(STRIP, c - first);
                float sum[STRIP] = {0};
                for (int64_t fy = y0; fy < y1; fy++)
                    for (int64_t fx = x0; fx < x1; fx++) {
                        const int64_t from = ((n * k->fh + fy) * k->fw + fx) * c + first;
                        for (int64_t i = 0; i < lanes; i++) sum[i] += load(k->fine, from + i, type);
                    }
                for (int64_t i = 0; i < lanes; i++) store(k->out, at + first + i, sum[i], type);
            }
        }
    }
}
TYPED_BODIES(upsample_backward_rows)
void ck_upsample_backward(
    int32_t type, int64_t n, int64_t fh, int64_t fw, int64_t ch, int64_t cw, int64_t channels, const void *dfine,
    void *dcoarse) {
    upsample k = {fh, fw, ch, cw, channels, dfine, 0, dcoarse};
    cthreading_for(n * ch, rows_per_piece(fw * channels), TYPED(upsample_backward_rows, type), &k);
}

static void to_columns_body(void *context, int64_t begin, int64_t end) {
    const pool *k = context;
    const ck_window *w = &k->w;
    const size_t bytes = (size_t)w->channels * sizeof(float);
    for (int64_t oy = begin; oy < end; oy++)
        for (int64_t ox = 0; ox < w->ow; ox++) {
            float *y = (float *)k->y + (oy * w->ow + ox) * w->kernel * w->kernel * w->channels;
            for (int64_t ky = 0; ky < w->kernel; ky++)
                for (int64_t kx = 0; kx < w->kernel; kx++, y += w->channels) {
                    const int64_t iy = oy * w->stride + ky - w->padding, ix = ox * w->stride + kx - w->padding;
                    if (iy < 0 || iy >= w->ih || ix < 0 || ix >= w->iw)
                        memset(y, 0, bytes);
                    else
                        memcpy(y, (const float *)k->x + (iy * w->iw + ix) * w->channels, bytes);
                }
        }
}
void ck_image_to_columns(const ck_window *window, const float *image, float *columns) {
    pool k = {*window, image, columns, 0};
    cthreading_for(window->oh, 1, to_columns_body, &k);
}

void ck_columns_to_image(const ck_window *w, const float *columns, float *image) {
    memset(image, 0, (size_t)(w->ih * w->iw * w->channels) * sizeof(float));
    for (int64_t oy = 0; oy < w->oh; oy++)
        for (int64_t ox = 0; ox < w->ow; ox++)
            for (int64_t ky = 0; ky < w->kernel; ky++)
                for (int64_t kx = 0; kx < w->kernel; kx++, columns += w->channels) {
                    const int64_t iy = oy * w->stride + ky - w->padding, ix = ox * w->stride + kx - w->padding;
                    if (iy < 0 || iy >= w->ih || ix < 0 || ix >= w->iw) continue;
                    float *y = image + (iy * w->iw + ix) * w->channels;
                    for (int64_t c = 0; c < w->channels; c++) y[c] += columns[c];
                }
}

typedef struct {
    int64_t count, h, w, channels, kernel;
    const int32_t *cells;
    const float *from;
    float *to;
} patches;

// The pixel of window place (ky, kx) around a cell, or -1 outside the map.
INLINE int64_t patch_pixel(const patches *k, int64_t cell, int64_t ky, int64_t kx) {
    const int64_t half = k->kernel / 2, area = k->h * k->w, inside = cell % area;
    const int64_t y = inside / k->w + ky - half, x = inside % k->w + kx - half;
    return y < 0 || y >= k->h || x < 0 || x >= k->w ? -1 : cell - inside + y * k->w + x;
}

static void gather_patches_body(void *context, int64_t begin, int64_t end) {
    const patches *k = context;
    const int64_t places = k->kernel * k->kernel;
    for (int64_t r = begin; r < end; r++)
        for (int64_t p = 0; p < places; p++) {
            const int64_t pixel = patch_pixel(k, k->cells[r], p / k->kernel, p % k->kernel);
            float *row = k->to + r * k->channels * places + p;
            for (int64_t c = 0; c < k->channels; c++)
                row[c * places] = pixel < 0 ? 0 : k->from[pixel * k->channels + c];
        }
}
void ck_gather_patches(
    int64_t count, int64_t h, int64_t w, int64_t channels, int64_t kernel, const int32_t *cells, const float *x,
    float *out) {
    patches k = {count, h, w, channels, kernel, cells, x, out};
    cthreading_for(count, 16, gather_patches_body, &k);
}

// Items are channels: windows overlap, and every pixel must get its sum in the order of the cells.
static void scatter_patches_body(void *context, int64_t begin, int64_t end) {
    const patches *k = context;
    const int64_t places = k->kernel * k->kernel;
    for (int64_t r = 0; r < k->count; r++)
        for (int64_t p = 0; p < places; p++) {
            const int64_t pixel = patch_pixel(k, k->cells[r], p / k->kernel, p % k->kernel);
            if (pixel < 0) continue;
            const float *row = k->from + r * k->channels * places + p;
            for (int64_t c = begin; c < end; c++) k->to[pixel * k->channels + c] += row[c * places];
        }
}
void ck_scatter_patches(
    int64_t count, int64_t h, int64_t w, int64_t channels, int64_t kernel, const int32_t *cells, const float *in,
    float *x) {
    patches k = {count, h, w, channels, kernel, cells, in, x};
    cthreading_for(channels, 32, scatter_patches_body, &k);
}
