#include "CKernelsElementwise.h"

#include "kernel.h"

typedef struct {
    float factor;
    const float *a, *b;
    float *out;
    double *partial;
} elementwise;

CLONES static void add_body(void *context, int64_t begin, int64_t end) {
    const elementwise *k = context;
    for (int64_t i = begin; i < end; i++) k->out[i] = k->a[i] + k->b[i];
}
void ck_add(int64_t count, const float *a, const float *b, float *out) {
    elementwise k = {0, a, b, out, 0};
    cthreading_for(count, CHUNK, add_body, &k);
}

CLONES static void add_scaled_body(void *context, int64_t begin, int64_t end) {
    const elementwise *k = context;
    const float factor = k->factor;
    for (int64_t i = begin; i < end; i++) k->out[i] += factor * k->a[i];
}
void ck_add_scaled(int64_t count, float factor, const float *source, float *destination) {
    elementwise k = {factor, source, 0, destination, 0};
    cthreading_for(count, CHUNK, add_scaled_body, &k);
}

CLONES static void scale_body(void *context, int64_t begin, int64_t end) {
    const elementwise *k = context;
    const float factor = k->factor;
    for (int64_t i = begin; i < end; i++) k->out[i] *= factor;
}
void ck_scale(int64_t count, float factor, float *values) {
    elementwise k = {factor, 0, 0, values, 0};
    cthreading_for(count, CHUNK, scale_body, &k);
}

CLONES static void relu_body(void *context, int64_t begin, int64_t end) {
    const elementwise *k = context;
    const float ceiling = k->factor;
    for (int64_t i = begin; i < end; i++) {
        // Written so that a NaN stays a NaN: a silent 0 would hide a broken step.
        const float x = k->a[i];
        k->out[i] = x < 0 ? 0 : (x > ceiling ? ceiling : x);
    }
}
void ck_relu(int64_t count, float ceiling, const float *x, float *y) {
    elementwise k = {ceiling, x, 0, y, 0};
    cthreading_for(count, CHUNK, relu_body, &k);
}

CLONES static void relu_backward_body(void *context, int64_t begin, int64_t end) {
    const elementwise *k = context;
    const float ceiling = k->factor;
    for (int64_t i = begin; i < end; i++) k->out[i] = ((k->a[i] > 0) & (k->a[i] < ceiling)) ? k->b[i] : 0;
}
void ck_relu_backward(int64_t count, float ceiling, const float *y, const float *dy, float *dx) {
    elementwise k = {ceiling, y, dy, dx, 0};
    cthreading_for(count, CHUNK, relu_backward_body, &k);
}

CLONES static void sigmoid_body(void *context, int64_t begin, int64_t end) {
    const elementwise *k = context;
    for (int64_t i = begin; i < end; i++) {
        const float x = k->a[i], e = exp_f32(-fabsf(x)), p = 1.0f / (1.0f + e), y = x >= 0 ? p : e * p;
        // A NaN stays a NaN, as in ck_relu: exp_f32 alone would make it a number.
        k->out[i] = x == x ? y : x;
    }
}
void ck_sigmoid(int64_t count, const float *x, float *y) {
    elementwise k = {0, x, 0, y, 0};
    cthreading_for(count, CHUNK / 4, sigmoid_body, &k);
}

CLONES static void sigmoid_backward_body(void *context, int64_t begin, int64_t end) {
    const elementwise *k = context;
    for (int64_t i = begin; i < end; i++) k->out[i] = k->b[i] * k->a[i] * (1 - k->a[i]);
}
void ck_sigmoid_backward(int64_t count, const float *y, const float *dy, float *dx) {
    elementwise k = {0, y, dy, dx, 0};
    cthreading_for(count, CHUNK, sigmoid_backward_body, &k);
}

// One partial sum a piece, added up in order afterwards.
static double sum_pieces(int64_t count, cthreading_body body, elementwise *k) {
    const int64_t pieces = (count + CHUNK - 1) / CHUNK;
    double small[256], total = 0;
    k->partial = pieces <= 256 ? small : malloc((size_t)pieces * sizeof(double));
    if (!k->partial) abort();
    cthreading_for(count, CHUNK, body, k);
    for (int64_t i = 0; i < pieces; i++) total += k->partial[i];
    if (k->partial != small) free(k->partial);
    return total;
}

