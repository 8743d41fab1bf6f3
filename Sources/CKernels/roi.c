#include "CKernelsRoI.h"

#include "kernel.h"

// A region's samples lie on a grid, bilinear weights are products of one per axis, and so is the average over a bin:
// a bin's value is the sum over rows r and columns c of weight(r) weight(c) map[r, c]. Each axis has a short list of
// (position, weight) per bin; samples of one bin that read the same pixel share an entry.

// Channels that one pass keeps in registers.
enum { BLOCK = 64 };
typedef float block16 __attribute__((vector_size(64), aligned(4)));

// One axis of one region: entries of bin b at start[b]..<start[b + 1].
typedef struct {
    int32_t *start, *position;
    float *weight;
    int32_t first, last;
} axis;

typedef struct {
    float begin, bin;
    int64_t samples, size;
} axis_shape;

INLINE axis_shape shape_axis(const ck_roi_shape *s, float low, float high, float scale, int64_t size) {
    const float shift = s->aligned ? 0.5f : 0.0f;
    const float begin = low * scale - shift, end = high * scale - shift;
    const float length = s->aligned ? end - begin : fmaxf(end - begin, 1.0f);
    const float adaptive = ceilf(length / (float)s->bins);
    // A region of negative or absurd size has no samples, or as many as the map has pixels.
    const int64_t samples = s->samples > 0 ? s->samples : (int64_t)fminf(fmaxf(adaptive, 0), (float)(2 * size + 2));
    return (axis_shape){begin, length / (float)s->bins, samples, size};
}

INLINE int64_t capacity(const ck_roi_shape *s, const axis_shape *a) { return s->bins * 2 * a->samples; }

static void add_entry(axis *out, int32_t bin_start, int32_t *count, int32_t position, float weight) {
    if (weight == 0) return;
    for (int32_t i = *count - 1; i >= bin_start && i >= *count - 2; i--)
        if (out->position[i] == position) {
            out->weight[i] += weight;
            return;
        }
    out->position[*count] = position;
    out->weight[(*count)++] = weight;
}

static void fill_axis(const ck_roi_shape *s, const axis_shape *a, axis *out) {
    const float share = 1.0f / (float)max64(1, a->samples);
    int32_t count = 0;
    out->start[0] = 0;
    for (int64_t b = 0; b < s->bins; b++) {
        const int32_t bin_start = count;
        for (int64_t i = 0; i < a->samples; i++) {
            float at = a->begin + (float)b * a->bin + ((float)i + 0.5f) * a->bin / (float)a->samples;
            if (!(at >= -1.0f && at <= (float)a->size)) continue;
            at = fmaxf(at, 0);
            const int32_t low = (int32_t)min64((int64_t)at, a->size - 1);
            const float rest = low >= a->size - 1 ? 0 : at - (float)low;
            add_entry(out, bin_start, &count, low, (1 - rest) * share);
            add_entry(out, bin_start, &count, low + 1, rest * share);
        }
        out->start[b + 1] = count;
    }
    out->first = INT32_MAX;
    out->last = -1;
    for (int32_t i = 0; i < count; i++) {
        if (out->position[i] < out->first) out->first = out->position[i];
        if (out->position[i] > out->last) out->last = out->position[i];
    }
}

typedef struct {
    ck_roi_shape shape;
    const ck_roi_level *levels;
    const float *box;
    const int32_t *image, *level;
    const int64_t *order;
    float *out;
} forward;

static void *allocate(int64_t bytes) {
    void *memory = malloc((size_t)max64(bytes, 1));
    if (!memory) abort();
    return memory;
}

static axis allocate_axis(int64_t bins, int64_t capacity) {
    axis a = {allocate((bins + 1 + capacity) * 4), 0, allocate(capacity * 4), 0, 0};
    a.position = a.start + bins + 1;
    return a;
}

static void free_axis(axis *a) {
    free(a->start);
    free(a->weight);
}

