#include "COneDNN.h"

#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>
#include <string.h>

struct cdnnl_convolution {
    cdnnl_convolution_shape shape;
    dnnl_primitive_t primitive;
    dnnl_memory_desc_t weights_md;
    int64_t layout;
    const char *implementation;
    dnnl_memory_t source, weights, bias, destination, scratch;
    size_t scratch_size;
    // Backward weights: packed gradient to OIHW, without and with adding. Forward and backward data: OIHW to packed.
    dnnl_primitive_t reorder, reorder_adding;
    dnnl_memory_t plain;
    dnnl_primitive_desc_t pd;
};

static dnnl_engine_t shared_engine;
static dnnl_stream_t shared_stream;

static dnnl_status_t prepare(void) {
    if (shared_stream) return dnnl_success;
    dnnl_status_t s = dnnl_engine_create(&shared_engine, dnnl_cpu, 0);
    if (s != dnnl_success) return s;
    return dnnl_stream_create(&shared_stream, shared_engine, dnnl_stream_default_flags);
}

// Work space of whichever primitive runs, as large as the largest has needed. Left to itself oneDNN keeps one for each
// thread that builds primitives, and crashes where another thread runs them.
static void *work_space;
static size_t work_space_size;

static dnnl_status_t reserve_work_space(size_t size) {
    if (size <= work_space_size) return dnnl_success;
    free(work_space);
    work_space = NULL;
    work_space_size = 0;
    if (posix_memalign(&work_space, 4096, size)) return dnnl_out_of_memory;
    work_space_size = size;
    return dnnl_success;
}

// Layouts seen so far, so that one packed copy of a weight serves every primitive that wants the same layout.
static dnnl_memory_desc_t *layouts;
static int64_t layout_count, layout_capacity;

static int64_t layout_number(const dnnl_memory_desc_t *md) {
    for (int64_t i = 0; i < layout_count; i++)
        if (dnnl_memory_desc_equal(&layouts[i], md)) return i;
    if (layout_count == layout_capacity) {
        const int64_t capacity = layout_capacity ? layout_capacity * 2 : 64;
        dnnl_memory_desc_t *grown = realloc(layouts, (size_t)capacity * sizeof *grown);
        if (!grown) return -1;
        layouts = grown;
        layout_capacity = capacity;
    }
    layouts[layout_count] = *md;
    return layout_count++;
}

static dnnl_data_type_t map_type(const cdnnl_convolution_shape *s) { return s->is_bfloat16 ? dnnl_bf16 : dnnl_f32; }

static dnnl_status_t nhwc(
    dnnl_memory_desc_t *md, const cdnnl_convolution_shape *s, int64_t c, int64_t h, int64_t w) {
    const dnnl_dims_t dims = {s->n, c, h, w};
    return dnnl_memory_desc_init_by_tag(md, 4, dims, map_type(s), dnnl_nhwc);
}

// OIHW in 32 bits, or whatever layout the primitive likes best of the type that it computes in.
static dnnl_status_t weights_desc(dnnl_memory_desc_t *md, const cdnnl_convolution_shape *s, int plain) {
    // A gradient of weights is added up, and given out, in 32 bits.
    const dnnl_data_type_t type = plain || s->direction == CDNNL_BACKWARD_WEIGHTS ? dnnl_f32 : map_type(s);
    if (s->groups == 1) {
        const dnnl_dims_t dims = {s->oc, s->ic, s->kh, s->kw};
        return dnnl_memory_desc_init_by_tag(md, 4, dims, type, plain ? dnnl_oihw : dnnl_format_tag_any);
    }
    const dnnl_dims_t dims = {s->groups, s->oc / s->groups, s->ic / s->groups, s->kh, s->kw};
    return dnnl_memory_desc_init_by_tag(md, 5, dims, type, plain ? dnnl_goihw : dnnl_format_tag_any);
}

