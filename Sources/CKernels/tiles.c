#include "CKernelsTiles.h"

#include "kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TILES __attribute__((target("arch=x86-64-v4,amx-tile,amx-bf16")))

// A panel is 32 lines of a matrix. It lies as steps of 32 numbers of depth; a step is [part 3][half 2] tiles; a tile is 16
// rows of 16 pairs, a pair the numbers k and k + 16 of the step. Of the left matrix a tile's row is a line, of the right one a
// column is.
enum { SIDE = 16, LINES = 32, TILE = SIDE * 64, STEP = 6 * TILE };

enum {
    // Depth of the sums that tiles hold, a multiple of a step's.
    SPAN = 512,
    // Lines of the streamed matrix that a thread packs at a time: with panels as deep as a span, 800 KB of a second-level
    // cache of 2 MB.
    BLOCK = 256,
    // Depth for which the held matrix is packed at a time.
    ROUND = 4096,
};

INLINE int64_t pieces(int64_t count, int64_t size) { return (count + size - 1) / size; }
// A step is as deep as a panel has lines.
INLINE int64_t panel_bytes(int64_t depth) { return pieces(depth, LINES) * STEP; }

// Transposes 16x16 words.
TILES INLINE void transpose(__m512i r[16]) {
    __m512i t[16];
    UNROLL for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    UNROLL for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    // Now r[4 g + j] holds column 4 q + j of rows 4 g ... 4 g + 3 in its quarter q.
    UNROLL for (int j = 0; j < 4; j++) {
        const __m512i low = _mm512_shuffle_i32x4(r[j], r[4 + j], 0x88), high = _mm512_shuffle_i32x4(r[j], r[4 + j], 0xdd);
        const __m512i low2 = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0x88);
        const __m512i high2 = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0xdd);
        t[j] = _mm512_shuffle_i32x4(low, low2, 0x88);
        t[8 + j] = _mm512_shuffle_i32x4(low, low2, 0xdd);
        t[4 + j] = _mm512_shuffle_i32x4(high, high2, 0x88);
        t[12 + j] = _mm512_shuffle_i32x4(high, high2, 0xdd);
    }
    UNROLL for (int i = 0; i < 16; i++) r[i] = t[i];
}

// The bfloat16 number nearest to each float, as a float; of two equally near ones that of larger magnitude.
TILES INLINE __m512i nearest(__m512i x) {
    return _mm512_and_si512(_mm512_add_epi32(x, _mm512_set1_epi32(0x8000)), _mm512_set1_epi32((int)0xffff0000));
}
TILES INLINE __m512i less(__m512i x, __m512i part) {
    return _mm512_castps_si512(_mm512_sub_ps(_mm512_castsi512_ps(x), _mm512_castsi512_ps(part)));
}
TILES INLINE __m512i pair(__m512i first, __m512i second) {
    return _mm512_mask_blend_epi16(0xaaaaaaaa, _mm512_srli_epi32(first, 16), second);
}

// One row of a tile in its three parts.
TILES INLINE void store_parts(__m512i first, __m512i second, char *to) {
    UNROLL for (int part = 0; part < 2; part++) {
        const __m512i f = nearest(first), s = nearest(second);
        _mm512_store_si512(to + part * 2 * TILE, pair(f, s));
        first = less(first, f);
        second = less(second, s);
    }
    _mm512_store_si512(to + 4 * TILE, pair(first, second));
}

// One step of 16 lines, at `from`, into the tiles at `to`.
TILES INLINE void pack_half(const float *from, int64_t step, const int lies_in_lines, const int transposes, char *to) {
    const float *second = from + (lies_in_lines ? SIDE : SIDE * step);
    if (!transposes) {
        for (int i = 0; i < SIDE; i++)
            store_parts(_mm512_loadu_si512(from + i * step), _mm512_loadu_si512(second + i * step), to + i * 64);
        return;
    }
    __m512i x[16], words[16];
    UNROLL for (int i = 0; i < SIDE; i++) x[i] = _mm512_loadu_si512(from + i * step);
    transpose(x);
    UNROLL for (int i = 0; i < SIDE; i++) _mm512_store_si512(&words[i], x[i]);
    UNROLL for (int i = 0; i < SIDE; i++) x[i] = _mm512_loadu_si512(second + i * step);
    transpose(x);
    UNROLL for (int i = 0; i < SIDE; i++) store_parts(_mm512_load_si512(&words[i]), x[i], to + i * 64);
}