// out[c] = the weighted sum of one bin's pixels.
INLINE void bin_value(
    const float *map, int64_t row_stride, int64_t channels, const axis *y, int32_t y0, int32_t y1, const axis *x,
    int32_t x0, int32_t x1, float *out) {
    int64_t c = 0;
    for (; c + BLOCK <= channels; c += BLOCK) {
        block16 a = {0}, b = {0}, d = {0}, e = {0};
        for (int32_t i = y0; i < y1; i++) {
            const float *row = map + y->position[i] * row_stride + c;
            for (int32_t j = x0; j < x1; j++) {
                const block16 *p = (const block16 *)(row + x->position[j] * channels);
                const float w = y->weight[i] * x->weight[j];
                a += w * p[0];
                b += w * p[1];
                d += w * p[2];
                e += w * p[3];
            }
        }
        block16 *o = (block16 *)(out + c);
        o[0] = a;
        o[1] = b;
        o[2] = d;
        o[3] = e;
    }
    if (c == channels) return;
    for (int64_t k = c; k < channels; k++) out[k] = 0;
    for (int32_t i = y0; i < y1; i++)
        for (int32_t j = x0; j < x1; j++) {
            const float *p = map + y->position[i] * row_stride + x->position[j] * channels;
            const float w = y->weight[i] * x->weight[j];
            for (int64_t k = c; k < channels; k++) out[k] += w * p[k];
        }
}

CLONES static void forward_body(void *context, int64_t begin, int64_t end) {
    const forward *k = context;
    const int64_t bins = k->shape.bins, channels = k->shape.channels;
    for (int64_t i = begin; i < end; i++) {
        const int64_t r = k->order[i];
        const ck_roi_level *l = k->levels + k->level[r];
        const float *b = k->box + 4 * r;
        const axis_shape sx = shape_axis(&k->shape, b[0], b[2], l->scale, l->width);
        const axis_shape sy = shape_axis(&k->shape, b[1], b[3], l->scale, l->height);
        axis x = allocate_axis(bins, capacity(&k->shape, &sx)), y = allocate_axis(bins, capacity(&k->shape, &sy));
        fill_axis(&k->shape, &sx, &x);
        fill_axis(&k->shape, &sy, &y);
        const float *map = l->values + k->image[r] * l->height * l->width * channels;
        float *out = k->out + r * bins * bins * channels;
        for (int64_t by = 0; by < bins; by++)
            for (int64_t bx = 0; bx < bins; bx++, out += channels)
                bin_value(
                    map, l->width * channels, channels, &y, y.start[by], y.start[by + 1], &x, x.start[bx],
                    x.start[bx + 1], out);
        free_axis(&x);
        free_axis(&y);
    }
}

typedef struct {
    uint64_t place;
    int64_t roi;
} placed;

static int by_place(const void *a, const void *b) {
    const placed *p = a, *q = b;
    if (p->place != q->place) return p->place < q->place ? -1 : 1;
    return p->roi < q->roi ? -1 : p->roi > q->roi;
}

// Neighbours on the map one after another: they read the same pixels while those are in the cache.
static int64_t *order_by_place(const forward *k, int64_t rois) {
    placed *list = allocate(rois * (int64_t)sizeof *list);
    int64_t *order = allocate(rois * 8);
    for (int64_t r = 0; r < rois; r++) {
        const ck_roi_level *l = k->levels + k->level[r];
        const float *b = k->box + 4 * r;
        const float y = (b[1] + b[3]) * 0.5f * l->scale, x = (b[0] + b[2]) * 0.5f * l->scale;
        const uint64_t row = (uint64_t)fminf(fmaxf(y, 0), 1e6f) / 8, column = (uint64_t)fminf(fmaxf(x, 0), 1e6f);
        list[r] = (placed){
            (((uint64_t)k->level[r] << 24 | (uint64_t)k->image[r]) << 34) | row << 20 | (column & 0xfffff), r};
    }
    qsort(list, (size_t)rois, sizeof *list, by_place);
    for (int64_t i = 0; i < rois; i++) order[i] = list[i].roi;
    free(list);
    return order;
}

void ck_roi_align(
    const ck_roi_shape *shape, const ck_roi_level *levels, int64_t rois, const float *box, const int32_t *image,
    const int32_t *level, float *out) {
    forward k = {*shape, levels, box, image, level, 0, out};
    int64_t *order = order_by_place(&k, rois);
    k.order = order;
    cthreading_for(rois, 8, forward_body, &k);
    free(order);
}

// Backward: a piece of work is a band of rows of one image of one level, and adds up what all regions give to it, in
// their order. Which thread does it changes nothing.

// Rows of a band: few enough that it stays in the cache, enough that a region is met in few bands.
enum { BAND = 8 };

// One axis read the other way: entries of map position p at start[p - first]..<start[p - first + 1] name bins.
typedef struct {
    int32_t first, count;
    int32_t *start, *bin;
    float *weight;
} reversed;

typedef struct {
    reversed x, y;
} footprint;

