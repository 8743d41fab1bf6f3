#pragma once
#include <stdint.h>

/// What an array holds: 32-bit floats, or their upper halves. Kernels compute and add up in 32 bits or more either way.
enum { CK_FLOAT32 = 0, CK_BFLOAT16 = 1 };

/// to[i] = from[i] in another type, rounded to the nearest, ties to even.
void ck_convert(int64_t count, int32_t from_type, const void *from, int32_t to_type, void *to);