// One step of a panel of up to 32 lines and numbers; what lacks is 0.
TILES INLINE void pack_step(
    const float *from, int64_t step, const int lies_in_lines, const int transposes, int64_t lines, int64_t depth,
    char *to) {
    float full[LINES * LINES];
    if (lines < LINES || depth < LINES) {
        const int64_t rows = lies_in_lines ? lines : depth, columns = lies_in_lines ? depth : lines;
        memset(full, 0, sizeof full);
        for (int64_t i = 0; i < rows; i++) memcpy(full + i * LINES, from + i * step, (size_t)columns * 4);
        from = full;
        step = LINES;
    }
    pack_half(from, step, lies_in_lines, transposes, to);
    pack_half(from + SIDE * (lies_in_lines ? step : 1), step, lies_in_lines, transposes, to + TILE);
}

// `lines` lines of a matrix from `first` on, `depth` numbers from `start` on, into panels.
TILES INLINE void pack_typed(
    const ck_tiles_matrix *x, const int lies_in_lines, const int is_left, int64_t first, int64_t lines, int64_t start,
    int64_t depth, char *to) {
    const int64_t panel = panel_bytes(depth);
    // Inner loops go along memory.
    const int64_t outer = lies_in_lines ? lines : depth, inner = lies_in_lines ? depth : lines;
    for (int64_t o = 0; o < outer; o += LINES)
        for (int64_t i = 0; i < inner; i += LINES) {
            const int64_t line = lies_in_lines ? o : i, number = lies_in_lines ? i : o;
            const float *from = lies_in_lines ? x->data + (first + line) * x->step + start + number
                                              : x->data + (start + number) * x->step + first + line;
            pack_step(
                from, x->step, lies_in_lines, lies_in_lines != is_left, min64(LINES, lines - line),
                min64(LINES, depth - number), to + line / LINES * panel + number / LINES * STEP);
        }
}

TILES static void pack(
    const ck_tiles_matrix *x, int is_left, int64_t first, int64_t lines, int64_t start, int64_t depth, char *to) {
    if (x->lies_in_lines)
        is_left ? pack_typed(x, 1, 1, first, lines, start, depth, to) : pack_typed(x, 1, 0, first, lines, start, depth, to);
    else
        is_left ? pack_typed(x, 0, 1, first, lines, start, depth, to) : pack_typed(x, 0, 0, first, lines, start, depth, to);
}

TILES static void begin_tiles(void) {
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } shapes = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        shapes.row_bytes[i] = 64;
        shapes.rows[i] = SIDE;
    }
    _tile_loadconfig(&shapes);
}

// Beside a busy hardware thread of its core, a thread's tile instructions take 1.5 times as long when one directly follows
// the other as with eight instructions between them (Emerald Rapids; alone it makes no difference). Between any two stand
// prefetches, and what does nothing.
#define APART(prefetched, lines)                                                                          \
    UNROLL for (int line = 0; line < lines; line++) _mm_prefetch((prefetched) + line * 64, _MM_HINT_T0); \
    __asm__ volatile(".rept 4\n\tnop\n\t.endr")

// A step has 32 tile instructions and 192 lines: each brings six lines of the next step into the first-level cache.
#define NEXT(i) APART(((i) < 16 ? left : right) + STEP + (i) % 16 * 6 * 64, 6)
// The same where the first parts alone are multiplied: eight instructions and 64 lines.
#define NEXT_FIRST(i) APART(((i) < 4 ? left : right) + STEP + (i) % 4 * 8 * 64, 8)

#define LOAD(tile, from, apart)   \
    _tile_loadd(tile, from, 64);  \
    apart
#define MULTIPLY(sums, x, y, apart) \
    _tile_dpbf16ps(sums, x, y);     \
    apart