typedef struct {
    int64_t level, image, row, rows;
    // Regions that reach it: list[begin..<end].
    int64_t begin, end;
} band;

typedef struct {
    ck_roi_shape shape;
    const ck_roi_level *levels;
    const float *box, *dout;
    const int32_t *image, *level;
    footprint *footprints;
    band *bands;
    int64_t *list, *order;
} backward;

static reversed reverse_axis(const axis *a, int64_t bins) {
    const int32_t entries = a->start[bins];
    const int32_t first = a->last < 0 ? 0 : a->first, count = a->last < 0 ? 0 : a->last - a->first + 1;
    reversed r = {first, count, allocate((count + 1 + entries) * 4), 0, allocate(entries * 4)};
    r.bin = r.start + count + 1;
    memset(r.start, 0, (size_t)(count + 1) * 4);
    for (int32_t i = 0; i < entries; i++) r.start[a->position[i] - first + 1]++;
    for (int32_t p = 0; p < count; p++) r.start[p + 1] += r.start[p];
    for (int32_t b = 0; b < bins; b++)
        for (int32_t i = a->start[b]; i < a->start[b + 1]; i++) {
            const int32_t slot = r.start[a->position[i] - first]++;
            r.bin[slot] = b;
            r.weight[slot] = a->weight[i];
        }
    for (int32_t p = count; p > 0; p--) r.start[p] = r.start[p - 1];
    r.start[0] = 0;
    return r;
}

static void footprint_body(void *context, int64_t begin, int64_t end) {
    const backward *k = context;
    const int64_t bins = k->shape.bins;
    for (int64_t r = begin; r < end; r++) {
        const ck_roi_level *l = k->levels + k->level[r];
        const float *b = k->box + 4 * r;
        const axis_shape sx = shape_axis(&k->shape, b[0], b[2], l->scale, l->width);
        const axis_shape sy = shape_axis(&k->shape, b[1], b[3], l->scale, l->height);
        axis x = allocate_axis(bins, capacity(&k->shape, &sx)), y = allocate_axis(bins, capacity(&k->shape, &sy));
        fill_axis(&k->shape, &sx, &x);
        fill_axis(&k->shape, &sy, &y);
        k->footprints[r] = (footprint){reverse_axis(&x, bins), reverse_axis(&y, bins)};
        free_axis(&x);
        free_axis(&y);
    }
}

// line[bx] = the sum over the row's bins of weight * dout[by, bx]; `width` channels from c on.
INLINE void combine_bins(
    const reversed *y, int32_t row, const float *dout, int64_t bins, int64_t channels, int64_t width, float *line) {
    const int32_t begin = y->start[row], end = y->start[row + 1];
    for (int64_t bx = 0; bx < bins; bx++) {
        float *to = line + bx * BLOCK;
        for (int32_t i = begin; i < end; i++) {
            const float *from = dout + (y->bin[i] * bins + bx) * channels;
            const float w = y->weight[i];
            if (i == begin)
                for (int64_t c = 0; c < width; c++) to[c] = w * from[c];
            else
                for (int64_t c = 0; c < width; c++) to[c] += w * from[c];
        }
    }
}

INLINE void add_row(const reversed *x, const float *line, int64_t channels, float *row) {
    for (int32_t p = 0; p < x->count; p++) {
        block16 *to = (block16 *)(row + (x->first + p) * channels);
        block16 a = to[0], b = to[1], d = to[2], e = to[3];
        for (int32_t i = x->start[p]; i < x->start[p + 1]; i++) {
            const block16 *from = (const block16 *)(line + x->bin[i] * BLOCK);
            const float w = x->weight[i];
            a += w * from[0];
            b += w * from[1];
            d += w * from[2];
            e += w * from[3];
        }
        to[0] = a;
        to[1] = b;
        to[2] = d;
        to[3] = e;
    }
}

INLINE void add_row_part(const reversed *x, const float *line, int64_t channels, int64_t width, float *row) {
    for (int32_t p = 0; p < x->count; p++) {
        float *to = row + (x->first + p) * channels;
        for (int32_t i = x->start[p]; i < x->start[p + 1]; i++) {
            const float *from = line + x->bin[i] * BLOCK;
            const float w = x->weight[i];
            for (int64_t c = 0; c < width; c++) to[c] += w * from[c];
        }
    }
}

