import DetectionData

extension EvaluationSummary {
    /// Everything at full precision as a JSON object; undefined figures are -1 in `metrics` and null by
    /// category.
    package func json() -> [UInt8] {
        var writer = JSONWriter(reservingByteCount: 4096 + 128 * perCategory.count)
        writer.beginObject()
        writer.key("protocol")
        writer.value("\(parameters.style.rawValue) \(parameters.kind.rawValue)")
        writer.key("metrics")
        writer.beginObject()
        for metric in metrics {
            writer.key(text: metric.name)
            writer.value(metric.value)
        }
        writer.endObject()
        writer.key("per_category")
        writer.beginArray()
        for category in perCategory { category.write(to: &writer) }
        writer.endArray()
        writer.key("counts")
        counts.write(to: &writer)
        writer.key("parameters")
        parameters.write(to: &writer)
        writer.endObject()
        return writer.bytes
    }
}

extension EvaluationSummary.CategoryScore {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("id")
        writer.value(id)
        writer.key("name")
        writer.value(name)
        for (key, score) in [("AP", ap), ("AP50", ap50), ("AP75", ap75)] {
            writer.key(text: key)
            if let score { writer.value(score) } else { writer.null() }
        }
        writer.endObject()
    }
}

extension EvaluationSummary.Counts {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.beginObject()
        for (key, count) in [
            ("images", images), ("annotations", annotations), ("detections", detections),
            ("dropped_annotations", droppedAnnotations), ("dropped_unknown_image", droppedUnknownImage),
            ("dropped_unknown_category", droppedUnknownCategory), ("dropped_malformed", droppedMalformed),
        ] {
            writer.key(text: key)
            writer.value(count)
        }
        writer.endObject()
    }
}

extension EvaluationParameters {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("iou_thresholds")
        writer.values(iouThresholds)
        writer.key("recall_points")
        writer.values(recallPoints)
        writer.key("area_ranges")
        writer.beginObject()
        for range in areaRanges {
            writer.key(text: range.name)
            // VOC's only bin is open, which JSON has no number for.
            if range.lower.isFinite { writer.values([range.lower, range.upper]) } else { writer.null() }
        }
        writer.endObject()
        writer.key("max_detections")
        writer.beginArray()
        for limit in maxDetections { writer.value(limit) }
        writer.endArray()
        writer.key("uses_categories")
        writer.value(usesCategories)
        for (key, ids) in [("image_ids", imageIDs), ("category_ids", categoryIDs)] {
            writer.key(text: key)
            guard let ids else {
                writer.null()
                continue
            }
            writer.beginArray()
            for id in ids { writer.value(id) }
            writer.endArray()
        }
        writer.key("treats_id_zero_as_unmatched")
        writer.value(treatsIDZeroAsUnmatched)
        writer.key("rounds_as_detectron2")
        writer.value(roundsAsDetectron2)
        writer.endObject()
    }
}