static dnnl_status_t make_reorder(
    dnnl_primitive_t *out, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to, int adding) {
    dnnl_primitive_attr_t attr = NULL;
    dnnl_status_t s = dnnl_success;
    if (adding) {
        dnnl_post_ops_t ops = NULL;
        if ((s = dnnl_primitive_attr_create(&attr)) != dnnl_success) return s;
        if ((s = dnnl_post_ops_create(&ops)) == dnnl_success) {
            s = dnnl_post_ops_append_sum(ops, 1.0f);
            if (s == dnnl_success) s = dnnl_primitive_attr_set_post_ops(attr, ops);
            dnnl_post_ops_destroy(ops);
        }
    }
    dnnl_primitive_desc_t pd = NULL;
    if (s == dnnl_success)
        s = dnnl_reorder_primitive_desc_create(&pd, from, shared_engine, to, shared_engine, attr);
    if (s == dnnl_success) s = dnnl_primitive_create(out, pd);
    if (pd) dnnl_primitive_desc_destroy(pd);
    if (attr) dnnl_primitive_attr_destroy(attr);
    return s;
}

static dnnl_status_t attributes(dnnl_primitive_attr_t *attr, const cdnnl_convolution_shape *s) {
    dnnl_status_t status = dnnl_primitive_attr_create(attr);
    if (status == dnnl_success) status = dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
    if (status != dnnl_success || (!s->accumulates && s->activation == CDNNL_NONE)) return status;
    dnnl_post_ops_t ops = NULL;
    if ((status = dnnl_post_ops_create(&ops)) != dnnl_success) return status;
    if (s->accumulates) status = dnnl_post_ops_append_sum(ops, 1.0f);
    if (status == dnnl_success && s->activation == CDNNL_RELU)
        status = dnnl_post_ops_append_eltwise(ops, 1.0f, dnnl_eltwise_relu, 0, 0);
    if (status == dnnl_success && s->activation == CDNNL_RELU6)
        status = dnnl_post_ops_append_eltwise(ops, 1.0f, dnnl_eltwise_clip, 0, 6);
    if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(*attr, ops);
    dnnl_post_ops_destroy(ops);
    return status;
}

#define TRY(call)                                    \
    do {                                             \
        if ((s = (call)) != dnnl_success) goto done; \
    } while (0)

static dnnl_status_t build(cdnnl_convolution *c) {
    const cdnnl_convolution_shape *k = &c->shape;
    dnnl_memory_desc_t src, dst, any, plain, bias;
    const dnnl_dims_t strides = {k->stride, k->stride}, pad = {k->padding, k->padding}, bias_dims = {k->oc};
    // oneDNN wants the exact right padding where the stride does not divide evenly.
    const dnnl_dims_t right = {
        (k->oh - 1) * k->stride + k->kh - k->ih - k->padding, (k->ow - 1) * k->stride + k->kw - k->iw - k->padding};
    dnnl_primitive_desc_t forward = NULL;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_convolution_desc_t desc;
    dnnl_status_t s;
    TRY(prepare());
    TRY(nhwc(&src, k, k->ic, k->ih, k->iw));
    TRY(nhwc(&dst, k, k->oc, k->oh, k->ow));
    TRY(weights_desc(&any, k, 0));
    TRY(weights_desc(&plain, k, 1));
    TRY(dnnl_memory_desc_init_by_tag(&bias, 1, bias_dims, dnnl_f32, dnnl_a));
    const dnnl_memory_desc_t *b = k->has_bias ? &bias : NULL;

    TRY(attributes(&attr, k));
    if (k->direction == CDNNL_FORWARD) {
        TRY(dnnl_convolution_forward_desc_init(
            &desc, dnnl_forward_training, dnnl_convolution_direct, &src, &any, b, &dst, strides, pad, right));
        TRY(dnnl_primitive_desc_create(&c->pd, &desc, attr, shared_engine, NULL));
    } else {
        // The forward one is a hint only; its weights are of the maps' type.
        dnnl_memory_desc_t hint = any;
        hint.data_type = map_type(k);
        TRY(dnnl_convolution_forward_desc_init(
            &desc, dnnl_forward_training, dnnl_convolution_direct, &src, &hint, b, &dst, strides, pad, right));
        TRY(dnnl_primitive_desc_create(&forward, &desc, NULL, shared_engine, NULL));
        if (k->direction == CDNNL_BACKWARD_DATA)
            TRY(dnnl_convolution_backward_data_desc_init(
                &desc, dnnl_convolution_direct, &src, &any, &dst, strides, pad, right));
        else
            TRY(dnnl_convolution_backward_weights_desc_init(
                &desc, dnnl_convolution_direct, &src, &any, b, &dst, strides, pad, right));
        TRY(dnnl_primitive_desc_create(&c->pd, &desc, attr, shared_engine, forward));
    }
    c->weights_md = *dnnl_primitive_desc_query_md(
        c->pd, k->direction == CDNNL_BACKWARD_WEIGHTS ? dnnl_query_diff_weights_md : dnnl_query_weights_md, 0);
    c->layout = layout_number(&c->weights_md);
    const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(c->pd, dnnl_query_scratchpad_md, 0);
    c->scratch_size = dnnl_memory_desc_get_size(scratch);
    TRY(dnnl_memory_create(&c->scratch, scratch, shared_engine, DNNL_MEMORY_NONE));
    dnnl_primitive_desc_query(c->pd, dnnl_query_impl_info_str, 0, (void *)&c->implementation);
    TRY(dnnl_primitive_create(&c->primitive, c->pd));
    TRY(dnnl_memory_create(&c->source, &src, shared_engine, DNNL_MEMORY_NONE));
    TRY(dnnl_memory_create(&c->destination, &dst, shared_engine, DNNL_MEMORY_NONE));
    TRY(dnnl_memory_create(&c->weights, &c->weights_md, shared_engine, DNNL_MEMORY_NONE));
    TRY(dnnl_memory_create(&c->bias, &bias, shared_engine, DNNL_MEMORY_NONE));
    TRY(dnnl_memory_create(&c->plain, &plain, shared_engine, DNNL_MEMORY_NONE));
    if (k->direction == CDNNL_BACKWARD_WEIGHTS) {
        TRY(make_reorder(&c->reorder, &c->weights_md, &plain, 0));
        TRY(make_reorder(&c->reorder_adding, &c->weights_md, &plain, 1));
    } else {
        TRY(make_reorder(&c->reorder, &plain, &c->weights_md, 0));
    }
done:
    if (forward) dnnl_primitive_desc_destroy(forward);
    if (attr) dnnl_primitive_attr_destroy(attr);
    return s;
}

