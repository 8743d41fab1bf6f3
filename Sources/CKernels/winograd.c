#include "CKernelsWinograd.h"

#include "kernel.h"
#include "products.h"

// DEPTH: terms of a product summed in registers before they are added to memory.
enum { POINTS = 36, MAX_CHANNELS = 8192, DEPTH = 256 };

// What one instruction set provides; see winograd_kernels.h.
struct winograd_kernels {
    // By the type of the map.
    void (*input_tile[2])(const void *const pixels[36], int64_t channels, float *out, int64_t stride, int64_t panel);
    void (*gradient_tile[2])(const void *const pixels[16], int64_t channels, float *out, int64_t stride, int64_t panel);
    void (*output_tile[2])(
        const float *points, int64_t stride, int64_t channels, const float *bias, int accumulates, int rectifies,
        float ceiling, void *const pixels[16]);
    void (*filter)(const float *taps, float *out, int64_t stride);
    void (*filter_gradient)(const float *points, int64_t stride, float *taps);
};

#define KERNELS "winograd_kernels.h"
#include "instruction_sets.h"

// Read where a tile reaches over the map's edge.
static const float outside[MAX_CHANNELS];

// The map as tiles of 4x4 outputs.
struct tiling {
    int64_t h, w, rows, columns, count;
};

static struct tiling tiling(int64_t n, int64_t h, int64_t w) {
    const int64_t rows = (h + 3) / 4, columns = (w + 3) / 4;
    return (struct tiling){h, w, rows, columns, n * rows * columns};
}

// The pixels of a square of `size`, `lead` above and left of the tile's origin, in a map of `channels`.
INLINE void gather(
    const struct tiling *t, int64_t tile, const void *map, int32_t type, int64_t channels, const int size, const int lead,
    const void *pixels[]) {
    const int64_t n = tile / (t->rows * t->columns), place = tile % (t->rows * t->columns);
    const int64_t top = place / t->columns * 4 - lead, left = place % t->columns * 4 - lead;
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++) {
            const int64_t py = top + y, px = left + x;
            const int inside = py >= 0 && py < t->h && px >= 0 && px < t->w;
            const size_t at = (size_t)(((n * t->h + py) * t->w + px) * channels) * bytes_of(type);
            pixels[y * size + x] = inside ? (const char *)map + at : (const void *)outside;
        }
}

// Floats from one of 36 equal matrices to the next: a cache line more than the matrix, so that the 36 places that are
// written or read together do not fall on the same sets of the caches.
INLINE int64_t apart(int64_t matrix) { return matrix + PANEL; }

int64_t ck_winograd_packed_count(int64_t inputs, int64_t outputs) {
    return POINTS * apart(max64(inputs * padded(outputs), padded(inputs) * outputs));
}

struct pack {
    const struct winograd_kernels *k;
    int64_t rows, columns, row_step, column_step;
    int flips;
    const float *weight;
    float *packed;
};

// One panel: sixteen columns of all 36 matrices.
static void pack_panels(void *context, int64_t begin, int64_t end) {
    const struct pack *p = context;
    float taps[9 * PANEL];
    for (int64_t panel = begin; panel < end; panel++)
        for (int64_t row = 0; row < p->rows; row++) {
            const float *w = p->weight + row * p->row_step + panel * PANEL * p->column_step;
            const int64_t lanes = min64(PANEL, p->columns - panel * PANEL);
            if (lanes < PANEL) memset(taps, 0, sizeof taps);
            for (int64_t lane = 0; lane < lanes; lane++)
                for (int tap = 0; tap < 9; tap++) taps[(p->flips ? 8 - tap : tap) * PANEL + lane] = w[lane * p->column_step + tap];
            p->k->filter(taps, p->packed + (panel * p->rows + row) * PANEL, apart(p->rows * padded(p->columns)));
        }
}

void ck_winograd_pack(int64_t outputs, int64_t inputs, const float *weight, int transposed, float *packed) {
    struct pack p = {OF_THIS_PROCESSOR(winograd), inputs, outputs, 9, inputs * 9, 0, weight, packed};
    if (transposed) p = (struct pack){OF_THIS_PROCESSOR(winograd), outputs, inputs, inputs * 9, 9, 1, weight, packed};
    cthreading_for(padded(p.columns) / PANEL, 1, pack_panels, &p);
}

struct forward {
    const struct winograd_kernels *k;
    const struct product_kernels *products;
    const ck_winograd_shape *shape;
    struct tiling tiles;
    // Tiles are cut into `pieces` of up to `block`; members take the next one when they are done, since cores are not
    // equally fast.
    int64_t team, pieces, block, space_each, taken;
    const void *x;
    const float *packed, *bias;
    int accumulates, rectifies;
    float ceiling;
    void *y;
    float *space;
};