CLONES static void sum_of_squares_body(void *context, int64_t begin, int64_t end) {
#pragma clang fp reassociate(on)
    const elementwise *k = context;
    double total = 0;
    for (int64_t i = begin; i < end; i++) total += (double)k->a[i] * k->a[i];
    k->partial[begin / CHUNK] = total;
}
double ck_sum_of_squares(int64_t count, const float *x) {
    elementwise k = {0, x, 0, 0, 0};
    return sum_pieces(count, sum_of_squares_body, &k);
}

CLONES static void sum_body(void *context, int64_t begin, int64_t end) {
#pragma clang fp reassociate(on)
    const elementwise *k = context;
    double total = 0;
    for (int64_t i = begin; i < end; i++) total += k->a[i];
    k->partial[begin / CHUNK] = total;
}
double ck_sum(int64_t count, const float *x) {
    elementwise k = {0, x, 0, 0, 0};
    return sum_pieces(count, sum_body, &k);
}

CLONES static void finite_body(void *context, int64_t begin, int64_t end) {
    const elementwise *k = context;
    int32_t bad = 0;
    for (int64_t i = begin; i < end; i++) {
        union { float f; int32_t i; } u = {k->a[i]};
        bad |= (u.i & 0x7f800000) == 0x7f800000;
    }
    k->partial[begin / CHUNK] = bad;
}
int ck_all_finite(int64_t count, const float *x) {
    elementwise k = {0, x, 0, 0, 0};
    return sum_pieces(count, finite_body, &k) == 0;
}

typedef struct {
    int64_t rows, channels, block;
    const float *x;
    const int32_t *index;
    float *y;
    double *partial;
} rowwise;

CLONES static void column_sums_body(void *context, int64_t begin, int64_t end) {
    const rowwise *k = context;
    const int64_t channels = k->channels;
    double *sums = k->partial + begin / k->block * channels;
    for (int64_t c = 0; c < channels; c++) sums[c] = 0;
    for (int64_t r = begin; r < end; r++) {
        const float *x = k->x + r * channels;
        for (int64_t c = 0; c < channels; c++) sums[c] += x[c];
    }
}
void ck_column_sums(int64_t rows, int64_t channels, const float *x, double *sums) {
    const int64_t block = max64(64, rows_per_piece(channels)), pieces = (rows + block - 1) / block;
    rowwise k = {rows, channels, block, x, 0, 0, malloc((size_t)max64(1, pieces * channels) * sizeof(double))};
    if (!k.partial) abort();
    cthreading_for(rows, block, column_sums_body, &k);
    for (int64_t c = 0; c < channels; c++) sums[c] = 0;
    for (int64_t p = 0; p < pieces; p++)
        for (int64_t c = 0; c < channels; c++) sums[c] += k.partial[p * channels + c];
    free(k.partial);
}

CLONES static void add_bias_body(void *context, int64_t begin, int64_t end) {
    const rowwise *k = context;
    for (int64_t r = begin; r < end; r++) {
        float *y = k->y + r * k->channels;
        for (int64_t c = 0; c < k->channels; c++) y[c] += k->x[c];
    }
}
void ck_add_bias(int64_t rows, int64_t channels, const float *bias, float *x) {
    rowwise k = {rows, channels, 0, bias, 0, x, 0};
    cthreading_for(rows, rows_per_piece(channels), add_bias_body, &k);
}

static void gather_body(void *context, int64_t begin, int64_t end) {
    const rowwise *k = context;
    for (int64_t i = begin; i < end; i++)
        memcpy(k->y + i * k->channels, k->x + (int64_t)k->index[i] * k->channels, (size_t)k->channels * sizeof(float));
}
void ck_gather_rows(int64_t count, int64_t channels, const int32_t *index, const float *source, float *destination) {
    rowwise k = {count, channels, 0, source, index, destination, 0};
    cthreading_for(count, rows_per_piece(channels), gather_body, &k);
}

// Parallel over channels, not rows: two rows may go to one place, and their order must not depend on threads.
CLONES static void scatter_body(void *context, int64_t begin, int64_t end) {
    const rowwise *k = context;
    for (int64_t i = 0; i < k->rows; i++) {
        float *y = k->y + (int64_t)k->index[i] * k->channels;
        const float *x = k->x + i * k->channels;
        for (int64_t c = begin; c < end; c++) y[c] += x[c];
    }
}
void ck_scatter_add_rows(
    int64_t count, int64_t channels, const int32_t *index, const float *source, float *destination) {
    rowwise k = {count, channels, 0, source, index, destination, 0};
    cthreading_for(channels, 64, scatter_body, &k);
}