cdnnl_convolution *cdnnl_convolution_create(const cdnnl_convolution_shape *shape, int *status) {
    cdnnl_convolution *c = calloc(1, sizeof *c);
    if (!c) {
        *status = dnnl_out_of_memory;
        return NULL;
    }
    c->shape = *shape;
    *status = build(c);
    if (*status == dnnl_success) return c;
    cdnnl_convolution_destroy(c);
    return NULL;
}

void cdnnl_convolution_destroy(cdnnl_convolution *c) {
    if (!c) return;
    dnnl_memory_t memories[] = {c->source, c->weights, c->bias, c->destination, c->plain, c->scratch};
    for (size_t i = 0; i < sizeof memories / sizeof *memories; i++)
        if (memories[i]) dnnl_memory_destroy(memories[i]);
    dnnl_primitive_t primitives[] = {c->primitive, c->reorder, c->reorder_adding};
    for (size_t i = 0; i < sizeof primitives / sizeof *primitives; i++)
        if (primitives[i]) dnnl_primitive_destroy(primitives[i]);
    if (c->pd) dnnl_primitive_desc_destroy(c->pd);
    free(c);
}

size_t cdnnl_convolution_packed_size(const cdnnl_convolution *c) { return dnnl_memory_desc_get_size(&c->weights_md); }
int64_t cdnnl_convolution_layout(const cdnnl_convolution *c) { return c->layout; }
const char *cdnnl_convolution_implementation(const cdnnl_convolution *c) { return c->implementation; }

static dnnl_status_t point(dnnl_memory_t memory, const void *data) {
    return dnnl_memory_set_data_handle(memory, (void *)data);
}

// Runs the primitive with its arguments, of which the first is left for the work space.
static dnnl_status_t run(cdnnl_convolution *c, dnnl_exec_arg_t *args, int count) {
    dnnl_status_t s;
    TRY(reserve_work_space(c->scratch_size));
    TRY(point(c->scratch, work_space));
    args[0] = (dnnl_exec_arg_t){DNNL_ARG_SCRATCHPAD, c->scratch};
    TRY(dnnl_primitive_execute(c->primitive, shared_stream, count, args));
    TRY(dnnl_stream_wait(shared_stream));
done:
    return s;
}

static dnnl_status_t run_reorder(dnnl_primitive_t reorder, dnnl_memory_t from, dnnl_memory_t to) {
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    dnnl_status_t s = dnnl_primitive_execute(reorder, shared_stream, 2, args);
    return s == dnnl_success ? dnnl_stream_wait(shared_stream) : s;
}