// The product of two panels, `steps` deep, [32, 32]. Small terms first, so that they are not rounded beside large ones. A
// tile is loaded as soon as its register is free.
// `next`: an eighth of a panel that will be read soon, brought into the second-level cache meanwhile, as is the place of the
// result, rows of `c_row` bytes.
TILES static void multiply_panels(
    const char *left, const char *right, int64_t steps, float *sums, const char *next, const char *c, int64_t c_row) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int64_t s = 0; s < steps; s++, left += STEP, right += STEP) {
        UNROLL for (int line = 0; line < 12; line++) _mm_prefetch(next + (s * 12 + line) * 64, _MM_HINT_T1);
        if (s < 8) UNROLL for (int row = 0; row < 4; row++) {
            __builtin_prefetch(c + (s * 4 + row) * c_row, 1);
            __builtin_prefetch(c + (s * 4 + row) * c_row + 64, 1);
        }
        LOAD(4, left, NEXT(0));
        LOAD(6, right + 4 * TILE, NEXT(1));
        MULTIPLY(0, 4, 6, NEXT(2));
        LOAD(7, right + 5 * TILE, NEXT(3));
        MULTIPLY(1, 4, 7, NEXT(4));
        LOAD(5, left + TILE, NEXT(5));
        MULTIPLY(2, 5, 6, NEXT(6));
        LOAD(6, right + 2 * TILE, NEXT(7));
        MULTIPLY(3, 5, 7, NEXT(8));
        MULTIPLY(0, 4, 6, NEXT(9));
        LOAD(7, right + 3 * TILE, NEXT(10));
        MULTIPLY(2, 5, 6, NEXT(11));
        MULTIPLY(1, 4, 7, NEXT(12));
        LOAD(4, left + 2 * TILE, NEXT(13));
        MULTIPLY(3, 5, 7, NEXT(14));
        MULTIPLY(0, 4, 6, NEXT(15));
        LOAD(5, left + 3 * TILE, NEXT(16));
        MULTIPLY(1, 4, 7, NEXT(17));
        MULTIPLY(2, 5, 6, NEXT(18));
        LOAD(6, right, NEXT(19));
        MULTIPLY(3, 5, 7, NEXT(20));
        MULTIPLY(0, 4, 6, NEXT(21));
        LOAD(7, right + TILE, NEXT(22));
        MULTIPLY(2, 5, 6, NEXT(23));
        MULTIPLY(1, 4, 7, NEXT(24));
        LOAD(4, left + 4 * TILE, NEXT(25));
        MULTIPLY(3, 5, 7, NEXT(26));
        MULTIPLY(0, 4, 6, NEXT(27));
        LOAD(5, left + 5 * TILE, NEXT(28));
        MULTIPLY(1, 4, 7, NEXT(29));
        MULTIPLY(2, 5, 6, NEXT(30));
        MULTIPLY(3, 5, 7, NEXT(31));
    }
    left -= steps * STEP;
    right -= steps * STEP;
    for (int64_t s = 0; s < steps; s++, left += STEP, right += STEP) {
        LOAD(4, left, NEXT_FIRST(0));
        LOAD(6, right, NEXT_FIRST(1));
        MULTIPLY(0, 4, 6, NEXT_FIRST(2));
        LOAD(7, right + TILE, NEXT_FIRST(3));
        MULTIPLY(1, 4, 7, NEXT_FIRST(4));
        LOAD(5, left + TILE, NEXT_FIRST(5));
        MULTIPLY(2, 5, 6, NEXT_FIRST(6));
        MULTIPLY(3, 5, 7, NEXT_FIRST(7));
    }
    _tile_stored(0, sums, LINES * 4);
    _tile_stored(1, sums + SIDE, LINES * 4);
    _tile_stored(2, sums + SIDE * LINES, LINES * 4);
    _tile_stored(3, sums + SIDE * LINES + SIDE, LINES * 4);
}

struct product {
    const ck_tiles_product_shape *shape;
    // The held matrix is packed for all threads, the streamed one by each for itself, block by block.
    int streams_left;
    int64_t held_lines, streamed_lines, block, blocks, team;
    char *held, *streamed;
    int64_t streamed_each;
    // This round's; blocks are taken one by one, since cores are not equally fast.
    int64_t start, depth, taken;
};

// Adds the sums of a block of up to 32 by 32 to c; `last`: nothing more will be added.
TILES INLINE void add_sums(
    const ck_tiles_product_shape *p, const float *sums, int64_t row, int64_t column, int adds, int last) {
    const int64_t rows = min64(LINES, p->m - row), columns = min64(LINES, p->n - column);
    const __m512 low = _mm512_set1_ps(p->rectifies && last ? 0 : -INFINITY);
    const __m512 high = _mm512_set1_ps(p->rectifies && last ? p->ceiling : INFINITY);
    for (int64_t j = 0; j < columns; j += SIDE) {
        const __mmask16 some = (__mmask16)((1u << min64(SIDE, columns - j)) - 1);
        const __m512 bias = last && p->bias ? _mm512_maskz_loadu_ps(some, p->bias + column + j) : _mm512_setzero_ps();
        for (int64_t r = 0; r < rows; r++) {
            float *to = p->c + (row + r) * p->c_row + column + j;
            __m512 v = _mm512_load_ps(sums + r * LINES + j);
            if (adds) v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(some, to));
            v = _mm512_add_ps(v, bias);
            // In this order a NaN stays.
            v = _mm512_min_ps(high, _mm512_max_ps(low, v));
            _mm512_mask_storeu_ps(to, some, v);
        }
    }
}

