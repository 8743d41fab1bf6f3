#pragma once
#include "CMPI.h"

static inline int64_t byteSize(enum cmpi_type type) {
    switch (type) {
    case CMPI_BYTE: return 1;
    case CMPI_FLOAT: return 4;
    case CMPI_DOUBLE: return 8;
    case CMPI_INT64: return 8;
    }
    return 0;
}