int cdnnl_convolution_pack(cdnnl_convolution *c, const float *weights, void *packed) {
    dnnl_status_t s;
    TRY(point(c->plain, weights));
    TRY(point(c->weights, packed));
    TRY(run_reorder(c->reorder, c->plain, c->weights));
done:
    return s;
}

int cdnnl_convolution_forward(
    cdnnl_convolution *c, const void *source, const void *packed, const float *bias, void *destination) {
    dnnl_status_t s;
    TRY(point(c->source, source));
    TRY(point(c->weights, packed));
    TRY(point(c->destination, destination));
    if (c->shape.has_bias) TRY(point(c->bias, bias));
    dnnl_exec_arg_t args[] = {
        {0}, {DNNL_ARG_SRC, c->source}, {DNNL_ARG_WEIGHTS, c->weights}, {DNNL_ARG_DST, c->destination},
        {DNNL_ARG_BIAS, c->bias}};
    TRY(run(c, args, c->shape.has_bias ? 5 : 4));
done:
    return s;
}

int cdnnl_convolution_backward_data(
    cdnnl_convolution *c, const void *output_gradient, const void *packed, void *source_gradient) {
    dnnl_status_t s;
    TRY(point(c->destination, output_gradient));
    TRY(point(c->weights, packed));
    TRY(point(c->source, source_gradient));
    dnnl_exec_arg_t args[] = {
        {0}, {DNNL_ARG_DIFF_DST, c->destination}, {DNNL_ARG_WEIGHTS, c->weights}, {DNNL_ARG_DIFF_SRC, c->source}};
    TRY(run(c, args, 4));
done:
    return s;
}

int cdnnl_convolution_backward_weights(
    cdnnl_convolution *c, const void *source, const void *output_gradient, void *workspace, float *weight_gradient,
    int accumulate) {
    dnnl_status_t s;
    TRY(point(c->source, source));
    TRY(point(c->destination, output_gradient));
    TRY(point(c->weights, workspace));
    dnnl_exec_arg_t args[] = {
        {0}, {DNNL_ARG_SRC, c->source}, {DNNL_ARG_DIFF_DST, c->destination}, {DNNL_ARG_DIFF_WEIGHTS, c->weights}};
    TRY(run(c, args, 4));
    TRY(point(c->plain, weight_gradient));
    TRY(run_reorder(accumulate ? c->reorder_adding : c->reorder, c->weights, c->plain));
done:
    return s;
}