TILES static void multiply_block(const struct product *p, int64_t first, char *own) {
    const ck_tiles_product_shape *s = p->shape;
    const int64_t lines = min64(p->block, p->streamed_lines - first), held_panel = panel_bytes(p->depth);
    _Alignas(64) float sums[LINES * LINES];
    for (int64_t d = 0; d < p->depth; d += SPAN) {
        const int64_t depth = min64(SPAN, p->depth - d), panel = panel_bytes(depth);
        const int last = p->start + d + depth == s->depth, adds = s->accumulates || p->start + d > 0;
        pack(p->streams_left ? &s->a : &s->b, p->streams_left, first, lines, p->start + d, depth, own);
        for (int64_t h = 0; h < p->held_lines; h += LINES) {
            const char *held = p->held + h / LINES * held_panel + d / LINES * STEP;
            for (int64_t i = 0; i < lines; i += LINES) {
                const char *streamed = own + i / LINES * panel;
                const int64_t row = p->streams_left ? first + i : h, column = p->streams_left ? h : first + i;
                multiply_panels(
                    p->streams_left ? streamed : held, p->streams_left ? held : streamed, panel / STEP, sums,
                    held + held_panel + i / LINES * (panel / 8), (const char *)(s->c + row * s->c_row + column),
                    s->c_row * 4);
                add_sums(s, sums, row, column, adds, last);
            }
        }
    }
}

TILES static void multiply_members(void *context, int64_t begin, int64_t end) {
    struct product *p = context;
    begin_tiles();
    for (int64_t member = begin; member < end; member++)
        for (int64_t block; (block = __atomic_fetch_add(&p->taken, 1, __ATOMIC_RELAXED)) < p->blocks;)
            multiply_block(p, block * p->block, p->streamed + member * p->streamed_each);
    _tile_release();
}

TILES static void pack_held(void *context, int64_t begin, int64_t end) {
    const struct product *p = context;
    for (int64_t panel = begin; panel < end; panel++)
        pack(
            p->streams_left ? &p->shape->b : &p->shape->a, !p->streams_left, panel * LINES,
            min64(LINES, p->held_lines - panel * LINES), p->start, p->depth, p->held + panel * panel_bytes(p->depth));
}

static struct product plan(int64_t m, int64_t n, int64_t depth) {
    struct product p = {.streams_left = m >= n, .held_lines = min64(m, n), .streamed_lines = max64(m, n)};
    const int64_t panels = pieces(p.streamed_lines, LINES);
    p.team = min64(cthreading_thread_count(), panels);
    p.block = min64(BLOCK / LINES, pieces(panels, p.team)) * LINES;
    p.blocks = pieces(p.streamed_lines, p.block);
    p.streamed_each = p.block / LINES * panel_bytes(min64(depth, SPAN));
    return p;
}

static int64_t held_bytes(const struct product *p, int64_t depth) {
    return pieces(p->held_lines, LINES) * panel_bytes(min64(depth, ROUND));
}

int64_t ck_tiles_space(int64_t m, int64_t n, int64_t depth) {
    const struct product p = plan(m, n, depth);
    return held_bytes(&p, depth) + p.team * p.streamed_each;
}

void ck_tiles_product(const ck_tiles_product_shape *shape, void *space) {
    struct product p = plan(shape->m, shape->n, shape->depth);
    p.shape = shape;
    p.held = space;
    p.streamed = p.held + held_bytes(&p, shape->depth);
    for (p.start = 0; p.start < shape->depth; p.start += ROUND) {
        p.depth = min64(ROUND, shape->depth - p.start);
        p.taken = 0;
        cthreading_for(pieces(p.held_lines, LINES), 1, pack_held, &p);
        cthreading_for(p.team, 1, multiply_members, &p);
    }
}

// Linux's arch_prctl: the process asks for the tiles' state, which is large, before it uses them.
enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };

int ck_tiles_available(void) {
    return __builtin_cpu_supports("amx-bf16") && __builtin_cpu_supports("x86-64-v4") &&
           syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}
#else
int ck_tiles_available(void) { return 0; }
int64_t ck_tiles_space(int64_t m, int64_t n, int64_t depth) { return 0; }
void ck_tiles_product(const ck_tiles_product_shape *shape, void *space) {}
#endif
