/// Which proposals of an image are kept, and how many.
package struct ProposalFilter: Sendable, Equatable {
    /// Width over height lies in [1 / this, this]; nil for any.
    package var maximumAspectRatio: Double?
    /// Range of sqrt(box area) / sqrt(image area), both ends inside; nil for any.
    package var relativeSizes: ClosedRange<Double>?
    /// Neither width nor height is less, in pixels.
    package var minimumSide: Double
    /// A box whose intersection over union with a better one that was kept exceeds this is dropped; nil for
    /// none.
    package var overlapThreshold: Double?
    /// A box whose intersection over union with a better one exceeds this comes after all that are unlike each other, so
    /// that the first boxes of several groupings do not repeat one another; nil for the order as it is.
    package var deferralThreshold: Double?
    /// The number of best boxes to keep after all other tests; nil for all.
    package var limit: Int?

    package init(
        maximumAspectRatio: Double? = nil, relativeSizes: ClosedRange<Double>? = nil, minimumSide: Double = 0,
        overlapThreshold: Double? = nil, deferralThreshold: Double? = nil, limit: Int? = nil
    ) {
        self.maximumAspectRatio = maximumAspectRatio
        self.relativeSizes = relativeSizes
        self.minimumSide = minimumSide
        self.overlapThreshold = overlapThreshold
        self.deferralThreshold = deferralThreshold
        self.limit = limit
    }

    /// The boxes that pass, best first.
    package func callAsFunction(_ boxes: [Box], imageWidth: Int, imageHeight: Int) -> [Box] {
        let imageSide = (Double(imageWidth) * Double(imageHeight)).squareRoot()
        let most = limit ?? boxes.count
        var kept: [Box] = []
        var deferred: [Box] = []
        for box in boxes {
            if kept.count >= most { break }
            guard passes(box, imageSide: imageSide), !overlaps(box, kept, overlapThreshold) else { continue }
            if overlaps(box, kept, deferralThreshold) { deferred.append(box) } else { kept.append(box) }
        }
        return kept + deferred.prefix(most - kept.count)
    }

    private func passes(_ box: Box, imageSide: Double) -> Bool {
        let (width, height) = (Double(box.width), Double(box.height))
        guard width > 0, height > 0, width >= minimumSide, height >= minimumSide else { return false }
        if let most = maximumAspectRatio, width > most * height || height > most * width { return false }
        guard let relativeSizes else { return true }
        return relativeSizes.contains((width * height).squareRoot() / imageSide)
    }

    private func overlaps(_ box: Box, _ kept: [Box], _ threshold: Double?) -> Bool {
        guard let threshold else { return false }
        return kept.contains { Double($0.intersectionOverUnion(box)) > threshold }
    }
}
