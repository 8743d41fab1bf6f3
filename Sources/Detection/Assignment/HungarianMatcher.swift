internal import NN
internal import Tensors

/// Pairs the queries of one image with its objects, one to one, at the least cost in all.
/// - Source: Carion et al. 2020, section 3.1; costs as facebookresearch/detr's `HungarianMatcher`.
package struct HungarianMatcher: Sendable {
    package struct Pair: Sendable, Equatable {
        package let query: Int
        package let object: Int
    }

    /// Factors of -p(class), of the boxes' absolute differences, and of -GIoU.
    package let classWeight: Float
    package let boxWeight: Float
    package let overlapWeight: Float

    package init(classWeight: Float, boxWeight: Float, overlapWeight: Float) {
        (self.classWeight, self.boxWeight, self.overlapWeight) = (classWeight, boxWeight, overlapWeight)
    }

    /// - probabilities: [Q, K + 1]; boxes: [Q, 4], centre and size as shares of the picture.
    /// - labels: one per object, a column of `probabilities`.
    /// - Returns: min(Q, objects) pairs by ascending query.
    /// - Throws: where a cost is infinite or not a number.
    func match(
        probabilities: Tensor, boxes: Tensor, objects: [NormalizedBox], labels: [Int32]
    ) throws(AssignmentError) -> [Pair] {
        precondition(objects.count == labels.count, "\(objects.count) boxes, \(labels.count) labels")
        let (queryCount, classCount) = (boxes.rowCount, probabilities.channelCount)
        for label in labels {
            precondition(label >= 0 && label < classCount, "label \(label) of \(classCount)")
        }
        var costs: [Double] = []
        costs.reserveCapacity(queryCount * objects.count)
        for query in 0..<queryCount {
            let predicted = NormalizedBox(boxes.floats + 4 * query)
            let p = probabilities.floats + classCount * query
            for (object, label) in zip(objects, labels) {
                let distance =
                    abs(predicted.centreX - object.centreX) + abs(predicted.centreY - object.centreY)
                    + abs(predicted.width - object.width) + abs(predicted.height - object.height)
                costs.append(
                    Double(
                        boxWeight * distance - classWeight * p[Int(label)]
                            - overlapWeight * predicted.generalizedIoU(object)))
            }
        }
        let pairs = try LinearAssignment.solve(costs, rowCount: queryCount, columnCount: objects.count)
        return pairs.map { Pair(query: $0.row, object: $0.column) }
    }
}
