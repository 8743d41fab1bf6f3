#pragma once
#include <stdint.h>

/// Greedy suppression: of the boxes of a group, in order, one goes where its intersection over union with an earlier
/// one that stayed is above `threshold`.
/// - box [count, 4]: x1 y1 x2 y2, best first in each group; start [groups + 1]: where each group begins.
/// - limit: survivors of a group beyond this many are dropped.
/// - kept [count]: gets each group's survivors, ascending, from the group's start on; kept_count [groups]: how many.
void ck_suppress(
    int64_t groups, const int64_t *start, const float *box, double threshold, int64_t limit, int32_t *kept,
    int64_t *kept_count);