CLONES static void backward_body(void *context, int64_t begin, int64_t end) {
    const backward *k = context;
    const int64_t bins = k->shape.bins, channels = k->shape.channels;
    float *line = allocate(bins * BLOCK * 4);
    for (int64_t i = begin; i < end; i++) {
        const band *band = k->bands + k->order[i];
        const ck_roi_level *l = k->levels + band->level;
        const int64_t stride = l->width * channels;
        float *map = l->values + (band->image * l->height + band->row) * stride;
        memset(map, 0, (size_t)(band->rows * stride) * sizeof(float));
        for (int64_t n = band->begin; n < band->end; n++) {
            const int64_t r = k->list[n];
            const footprint *f = k->footprints + r;
            const float *dout = k->dout + r * bins * bins * channels;
            const int64_t from = max64(f->y.first, band->row);
            const int64_t to = min64(f->y.first + f->y.count, band->row + band->rows);
            for (int64_t y = from; y < to; y++) {
                const int32_t row = (int32_t)(y - f->y.first);
                if (f->y.start[row] == f->y.start[row + 1]) continue;
                float *at = map + (y - band->row) * stride;
                int64_t c = 0;
                for (; c + BLOCK <= channels; c += BLOCK) {
                    combine_bins(&f->y, row, dout + c, bins, channels, BLOCK, line);
                    add_row(&f->x, line, channels, at + c);
                }
                if (c < channels) {
                    combine_bins(&f->y, row, dout + c, bins, channels, channels - c, line);
                    add_row_part(&f->x, line, channels, channels - c, at + c);
                }
            }
        }
    }
    free(line);
}

INLINE int64_t band_count(const ck_roi_level *l) { return (l->height + BAND - 1) / BAND; }

// Lists for every band the regions that reach it, in their order.
static int64_t make_bands(backward *k, int64_t level_count, int64_t rois) {
    int64_t total = 0;
    int64_t *level_start = allocate(level_count * 8);
    for (int64_t l = 0; l < level_count; l++) {
        level_start[l] = total;
        total += k->levels[l].images * band_count(k->levels + l);
    }
    k->bands = allocate(total * (int64_t)sizeof(band));
    for (int64_t l = 0, i = 0; l < level_count; l++)
        for (int64_t n = 0; n < k->levels[l].images; n++)
            for (int64_t row = 0; row < k->levels[l].height; row += BAND, i++)
                k->bands[i] = (band){l, n, row, min64(BAND, k->levels[l].height - row), 0, 0};
    // Twice over the regions: count, then place.
    int64_t places = 0;
    k->list = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t r = 0; r < rois; r++) {
            const reversed *y = &k->footprints[r].y;
            if (y->count == 0) continue;
            const int64_t base = level_start[k->level[r]] + k->image[r] * band_count(k->levels + k->level[r]);
            for (int64_t b = y->first / BAND; b <= (y->first + y->count - 1) / BAND; b++) {
                band *band = k->bands + base + b;
                if (pass == 1) k->list[band->end] = r;
                band->end++;
            }
        }
        if (pass == 1) break;
        for (int64_t i = 0; i < total; i++) {
            const int64_t count = k->bands[i].end;
            k->bands[i].begin = k->bands[i].end = places;
            places += count;
        }
        k->list = allocate(places * 8);
    }
    free(level_start);
    // Regions crowd in parts of an image: strides of the golden ratio give any stretch of the order a fair mix.
    k->order = allocate(total * 8);
    int64_t step = max64(1, (int64_t)((double)total * 0.6180339887));
    for (;; step++) {
        int64_t a = step, b = total;
        while (b) {
            const int64_t rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1 || total == 0) break;
    }
    for (int64_t i = 0; i < total; i++) k->order[i] = i * step % total;
    return total;
}

void ck_roi_align_backward(
    const ck_roi_shape *shape, const ck_roi_level *levels, int64_t level_count, int64_t rois, const float *box,
    const int32_t *image, const int32_t *level, const float *dout) {
    backward k = {*shape, levels, box, dout, image, level, allocate(rois * (int64_t)sizeof(footprint)), 0, 0, 0};
    cthreading_for(rois, 32, footprint_body, &k);
    const int64_t bands = make_bands(&k, level_count, rois);
    cthreading_for(bands, 1, backward_body, &k);
    for (int64_t r = 0; r < rois; r++) {
        free(k.footprints[r].x.start);
        free(k.footprints[r].x.weight);
        free(k.footprints[r].y.start);
        free(k.footprints[r].y.weight);
    }
    free(k.footprints);
    free(k.bands);
    free(k.list);
    free(k.order);
}
