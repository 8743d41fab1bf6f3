#include "CKernelsElementwise.h"

#include "kernel.h"

typedef struct {
    const void *from;
    void *to;
} conversion;

CLONES static void widen_body(void *context, int64_t begin, int64_t end) {
    const conversion *k = context;
    for (int64_t i = begin; i < end; i++) store(k->to, i, load(k->from, i, CK_BFLOAT16), CK_FLOAT32);
}
CLONES static void narrow_body(void *context, int64_t begin, int64_t end) {
    const conversion *k = context;
    for (int64_t i = begin; i < end; i++) store(k->to, i, load(k->from, i, CK_FLOAT32), CK_BFLOAT16);
}
void ck_convert(int64_t count, int32_t from_type, const void *from, int32_t to_type, void *to) {
    conversion k = {from, to};
    if (from_type == to_type)
        memcpy(to, from, (size_t)count * bytes_of(to_type));
    else
        cthreading_for(count, CHUNK, from_type == CK_BFLOAT16 ? widen_body : narrow_body, &k);
}

typedef struct {
    float ceiling;
    const void *a, *b;
    void *out;
} pairwise;

INLINE void add_items(void *context, int64_t begin, int64_t end, int32_t type) {
    const pairwise *k = context;
    for (int64_t i = begin; i < end; i++) store(k->out, i, load(k->a, i, type) + load(k->b, i, type), type);
}
TYPED_BODIES(add_items)
void ck_add(int32_t type, int64_t count, const void *a, const void *b, void *out) {
    pairwise k = {0, a, b, out};
    cthreading_for(count, CHUNK, TYPED(add_items, type), &k);
}

// Written so that a NaN stays a NaN: a silent 0 would hide a broken step.
INLINE float clipped(float x, float ceiling) { return x < 0 ? 0 : (x > ceiling ? ceiling : x); }

INLINE void relu_items(void *context, int64_t begin, int64_t end, int32_t type) {
    const pairwise *k = context;
    const float ceiling = k->ceiling;
    for (int64_t i = begin; i < end; i++) store(k->out, i, clipped(load(k->a, i, type), ceiling), type);
}
TYPED_BODIES(relu_items)
void ck_relu(int32_t type, int64_t count, float ceiling, const void *x, void *y) {
    pairwise k = {ceiling, x, 0, y};
    cthreading_for(count, CHUNK, TYPED(relu_items, type), &k);
}

INLINE void relu_backward_items(void *context, int64_t begin, int64_t end, int32_t type) {
    const pairwise *k = context;
    const float ceiling = k->ceiling;
    for (int64_t i = begin; i < end; i++) {
        const float y = load(k->a, i, type), dy = load(k->b, i, type);
        store(k->out, i, ((y > 0) & (y < ceiling)) ? dy : 0, type);
    }
}
TYPED_BODIES(relu_backward_items)
void ck_relu_backward(int32_t type, int64_t count, float ceiling, const void *y, const void *dy, void *dx) {
    pairwise k = {ceiling, y, dy, dx};
    cthreading_for(count, CHUNK, TYPED(relu_backward_items, type), &k);
}

// Three inputs: y, a and b.
typedef struct {
    float ceiling;
    const void *y, *a, *b;
    void *out;
} masked_sum;

INLINE void add_masked_items(void *context, int64_t begin, int64_t end, int32_t type) {
    const masked_sum *k = context;
    const float ceiling = k->ceiling;
    for (int64_t i = begin; i < end; i++) {
        const float y = load(k->y, i, type), sum = load(k->a, i, type) + load(k->b, i, type);
        store(k->out, i, ((y > 0) & (y < ceiling)) ? sum : 0, type);
    }
}
TYPED_BODIES(add_masked_items)
void ck_add_masked(
    int32_t type, int64_t count, float ceiling, const void *y, const void *a, const void *b, void *out) {
    masked_sum k = {ceiling, y, a, b, out};
    cthreading_for(count, CHUNK, TYPED(add_masked_items, type), &k);
}

typedef struct {
    float factor;
    const float *a, *b;
    float *out;
    double *partial;
} elementwise;

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

INLINE void column_sums_rows(void *context, int64_t begin, int64_t end, int32_t type) {
    const rowwise *k = context;
    const int64_t channels = k->channels;
    double *sums = k->partial + begin / k->block * channels;
    for (int64_t first = 0; first < channels; first += STRIP) {
        const int64_t lanes = min64(STRIP, channels - first);
        double strip[STRIP] = {0};
        if (lanes == STRIP)
            for (int64_t r = begin; r < end; r++)
                for (int64_t i = 0; i < STRIP; i++) strip[i] += load(k->x, r * channels + first + i, type);
        else
            for (int64_t r = begin; r < end; r++)
                for (int64_t i = 0; i < lanes; i++) strip[i] += load(k->x, r * channels + first + i, type);
        for (int64_t i = 0; i < lanes; i++) sums[first + i] = strip[i];
    }
}
TYPED_BODIES(column_sums_rows)
void ck_column_sums(int32_t type, int64_t rows, int64_t channels, const void *x, double *sums) {
    const int64_t block = max64(64, rows_per_piece(channels)), pieces = (rows + block - 1) / block;
    rowwise k = {rows, channels, block, x, 0, 0, malloc((size_t)max64(1, pieces * channels) * sizeof(double))};
    if (!k.partial) abort();
    cthreading_for(rows, block, TYPED(column_sums_rows, type), &k);
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

INLINE void gather_rows_items(void *context, int64_t begin, int64_t end, int32_t type) {
    const rowwise *k = context;
    const int64_t channels = k->channels;
    for (int64_t i = begin; i < end; i++)
        for (int64_t c = 0; c < channels; c++)
            k->y[i * channels + c] = load(k->x, k->index[i] * channels + c, type);
}
TYPED_BODIES(gather_rows_items)
void ck_gather_rows(
    int32_t type, int64_t count, int64_t channels, const int32_t *index, const void *source, float *destination) {
    rowwise k = {count, channels, 0, source, index, destination, 0};
    cthreading_for(count, rows_per_piece(channels), TYPED(gather_rows_items, type), &k);
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
