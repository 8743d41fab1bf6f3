// Includes the file KERNELS, whose kernels spell out their registers, once for each instruction set. What such a file may
// use:
//   NAME(x)   x with the set's name behind it
//   VECTOR    floats in a register, V; M is a mask of as many
//   ROWS      rows of a product's register block
//   PANELS    16-column panels of a product's register block
// OF_THIS_PROCESSOR(table) then points to the table that this processor can run.

#define NAME_(a, b) a##_##b
#define NAME__(a, b) NAME_(a, b)
#define NAME(a) NAME__(a, ISA)
#define V NAME(vector)
#define M NAME(mask)

#define ISA baseline
#define VECTOR 4
#define ROWS 2
#define PANELS 1
#include "vectors.h"
#include KERNELS
#undef ISA
#undef VECTOR
#undef ROWS
#undef PANELS

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#define ISA avx2
#define VECTOR 8
#define ROWS 6
#define PANELS 1
#include "vectors.h"
#include KERNELS
#undef ISA
#undef VECTOR
#undef ROWS
#undef PANELS
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"))), apply_to = function)
#define ISA avx512
#define VECTOR 16
#define ROWS 12
#define PANELS 2
#include "vectors.h"
#include KERNELS
#undef ISA
#undef VECTOR
#undef ROWS
#undef PANELS
#pragma clang attribute pop

#define OF_THIS_PROCESSOR(table)                                                    \
    (__builtin_cpu_supports("x86-64-v4")   ? &NAME_(table, avx512)                  \
     : __builtin_cpu_supports("x86-64-v3") ? &NAME_(table, avx2)                    \
                                           : &NAME_(table, baseline))
#else
#define OF_THIS_PROCESSOR(table) (&NAME_(table, baseline))
#endif
