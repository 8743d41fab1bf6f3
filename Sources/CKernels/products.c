#include "products.h"

#include "kernel.h"

#define KERNELS "product_kernels.h"
#include "instruction_sets.h"

const struct product_kernels *product_kernels(void) { return OF_THIS_PROCESSOR(products); }
