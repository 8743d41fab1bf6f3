#include "CKernelsStrided.h"

#include "kernel.h"
#include "products.h"

int64_t ck_strided_packed_count(const ck_strided_shape *s) {
    return s->kernel * s->kernel * s->inputs * padded(s->outputs);
}

// [tap][panel][input][16].
void ck_strided_pack(const ck_strided_shape *s, const float *weight, float *packed) {
    const int64_t taps = s->kernel * s->kernel;
    for (int64_t tap = 0; tap < taps; tap++)
        for (int64_t o = 0; o < padded(s->outputs); o++)
            for (int64_t i = 0; i < s->inputs; i++)
                packed[((tap * padded(s->outputs) + o / PANEL * PANEL) * s->inputs) + i * PANEL + o % PANEL] =
                    o < s->outputs ? weight[(o * s->inputs + i) * taps + tap] : 0;
}

struct strided {
    ck_strided_shape s;
    const struct product_kernels *products;
    // Output rows of one piece: enough pixels that a panel of the weight is read seldom.
    int64_t rows;
    const float *x, *packed, *bias;
    int accumulates, rectifies;
    float ceiling;
    float *y;
};

// What one tap adds to the columns `first ..< first + count` of some output rows.
static void add_tap(
    const struct strided *k, int64_t begin, int64_t end, int64_t ky, int64_t kx, int64_t column, int64_t columns,
    int accumulate) {
    const ck_strided_shape *s = &k->s;
    // Output pixels whose tap lies on the map.
    const int64_t low = max64(0, (s->padding - kx + s->stride - 1) / s->stride);
    const int64_t reach = s->iw - 1 + s->padding - kx;
    const int64_t high = reach < 0 ? 0 : min64(s->ow, reach / s->stride + 1);
    if (low >= high) return;
    const float *b = k->packed + ((ky * s->kernel + kx) * s->outputs + column) * s->inputs;
    for (int64_t row = begin; row < end; row++) {
        const int64_t n = row / s->oh, iy = row % s->oh * s->stride + ky - s->padding;
        if (iy < 0 || iy >= s->ih) continue;
        k->products->product(
            high - low, columns, s->inputs,
            k->x + ((n * s->ih + iy) * s->iw + low * s->stride + kx - s->padding) * s->inputs,
            s->stride * s->inputs, b, s->inputs * PANEL, k->y + (row * s->ow + low) * s->outputs + column, s->outputs,
            accumulate);
    }
}

CLONES static void finish_pixels(const struct strided *k, int64_t begin, int64_t end) {
    const int64_t c = k->s.outputs;
    const float low = k->rectifies ? 0 : -INFINITY, high = k->rectifies ? k->ceiling : INFINITY;
    for (int64_t p = begin; p < end; p++) {
        float *y = k->y + p * c;
        for (int64_t i = 0; i < c; i++) {
            float v = y[i] + (k->bias ? k->bias[i] : 0);
            v = v < low ? low : v;
            y[i] = v > high ? high : v;
        }
    }
}

static void strided_rows(void *context, int64_t begin, int64_t end) {
    const struct strided *k = context;
    const ck_strided_shape *s = &k->s;
    const int64_t centre = s->padding, step = 2 * PANEL;
    for (int64_t first = begin; first < end; first += k->rows) {
        const int64_t last = min64(first + k->rows, end);
        for (int64_t column = 0; column < s->outputs; column += step) {
            const int64_t columns = min64(step, s->outputs - column);
            // The tap at the padding's place lies on the map for every pixel: it goes first and sets what others add to.
            add_tap(k, first, last, centre, centre, column, columns, k->accumulates);
            for (int64_t ky = 0; ky < s->kernel; ky++)
                for (int64_t kx = 0; kx < s->kernel; kx++)
                    if (ky != centre || kx != centre) add_tap(k, first, last, ky, kx, column, columns, 1);
        }
        if (k->bias || k->rectifies) finish_pixels(k, first * s->ow, last * s->ow);
    }
}

void ck_strided_forward(
    const ck_strided_shape *shape, const float *x, const float *packed, const float *bias, int accumulates,
    int rectifies, float ceiling, float *y) {
    struct strided k = {
        *shape, product_kernels(), max64(1, 96 / max64(1, shape->ow)), x, packed, bias, accumulates, rectifies, ceiling,
        y};
    cthreading_for(shape->n * shape->oh, k.rows, strided_rows, &k);
}
