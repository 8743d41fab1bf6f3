#include "CKernelsWindows.h"

#include "kernel.h"

typedef struct {
    ck_windows w;
    // Windows along each side.
    int64_t rows, columns;
    const float *x;
    float *y;
} sweep;

static sweep sweep_of(const ck_windows *w, const float *x, float *y) {
    return (sweep){*w, (w->height + w->window - 1) / w->window, (w->width + w->window - 1) / w->window, x, y};
}

INLINE void copy(float *to, const float *from, int64_t count) { memcpy(to, from, (size_t)count * sizeof(float)); }
INLINE void clear(float *to, int64_t count) { memset(to, 0, (size_t)count * sizeof(float)); }

// Rows of windows.
static void partition_body(void *context, int64_t begin, int64_t end) {
    const sweep *k = context;
    const ck_windows *w = &k->w;
    const int64_t high = k->rows * w->window, wide = k->columns * w->window;
    for (int64_t r = begin; r < end; r++) {
        const int64_t image = r / k->rows, top = r % k->rows * w->window;
        float *y = k->y + r * k->columns * w->window * w->window * w->channels;
        for (int64_t left = 0; left < wide; left += w->window)
            for (int64_t i = 0; i < w->window; i++) {
                const int64_t sy = (top + i + w->shift) % high;
                const float *row = k->x + (image * w->height + sy) * w->width * w->channels;
                for (int64_t j = 0; j < w->window; j++, y += w->channels) {
                    const int64_t sx = (left + j + w->shift) % wide;
                    if (sy < w->height && sx < w->width) copy(y, row + sx * w->channels, w->channels);
                    else clear(y, w->channels);
                }
            }
    }
}
void ck_window_partition(const ck_windows *shape, const float *x, float *y) {
    sweep k = sweep_of(shape, x, y);
    cthreading_for(shape->images * k.rows, 1, partition_body, &k);
}

// Rows of the map.
static void merge_body(void *context, int64_t begin, int64_t end) {
    const sweep *k = context;
    const ck_windows *w = &k->w;
    const int64_t high = k->rows * w->window, wide = k->columns * w->window;
    for (int64_t r = begin; r < end; r++) {
        const int64_t image = r / w->height, wy = (r % w->height + high - w->shift) % high;
        const float *row = k->x + (image * k->rows + wy / w->window) * k->columns * w->window * w->window * w->channels;
        float *y = k->y + r * w->width * w->channels;
        for (int64_t sx = 0; sx < w->width; sx++) {
            const int64_t wx = (sx + wide - w->shift) % wide;
            const int64_t token = (wx / w->window * w->window + wy % w->window) * w->window + wx % w->window;
            copy(y + sx * w->channels, row + token * w->channels, w->channels);
        }
    }
}
void ck_window_merge(const ck_windows *shape, const float *y, float *x) {
    sweep k = sweep_of(shape, y, x);
    cthreading_for(shape->images * shape->height, 1, merge_body, &k);
}

typedef struct {
    int64_t height, width, channels;
    const float *x;
    float *y;
} squares;

// Rows of squares.
static void join_body(void *context, int64_t begin, int64_t end) {
    const squares *k = context;
    const int64_t rows = (k->height + 1) / 2, columns = (k->width + 1) / 2, c = k->channels;
    for (int64_t r = begin; r < end; r++) {
        const int64_t top = r / rows * k->height + r % rows * 2, high = min64(2, k->height - r % rows * 2);
        float *y = k->y + r * columns * 4 * c;
        for (int64_t left = 0; left < k->width; left += 2)
            for (int64_t j = 0; j < 2; j++)
                for (int64_t i = 0; i < 2; i++, y += c) {
                    if (i < high && left + j < k->width) copy(y, k->x + ((top + i) * k->width + left + j) * c, c);
                    else clear(y, c);
                }
    }
}
void ck_join_squares(int64_t images, int64_t height, int64_t width, int64_t channels, const float *x, float *y) {
    squares k = {height, width, channels, x, y};
    cthreading_for(images * ((height + 1) / 2), 1, join_body, &k);
}

// Rows of the map.
static void part_body(void *context, int64_t begin, int64_t end) {
    const squares *k = context;
    const int64_t rows = (k->height + 1) / 2, columns = (k->width + 1) / 2, c = k->channels;
    for (int64_t r = begin; r < end; r++) {
        const int64_t row = r % k->height, square = r / k->height * rows + row / 2;
        for (int64_t column = 0; column < k->width; column++) {
            const int64_t place = (square * columns + column / 2) * 4 + column % 2 * 2 + row % 2;
            copy(k->y + (r * k->width + column) * c, k->x + place * c, c);
        }
    }
}
void ck_part_squares(int64_t images, int64_t height, int64_t width, int64_t channels, const float *y, float *x) {
    squares k = {height, width, channels, y, x};
    cthreading_for(images * height, 1, part_body, &k);
}