// The team, and the tiles a member takes at a time: enough that a weight's matrices are read seldom, evenly cut.
static void share(struct forward *f) {
    f->tiles = tiling(f->shape->n, f->shape->h, f->shape->w);
    f->team = min64(cthreading_thread_count(), max64(1, f->tiles.count / 4));
    const int64_t most = 96, each = (f->tiles.count + f->team - 1) / f->team;
    f->pieces = f->team * ((each + most - 1) / most);
    f->block = (f->tiles.count + f->pieces - 1) / f->pieces;
    f->space_each = POINTS * (apart(f->block * padded(f->shape->inputs)) + apart(f->block * padded(f->shape->outputs)));
}

int64_t ck_winograd_forward_space(const ck_winograd_shape *shape) {
    struct forward f = {.shape = shape};
    share(&f);
    return f.team * f.space_each;
}

static void forward_tiles(const struct forward *f, int64_t first, int64_t count, float *space) {
    const int32_t type = f->shape->type;
    const int64_t ic = f->shape->inputs, oc = f->shape->outputs;
    const int64_t in_row = padded(ic), out_row = padded(oc);
    const int64_t in_stride = apart(f->block * in_row), out_stride = apart(f->block * out_row);
    float *sums = space + POINTS * in_stride;
    for (int64_t i = 0; i < count; i++) {
        const void *pixels[36];
        gather(&f->tiles, first + i, f->x, type, ic, 6, 1, pixels);
        f->k->input_tile[type](pixels, ic, space + i * in_row, in_stride, PANEL);
    }
    for (int64_t p = 0; p < POINTS; p++)
        for (int64_t d = 0; d < ic; d += DEPTH)
            f->products->product(
                count, out_row, min64(DEPTH, ic - d), space + p * in_stride + d, in_row,
                f->packed + p * apart(ic * out_row) + d * PANEL, ic * PANEL, sums + p * out_stride, out_row, d > 0);
    for (int64_t i = 0; i < count; i++) {
        const void *found[16];
        void *pixels[16];
        gather(&f->tiles, first + i, f->y, type, oc, 4, 0, found);
        for (int j = 0; j < 16; j++) pixels[j] = found[j] == (const void *)outside ? NULL : (void *)found[j];
        f->k->output_tile[type](
            sums + i * out_row, out_stride, oc, f->bias, f->accumulates, f->rectifies, f->ceiling, pixels);
    }
}

static void forward_members(void *context, int64_t begin, int64_t end) {
    struct forward *f = context;
    for (int64_t member = begin; member < end; member++)
        for (int64_t piece; (piece = __atomic_fetch_add(&f->taken, 1, __ATOMIC_RELAXED)) < f->pieces;) {
            const int64_t first = piece * f->tiles.count / f->pieces, last = (piece + 1) * f->tiles.count / f->pieces;
            forward_tiles(f, first, last - first, f->space + member * f->space_each);
        }
}

void ck_winograd_forward(
    const ck_winograd_shape *shape, const void *x, const float *packed, const float *bias, int accumulates,
    int rectifies, float ceiling, void *y, float *space) {
    struct forward f = {
        .k = OF_THIS_PROCESSOR(winograd), .products = product_kernels(), .shape = shape, .x = x, .packed = packed,
        .bias = bias, .accumulates = accumulates, .rectifies = rectifies, .ceiling = ceiling, .y = y, .space = space};
    share(&f);
    cthreading_for(f.team, 1, forward_members, &f);
}

struct weight_gradient {
    const struct winograd_kernels *k;
    const struct product_kernels *products;
    const ck_winograd_shape *shape;
    const ck_winograd_map *maps;
    // Tiles of all maps, those of this round, and the most of any round.
    int64_t total, first, count, most;
    int accumulate;
    float *inputs, *gradients, *sums, *weight_gradient;
};

static struct tiling map_tiling(const ck_winograd_map *m) { return tiling(m->n, m->h, m->w); }

static int64_t tiles_of(const ck_winograd_map *maps, int64_t map_count) {
    int64_t tiles = 0;
    for (int64_t i = 0; i < map_count; i++) tiles += map_tiling(&maps[i]).count;
    return tiles;
}

// Tiles whose points are held at a time: 64 MB of them.
static int64_t tiles_per_round(const ck_winograd_shape *s, int64_t tiles) {
    return min64(tiles, max64(64, (64 << 20) / (POINTS * 4 * (padded(s->inputs) + padded(s->outputs)))));
}