int cdnnl_sgemm(
    int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
    const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
    return dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

// Products of bfloat16 matrices, built for sizes that are told when they run, one for each way to lay out and to scale.
typedef struct {
    int transpose_a, transpose_b, accumulate;
    float alpha;
    dnnl_primitive_t primitive;
    dnnl_primitive_desc_t pd;
} product;
static product products[64];
static int product_count;

static dnnl_status_t matrix(
    dnnl_memory_desc_t *md, int64_t rows, int64_t columns, int64_t row_stride, int64_t column_stride,
    dnnl_data_type_t type) {
    const dnnl_dims_t dims = {rows, columns}, strides = {row_stride, column_stride};
    return dnnl_memory_desc_init_by_strides(md, 2, dims, type, strides);
}

static dnnl_status_t build_product(product *p) {
    const int64_t any = DNNL_RUNTIME_DIM_VAL;
    dnnl_memory_desc_t a, b, c;
    dnnl_matmul_desc_t desc;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t s;
    TRY(prepare());
    TRY(matrix(&a, any, any, p->transpose_a ? 1 : any, p->transpose_a ? any : 1, dnnl_bf16));
    TRY(matrix(&b, any, any, p->transpose_b ? 1 : any, p->transpose_b ? any : 1, dnnl_bf16));
    TRY(matrix(&c, any, any, any, 1, dnnl_f32));
    TRY(dnnl_primitive_attr_create(&attr));
    if (p->alpha != 1) TRY(dnnl_primitive_attr_set_output_scales(attr, 1, 0, &p->alpha));
    if (p->accumulate) {
        TRY(dnnl_post_ops_create(&ops));
        TRY(dnnl_post_ops_append_sum(ops, 1.0f));
        TRY(dnnl_primitive_attr_set_post_ops(attr, ops));
    }
    TRY(dnnl_matmul_desc_init(&desc, &a, &b, NULL, &c));
    TRY(dnnl_primitive_desc_create(&p->pd, &desc, attr, shared_engine, NULL));
    TRY(dnnl_primitive_create(&p->primitive, p->pd));
done:
    if (ops) dnnl_post_ops_destroy(ops);
    if (attr) dnnl_primitive_attr_destroy(attr);
    return s;
}

static product *find_product(int transpose_a, int transpose_b, float alpha, int accumulate, dnnl_status_t *status) {
    *status = dnnl_success;
    for (int i = 0; i < product_count; i++) {
        product *p = &products[i];
        if (p->transpose_a == transpose_a && p->transpose_b == transpose_b && p->accumulate == accumulate &&
            p->alpha == alpha)
            return p;
    }
    // More scales than a program has are a caller that computes them: the oldest goes.
    const int place = product_count < 64 ? product_count++ : 0;
    product *p = &products[place];
    if (p->primitive) dnnl_primitive_destroy(p->primitive);
    if (p->pd) dnnl_primitive_desc_destroy(p->pd);
    *p = (product){transpose_a, transpose_b, accumulate, alpha, NULL, NULL};
    *status = build_product(p);
    return *status == dnnl_success ? p : NULL;
}

int cdnnl_bgemm(
    int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha, const void *a, int64_t lda,
    const void *b, int64_t ldb, int accumulate, float *c, int64_t ldc) {
    dnnl_status_t s;
    product *p = find_product(transpose_a, transpose_b, alpha, accumulate, &s);
    if (!p) return s;
    dnnl_memory_desc_t descs[3];
    dnnl_memory_t memories[3] = {NULL, NULL, NULL};
    const void *const data[3] = {a, b, c};
    TRY(matrix(&descs[0], m, k, transpose_a ? 1 : lda, transpose_a ? lda : 1, dnnl_bf16));
    TRY(matrix(&descs[1], k, n, transpose_b ? 1 : ldb, transpose_b ? ldb : 1, dnnl_bf16));
    TRY(matrix(&descs[2], m, n, ldc, 1, dnnl_f32));
    for (int i = 0; i < 3; i++) TRY(dnnl_memory_create(&memories[i], &descs[i], shared_engine, (void *)data[i]));
    const dnnl_exec_arg_t args[] = {
        {DNNL_ARG_SRC, memories[0]}, {DNNL_ARG_WEIGHTS, memories[1]}, {DNNL_ARG_DST, memories[2]}};
    TRY(dnnl_primitive_execute(p->primitive, shared_stream, 3, args));
    TRY(dnnl_stream_wait(shared_stream));
done:
    for (int i = 0; i < 3; i++)
        if (memories[i]) dnnl_memory_destroy(memories[i]);
    return s;
}

const char *cdnnl_status_text(int status) {
    switch (status) {
        case dnnl_success: return "success";
        case dnnl_out_of_memory: return "out of memory";
        case dnnl_invalid_arguments: return "invalid arguments";
        case dnnl_unimplemented: return "unimplemented";
        default: return "runtime error";
    }
}

void cdnnl_version(int *major, int *minor, int *patch) {
    const dnnl_version_t *v = dnnl_version();
    *major = v->major;
    *minor = v->minor;
    *patch = v->patch;
}

int cdnnl_computes_bfloat16(void) {
    // Each set's bits include those of the sets it builds on.
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
}

int cdnnl_multiplies_tiles(void) {
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_amx) == dnnl_cpu_isa_avx512_core_amx;
}

const char *cdnnl_instruction_set(void) {
    switch (dnnl_get_effective_cpu_isa()) {
        case dnnl_cpu_isa_sse41: return "SSE4.1";
        case dnnl_cpu_isa_avx: return "AVX";
        case dnnl_cpu_isa_avx2: return "AVX2";
        case dnnl_cpu_isa_avx2_vnni: return "AVX2-VNNI";
        case dnnl_cpu_isa_avx512_core: return "AVX-512";
        case dnnl_cpu_isa_avx512_core_vnni: return "AVX-512-VNNI";
        case dnnl_cpu_isa_avx512_core_bf16: return "AVX-512-BF16";
        case dnnl_cpu_isa_avx512_core_amx: return "AMX";
        default: return "unnamed";
    }
}