INLINE int64_t panel_size(const struct weight_gradient *g) { return g->most * PANEL; }

int64_t ck_winograd_weight_gradient_space(
    const ck_winograd_shape *s, const ck_winograd_map *maps, int64_t map_count) {
    const int64_t most = tiles_per_round(s, tiles_of(maps, map_count));
    const int64_t inputs = padded(s->inputs), outputs = padded(s->outputs);
    return POINTS * (apart(inputs * outputs) + apart(most * inputs) + apart(most * outputs));
}

INLINE int64_t input_stride(const struct weight_gradient *g) { return apart(g->most * padded(g->shape->inputs)); }
INLINE int64_t gradient_stride(const struct weight_gradient *g) { return apart(g->most * padded(g->shape->outputs)); }

static void transform_tiles(void *context, int64_t begin, int64_t end) {
    const struct weight_gradient *g = context;
    const int32_t type = g->shape->type;
    const int64_t ic = g->shape->inputs, oc = g->shape->outputs;
    const ck_winograd_map *map = g->maps;
    struct tiling tiles = map_tiling(map);
    int64_t start = 0;
    for (int64_t i = begin; i < end; i++) {
        while (g->first + i >= start + tiles.count) {
            start += tiles.count;
            tiles = map_tiling(++map);
        }
        const int64_t tile = g->first + i - start;
        const void *pixels[36];
        gather(&tiles, tile, map->x, type, ic, 6, 1, pixels);
        g->k->input_tile[type](pixels, ic, g->inputs + i * PANEL, input_stride(g), panel_size(g));
        gather(&tiles, tile, map->output_gradient, type, oc, 4, 0, pixels);
        g->k->gradient_tile[type](pixels, oc, g->gradients + i * PANEL, gradient_stride(g), panel_size(g));
    }
}

// One point's product over the tiles of this round.
static void sum_points(void *context, int64_t begin, int64_t end) {
    const struct weight_gradient *g = context;
    const int64_t ic = padded(g->shape->inputs), oc = padded(g->shape->outputs);
    for (int64_t p = begin; p < end; p++)
        for (int64_t d = 0; d < g->count; d += DEPTH)
            g->products->transposed_product(
                ic, oc, min64(DEPTH, g->count - d), g->inputs + p * input_stride(g) + d * PANEL, panel_size(g),
                g->gradients + p * gradient_stride(g) + d * PANEL, panel_size(g), g->sums + p * apart(ic * oc), oc,
                g->first > 0 || d > 0);
}

// Sixteen outputs' filters of every input.
static void finish_filters(void *context, int64_t begin, int64_t end) {
    const struct weight_gradient *g = context;
    const int64_t ic = g->shape->inputs, oc = g->shape->outputs;
    const int64_t row = padded(oc), stride = apart(padded(ic) * row);
    float taps[9 * PANEL];
    for (int64_t panel = begin; panel < end; panel++)
        for (int64_t c = 0; c < ic; c++) {
            g->k->filter_gradient(g->sums + c * row + panel * PANEL, stride, taps);
            for (int64_t lane = 0; lane < min64(PANEL, oc - panel * PANEL); lane++) {
                float *to = g->weight_gradient + ((panel * PANEL + lane) * ic + c) * 9;
                for (int tap = 0; tap < 9; tap++)
                    to[tap] = g->accumulate ? to[tap] + taps[tap * PANEL + lane] : taps[tap * PANEL + lane];
            }
        }
}

void ck_winograd_weight_gradient(
    const ck_winograd_shape *s, const ck_winograd_map *maps, int64_t map_count, int accumulate, float *weight_gradient,
    float *space) {
    struct weight_gradient g = {
        .k = OF_THIS_PROCESSOR(winograd), .products = product_kernels(), .shape = s, .maps = maps,
        .total = tiles_of(maps, map_count), .accumulate = accumulate, .weight_gradient = weight_gradient, .sums = space};
    g.most = tiles_per_round(s, g.total);
    g.inputs = space + POINTS * apart(padded(s->inputs) * padded(s->outputs));
    g.gradients = g.inputs + POINTS * input_stride(&g);
    for (g.first = 0; g.first < g.total; g.first += g.most) {
        g.count = min64(g.most, g.total - g.first);
        cthreading_for(g.count, 8, transform_tiles, &g);
        cthreading_for(POINTS, 1, sum_points, &g);
    }
    cthreading_for(padded(s->outputs) / PANEL, 1, finish_filters, &g);
}
